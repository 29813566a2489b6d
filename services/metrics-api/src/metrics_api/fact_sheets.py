"""What a domain tells tollgates about a service: its facts and where they come from.

Each domain with something to say has a `sheet.py` with its SHEET; `facts/sheets.py` lists them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.database import Query
from shared.schemas.common import FactDefinition, FactValue


@dataclass(frozen=True)
class FactSheet:
    """What gives the facts of `definitions` for a service as of a moment.

    `ask` says what to ask for first: the queries of all sheets, each by a name of its own, go in
    one round trip. `load` makes every fact of what they say, and asks on where that is too little.
    """

    definitions: Sequence[FactDefinition]
    ask: Callable[[str, datetime], Mapping[str, Query[Any]]]
    load: Callable[[AsyncSession, Mapping[str, Any], datetime], Awaitable[Mapping[str, FactValue]]]
