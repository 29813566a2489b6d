"""Refreshing the copies: read all of a kind from the catalog, then write what differs."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

from metrics_api.clocks.following import NAMING, follow_names, follow_promises
from metrics_api.clocks.promises import PROMISING
from metrics_api.copies import queries
from metrics_api.copies.rules import READINGS, Copy, copy_of, differences
from shared.kit import clock
from shared.kit.database import Engine, Session, transaction


class Catalog(Protocol):
    """What is asked of the catalog."""

    def iterate(self, path: str) -> AsyncIterator[dict[str, Any]]: ...


async def refresh(engine: Engine, catalog: Catalog, kind: str) -> int:
    """Bring the copies of a kind up to date: how many were ended or recorded.

    The catalog is asked before any transaction is open; Unavailable when it cannot be reached.
    """
    found: dict[str, Copy] = {}
    async for item in catalog.iterate(READINGS[kind].path):
        copy = copy_of(kind, item)
        if copy is not None:
            found[copy.key] = copy
    async with transaction(engine) as session:
        return await _write(session, kind, found)


async def _write(session: Session, kind: str, found: dict[str, Copy]) -> int:
    changed = differences(await queries.present_digests(session, kind), found)
    if not changed.ended and not changed.recorded:
        return 0
    at = clock.now()
    async with _followed(session, kind):
        await queries.write_differences(session, kind, changed, at)
    return len(changed.ended) + sum(copy.key not in changed.ended for copy in changed.recorded)


def _followed(session: Session, kind: str) -> AbstractAsyncContextManager[None]:
    """Let the incidents follow a change of what is taken from copies of this kind."""
    if kind in PROMISING:
        return follow_promises(session)
    return follow_names(session) if kind in NAMING else nullcontext()
