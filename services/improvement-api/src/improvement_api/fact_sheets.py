"""What a domain tells tollgates about a service: its facts and where they come from.

Each domain with something to say has a `sheet.py` with its SHEET; `facts/sheets.py` lists them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.facts.rules import FactType, Owner
from shared.schemas.common import FactDefinition, FactValue


@dataclass(frozen=True)
class FactSheet:
    """`load` answers every one of `definitions` for a service of the catalog, as of a moment."""

    definitions: Sequence[FactDefinition]
    load: Callable[[AsyncSession, str, datetime], Awaitable[Mapping[str, FactValue]]]


Count = Callable[[AsyncSession, str, datetime], Awaitable[Sequence[int]]]
"""Numbers of things of a service, as of a moment."""


def sheet_of_counts(meanings: Sequence[tuple[str, str]], count: Count) -> FactSheet:
    """A sheet of nothing but counts: name and meaning of each, in the order `count` gives them."""

    async def load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
        counts = await count(session, service, now)
        return {
            name: FactValue(value=number, as_of=now, reason=None)
            for (name, _), number in zip(meanings, counts, strict=True)
        }

    definitions = [
        FactDefinition(
            name=name,
            type=FactType.INTEGER,
            unit="count",
            owner=Owner.IMPROVEMENT,
            meaning=meaning,
        )
        for name, meaning in meanings
    ]
    return FactSheet(definitions, load)
