"""What a domain adds to the service document, and the facts that tollgates read from it.

Each domain with something to say about a service has a `sheet.py` with its SECTIONS. A section is
selected as one JSON value; all of them together are one SQL statement (documents/queries.py).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect
from sqlalchemy.ext.asyncio import AsyncSession

from shared.schemas.common import FactDefinition, FactValue

Facts = dict[str, FactValue]


def _no_facts(_: Any, __: datetime) -> Facts:
    return {}


@dataclass(frozen=True, eq=False)  # each is itself only, so that statements are kept by sections
class Section:
    """A member of the service document.

    `select` makes the scalar subquery (jsonb) for the key of a service, a bound parameter. A
    section that no subquery can give has `load` instead, with a few statements of its own, which
    answers plain JSON data. `shape` is the type in the contract. `facts` is pure: the section's
    JSON and the present moment in, every one of `definitions` out.
    """

    name: str
    meaning: str
    shape: Any
    select: Callable[[Any], ScalarSelect[Any]] | None = None
    load: Callable[[AsyncSession, str], Awaitable[Any]] | None = None
    definitions: Sequence[FactDefinition] = ()
    facts: Callable[[Any, datetime], Facts] = _no_facts
