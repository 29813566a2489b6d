"""Letting the clocks follow what is promised, whenever the copies of that change."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from metrics_api.attribution import queries as attribution
from metrics_api.attribution.rules import FOLLOW_WORDS_JOB
from metrics_api.clocks.promises import RECLOCK_JOB, changed_services
from metrics_api.clocks.queries import read_terms
from shared.kit.database import Session, driver
from shared.kit.jobs import bring_forward, enqueue

SERVICES_AT_ONCE = 200
NAMING: Final = frozenset({"customer", "vendor_product"})
"""Kinds of copies whose keys and names tools use."""


@asynccontextmanager
async def follow_promises(session: Session) -> AsyncIterator[None]:
    """Change copies that promises are made of.

    Every ingest waits for the end of the transaction, which also enqueues the jobs that clock the
    incidents there are. So an incident is clocked by the old promises and then again, or by the
    new ones.
    """
    conn = await driver(session)
    await attribution.hold_directory_alone(conn)
    before = await read_terms(conn)
    yield
    after = await read_terms(conn)
    changed = changed_services(before, after, await attribution.known_services(conn))
    if before != after:
        await attribution.advance_directory_revision(conn)
    await _reclock(session, changed)


async def _reclock(session: Session, services: Sequence[str]) -> None:
    for start in range(0, len(services), SERVICES_AT_ONCE):
        some = list(services[start : start + SERVICES_AT_ONCE])
        await enqueue(session, RECLOCK_JOB, {"services": some}, lane="clocks")


@asynccontextmanager
async def follow_names(session: Session) -> AsyncIterator[None]:
    """Change copies whose names tools use; a job looks up again what they mean."""
    yield
    await attribution.advance_directory_revision(await driver(session))
    await bring_forward(session, FOLLOW_WORDS_JOB)
