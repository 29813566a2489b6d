"""Having targets judged, in the transaction that sets or changes one."""

from datetime import timedelta
from typing import Final

from shared.kit import clock
from shared.kit.database import Session
from shared.kit.jobs import enqueue

JUDGE_JOB: Final = "judge_targets"
LANE: Final = "trends"
SETTLED_AFTER = timedelta(seconds=1)  # many targets, one look
_LOCK: Final = f"cron:{JUDGE_JOB}"


async def ask_for_judgements(session: Session) -> None:
    """Have what is due judged soon, and not only when the schedule comes round; call it last."""
    await enqueue(
        session,
        JUDGE_JOB,
        {},
        lock=_LOCK,
        queueing_lock=_LOCK,
        run_at=clock.now() + SETTLED_AFTER,
        lane=LANE,
    )
