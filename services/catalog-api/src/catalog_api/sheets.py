"""What a domain adds to the service document, and the facts that tollgates read from it.

Each domain with something to say about a service has a `sheet.py` with its SECTIONS. A section is
selected as one JSON value; all of them together are one SQL statement (documents/queries.py).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.database import Query
from shared.schemas.common import FactDefinition, FactValue

Facts = dict[str, FactValue]


def _no_facts(_: Any, __: datetime) -> Facts:
    return {}


def _asks_nothing(_: str, __: datetime) -> Mapping[str, Query[Any]]:
    return {}


@dataclass(frozen=True, eq=False)  # each is itself only, so that statements are kept by sections
class Section:
    """A member of the service document.

    `select` makes the scalar subquery (jsonb) for the key of a service, a bound parameter. A
    section that no subquery can give has `load` instead, which answers plain JSON data. `ask` says
    what it asks for first: the queries of all sections go in one round trip, each by a name of its
    own; what two sections ask alike has one name. `load` makes the section of what they say, and
    asks on where that is too little. `shape` is the type in the contract. `facts` is pure: the
    section's JSON and the present moment in, every one of `definitions` out.
    """

    name: str
    meaning: str
    shape: Any
    select: Callable[[Any], ScalarSelect[Any]] | None = None
    ask: Callable[[str, datetime], Mapping[str, Query[Any]]] = _asks_nothing
    load: Callable[[AsyncSession, str, Mapping[str, Any], datetime], Awaitable[Any]] | None = None
    definitions: Sequence[FactDefinition] = ()
    facts: Callable[[Any, datetime], Facts] = _no_facts
