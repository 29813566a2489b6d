"""Background work of the KPIs."""

from collections.abc import Mapping
from typing import Any

from metrics_api.indicators import queries, sketch_making
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import JobContext


async def compact_cells(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Fold all cell deltas into the cells, then sketch the days whose durations changed.

    A batch a transaction; breaking it off loses nothing. Deltas come before days, for every read
    adds them up. Runs every few seconds and is never enqueued by the ingest: an ingest of one
    record would pay more for the job's row than for its own.
    """
    while True:
        async with transaction(context.engine) as session:
            if await queries.compact_batch(session):
                continue
        async with transaction(context.engine) as session:
            if not await sketch_making.sketch_batch(session, clock.now() - sketch_making.REST):
                return
