"""Having copies refreshed, in the transaction that learns that they are old."""

from collections.abc import Iterable
from datetime import timedelta

from metrics_api.copies.rules import REFRESH_JOB, REFRESH_LANE
from shared.kit import clock
from shared.kit.database import Session
from shared.kit.jobs import enqueue

SETTLED_AFTER = timedelta(seconds=1)  # many events, one look


async def ask_for_refresh(session: Session, kinds: Iterable[str]) -> None:
    """Have these kinds refreshed, in jobs: one of each kind at a time, and one waiting at most.

    So whatever is told while one runs is seen by the next.
    """
    run_at = clock.now() + SETTLED_AFTER
    for kind in sorted(kinds):
        name = f"{REFRESH_JOB}:{kind}"
        await enqueue(
            session,
            REFRESH_JOB,
            {"kind": kind},
            lock=name,
            queueing_lock=name,
            run_at=run_at,
            lane=REFRESH_LANE,
        )
