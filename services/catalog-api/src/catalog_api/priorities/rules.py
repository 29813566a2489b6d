"""Which priority an impact and an urgency give, and what a sound scheme looks like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class SchemeLike(Protocol):
    """A scheme version: levels from the highest to the lowest, matrix and targets by priority."""

    @property
    def scheme(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def impacts(self) -> Sequence[str]: ...
    @property
    def urgencies(self) -> Sequence[str]: ...
    @property
    def matrix(self) -> Mapping[str, Mapping[str, int]]: ...
    @property
    def priorities(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True)
class Assigned:
    """A priority and what it promises; the targets are minutes of that calendar version."""

    priority: int
    scheme: str
    scheme_version: int
    response_minutes: int | None
    resolution_minutes: int | None
    calendar: str
    calendar_version: int


class UnknownLevel(Exception):
    """The scheme has no such impact or urgency."""

    def __init__(self, field: str, level: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{level} is no {field} of this scheme; it has: {', '.join(allowed)}")
        self.field = field
        self.allowed = list(allowed)


def assign(scheme: SchemeLike, impact: str, urgency: str) -> Assigned:
    """The priority of an impact and an urgency; raises UnknownLevel."""
    if impact not in scheme.impacts:
        raise UnknownLevel("impact", impact, scheme.impacts)
    if urgency not in scheme.urgencies:
        raise UnknownLevel("urgency", urgency, scheme.urgencies)
    number = scheme.matrix[impact][urgency]
    (meaning,) = (one for one in scheme.priorities if one["priority"] == number)
    return Assigned(
        priority=number,
        scheme=scheme.scheme,
        scheme_version=scheme.version,
        response_minutes=meaning["response_minutes"],
        resolution_minutes=meaning["resolution_minutes"],
        calendar=meaning["calendar"],
        calendar_version=meaning["calendar_version"],
    )
