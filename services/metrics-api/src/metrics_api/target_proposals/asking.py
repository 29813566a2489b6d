"""Having targets proposed, once there are new judgements."""

from typing import Final

from shared.kit.database import Session
from shared.kit.jobs import enqueue

PROPOSE_JOB: Final = "propose_targets"
LANE: Final = "trends"
_LOCK: Final = f"cron:{PROPOSE_JOB}"


async def ask_for_proposals(session: Session) -> None:
    """Have harder targets proposed where they are due; call it last."""
    await enqueue(session, PROPOSE_JOB, {}, lock=_LOCK, queueing_lock=_LOCK, lane=LANE)
