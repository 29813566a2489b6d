"""What a domain tells tollgates about a service: its facts and where they come from.

Each domain with something to say has a `sheet.py` with its SHEET; `facts/sheets.py` lists them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from shared.schemas.common import FactDefinition, FactValue


@dataclass(frozen=True)
class FactSheet:
    """`load` answers every one of `definitions` for a service of the catalog, as of a moment."""

    definitions: Sequence[FactDefinition]
    load: Callable[[AsyncSession, str, datetime], Awaitable[Mapping[str, FactValue]]]
