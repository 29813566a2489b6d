"""What a domain tells tollgates about a service: its facts and where they come from.

Each domain with something to say has a `sheet.py` with its SHEET; `facts/sheets.py` lists them,
and reads all that a gate needs in one statement.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Date, DateTime, Select, Text, bindparam, cast, func

from improvement_api.facts.rules import FactType, Owner
from shared.schemas.common import FactDefinition, FactValue

SERVICE: Final = bindparam("service", type_=Text)
NOW: Final = bindparam("now", type_=DateTime(timezone=True))
TODAY: Final = cast(func.timezone("UTC", NOW), Date)
"""What statements of sheets are about: a service of the catalog as of a moment, and its UTC day."""


OneRow = Select[*tuple[Any, ...]]
"""A statement that gives exactly one row."""


@dataclass(frozen=True)
class FactSheet:
    """`statement` is about SERVICE as of NOW; `read` makes of its row, and of that moment, every
    one of `definitions`."""

    definitions: Sequence[FactDefinition]
    statement: OneRow
    read: Callable[[Sequence[Any], datetime], Mapping[str, FactValue]]


def sheet_of_counts(meanings: Sequence[tuple[str, str]], statement: OneRow) -> FactSheet:
    """A sheet of nothing but counts: name and meaning of each, in the order of the columns."""

    def read(counts: Sequence[Any], now: datetime) -> Mapping[str, FactValue]:
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
    return FactSheet(definitions, statement, read)
