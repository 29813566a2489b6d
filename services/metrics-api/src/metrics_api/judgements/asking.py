"""Having targets judged, in the transaction that sets or changes one."""

from datetime import timedelta
from typing import Final

from shared.kit import clock
from shared.kit.database import Session
from shared.kit.jobs import bring_forward

JUDGE_JOB: Final = "judge_targets"
LANE: Final = "trends"
SETTLED_AFTER = timedelta(seconds=1)  # many targets, one look


async def ask_for_judgements(session: Session) -> None:
    """Have what is due judged soon, and not only when the schedule comes round; call it last."""
    await bring_forward(session, JUDGE_JOB, run_at=clock.now() + SETTLED_AFTER, lane=LANE)
