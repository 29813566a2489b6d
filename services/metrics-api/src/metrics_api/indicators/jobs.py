"""Background work of the KPIs."""

from collections.abc import Mapping
from typing import Any

from metrics_api.indicators import queries
from shared.kit.database import transaction
from shared.kit.jobs import JobContext


async def compact_cells(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Fold all cell deltas into the cells, a batch a transaction; breaking it off loses nothing.

    Runs every few seconds and is never enqueued by the ingest: reads add the deltas up themselves,
    so this only keeps them short, and an ingest of one record would pay more for the job's row
    than for its own.
    """
    while True:
        async with transaction(context.engine) as session:
            if not await queries.compact_batch(session):
                return
