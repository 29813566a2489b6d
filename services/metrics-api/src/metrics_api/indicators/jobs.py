"""Background work of the KPIs."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from metrics_api.indicators import queries, sketch_making
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import JobContext, rest_after

RESTS: Final = 1
"""So many times as long as a batch took the job rests after it, while more are there: it leaves the
processor to the load that makes it work, and finds more to add to each cell at once."""
SKETCHING: Final = 10.0
"""Seconds, after which the ledger has its turn again. Days come in their tens of thousands after a
bulk load, and all that time the ledger would grow."""


async def compact_cells(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Fold the cell deltas into the cells, then sketch the days whose durations changed.

    Goes once through the ledger, a batch a transaction; breaking it off loses nothing, and what a
    load adds behind its back is for the next time. Deltas come before days, for every read adds
    them up. Runs every few seconds and is never enqueued by the ingest: an ingest of one record
    would pay more for the job's row than for its own.
    """
    rested = await _compact(context)
    until = time.monotonic() + SKETCHING
    while True:
        started = time.monotonic()
        async with transaction(context.engine) as session:
            sketched = await sketch_making.sketch_batch(session, clock.now() - rested)
        if not sketched or time.monotonic() >= until:
            return
        await rest_after(started, RESTS)


async def _compact(context: JobContext) -> timedelta:
    """Fold the ledger in; for how long a day must have rested now before it is sketched."""
    place, rest = queries.BEFORE_ALL, sketch_making.REST
    while True:
        started = time.monotonic()
        async with transaction(context.engine) as session:
            place = await queries.compact_batch(session, place)
        if not place.is_full:
            return rest
        rest = sketch_making.REST_UNDER_LOAD
        await rest_after(started, RESTS)
