"""Counting refused deliveries without letting whoever sends them make us write for each.

Refusals are summed up in the process and written a second later, so a flood of forged deliveries
costs one statement a second. A process that ends writes what is left; one that is killed does not.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from metrics_api.gathering import DATABASE_AWAY
from metrics_api.source_health import queries
from metrics_api.source_health.queries import Refusals
from shared.kit import clock
from shared.kit.database import Engine, transaction
from shared.kit.logging import logger

WRITTEN_AFTER: Final = 1.0  # seconds
_LONGEST: Final = 300
log = logger(__name__)


class Reason(NamedTuple):
    source: str
    code: str


@dataclass
class RefusalCount:
    """What a process has still to write; `source`s are known ones, so it stays small."""

    engine: Engine
    unwritten: dict[Reason, Refusals] = field(default_factory=dict)
    writing: asyncio.Task[None] | None = None
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, source: str, code: str, detail: str) -> None:
        now = clock.now()
        before = self.unwritten.get(Reason(source, code))
        times, first_at = (0, now) if before is None else (before.times, before.first_at)
        self.unwritten[Reason(source, code)] = Refusals(
            source, code, detail[:_LONGEST], times + 1, first_at, now
        )
        if self.writing is None or self.writing.done():
            self.writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self.unwritten:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ending.wait(), WRITTEN_AFTER)
            refusals, self.unwritten = list(self.unwritten.values()), {}
            try:
                async with transaction(self.engine) as session:
                    await queries.add_refusals(session, refusals)
            except DATABASE_AWAY as error:
                log.warning("refusals_not_counted", count=len(refusals), error=str(error)[:300])

    async def end(self) -> None:
        """Write what is left, at once."""
        self.ending.set()
        if self.writing is not None:
            await self.writing
