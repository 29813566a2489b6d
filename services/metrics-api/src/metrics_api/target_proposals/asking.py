"""Having targets proposed, once there are new judgements."""

from typing import Final

from shared.kit.database import Session
from shared.kit.jobs import bring_forward

PROPOSE_JOB: Final = "propose_targets"
LANE: Final = "trends"


async def ask_for_proposals(session: Session) -> None:
    """Have harder targets proposed where they are due; call it last."""
    await bring_forward(session, PROPOSE_JOB, lane=LANE)
