"""What dependencies allow a service to promise, and promises that go beyond it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any

from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.fact_values import definition, known, unknown
from shared.schemas.common import FactValue

DEFINITIONS = (
    definition(
        "availability_ceiling",
        "number",
        "ratio",
        "Product of the agreed availabilities of all that it needs hard, however deep",
    ),
    definition(
        "recovery_ceiling_hours",
        "number",
        "hours",
        "Longest of its own recovery time and those of all that it needs hard",
    ),
    definition(
        "promises_beyond_ceiling",
        "boolean",
        None,
        "It promises more than its ceilings allow, without an exception",
    ),
    definition(
        "ceiling_exception_in_use",
        "boolean",
        None,
        "It promises more than a ceiling allows, and an exception says who answers for that",
    ),
    definition(
        "transitive_hard_dependency_count",
        "integer",
        "dependencies",
        "Services and vendor products that it needs hard, however deep",
    ),
)

# More digits than any product of agreed availabilities needs to be told from a promise.
_DIGITS = 60


class Dimension(StrEnum):
    """Availability is a ratio 0 to 1, the lowest counts; recovery is in hours, the longest."""

    AVAILABILITY = "availability"
    RECOVERY = "recovery"


class Standing(StrEnum):
    """How a promise stands to its ceiling; only `broken` is refused."""

    UNKNOWN = "unknown"  # somebody lacks a figure, so there is no ceiling
    NO_PROMISE = "no_promise"
    KEPT = "kept"
    EXCEPTED = "excepted"  # beyond the ceiling, and somebody answers for that
    BROKEN = "broken"


@dataclass(frozen=True)
class Figures:
    """What is agreed or planned, by node: availabilities (ratio) and recovery times (hours).

    Of several agreements the lowest `availability` is what others can count on, and the highest is
    what is `promised`.
    """

    availability: Mapping[Node, Decimal]
    recovery: Mapping[Node, Decimal]
    promised: Mapping[Node, Decimal]


@dataclass(frozen=True)
class Ceiling:
    """What is possible in a dimension.

    `value` is None while somebody lacks a figure; `bound` is what the known ones allow, and the
    ceiling can only be worse. `limited_by` are those that set it, the most limiting first.
    """

    dimension: Dimension
    value: Decimal | None
    bound: Decimal | None
    missing: tuple[Node, ...]
    limited_by: tuple[tuple[Node, Decimal], ...]


@dataclass(frozen=True)
class Promise:
    """What a service promises, and the dimensions in which an exception lets it go beyond."""

    service: str
    availability: Decimal | None
    recovery: Decimal | None
    excepted: frozenset[Dimension]

    def in_(self, dimension: Dimension) -> Decimal | None:
        """What is promised in that dimension."""
        return self.availability if dimension is Dimension.AVAILABILITY else self.recovery


@dataclass(frozen=True)
class Breach:
    """A promise beyond its ceiling: both have a figure."""

    promise: Promise
    ceiling: Ceiling

    @property
    def promised(self) -> Decimal:
        return self.promise.in_(self.ceiling.dimension) or Decimal(0)

    @property
    def allowed(self) -> Decimal:
        return self.ceiling.value or Decimal(0)

    def is_no_worse_than(self, before: "Breach") -> bool:
        """Whether it stood there before, promising as much or more under as low a ceiling."""
        if self.promise.service != before.promise.service:
            return False
        if self.ceiling.dimension is not before.ceiling.dimension:
            return False
        promised = self._excess(self.promised, before.promised)
        allowed = self._excess(before.allowed, self.allowed)
        return promised <= 0 and allowed <= 0

    def _excess(self, one: Decimal, other: Decimal) -> Decimal:
        """By how much the first figure is better than the other; below 0 it is worse."""
        return one - other if self.ceiling.dimension is Dimension.AVAILABILITY else other - one


def providers_below(service: str, providers: Mapping[str, Collection[Node]]) -> set[Node]:
    """The distinct transitive providers of a service, from those that each service has itself."""
    found: set[Node] = set()
    waiting = [service]
    while waiting:
        for node in providers.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                if node.kind is NodeKind.SERVICE:
                    waiting.append(node.key)
    return found


def availability_ceiling(below: Iterable[Node], agreed: Mapping[Node, Decimal]) -> Ceiling:
    """The product of the agreed availabilities of what a service needs; 1 where it needs nothing.

    All of them have to work at once, and are taken to fail independently.
    """
    nodes = sorted(below)
    known = [(node, agreed[node]) for node in nodes if node in agreed]
    missing = tuple(node for node in nodes if node not in agreed)
    with localcontext() as context:
        context.prec = _DIGITS
        product = Decimal(1)
        for _, availability in known:
            product *= availability
    limiting = sorted((part for part in known if part[1] < 1), key=lambda part: (part[1], part[0]))
    value = None if missing else product
    return Ceiling(Dimension.AVAILABILITY, value, product, missing, tuple(limiting))


def recovery_ceiling(service: str, below: Iterable[Node], times: Mapping[Node, Decimal]) -> Ceiling:
    """The longest of a service's own recovery time and those of what it needs, in hours."""
    nodes = sorted({*below, Node(NodeKind.SERVICE, service)})
    missing = tuple(node for node in nodes if node not in times)
    known = [(node, times[node]) for node in nodes if node in times]
    longest = max((hours for _, hours in known), default=None)
    limiting = tuple(part for part in known if part[1] == longest)
    value = None if missing else longest
    return Ceiling(Dimension.RECOVERY, value, longest, missing, limiting)


def lowest(one: Mapping[Node, Decimal], other: Mapping[Node, Decimal]) -> dict[Node, Decimal]:
    """What can be counted on when both are promised."""
    return {
        node: min(part[node] for part in (one, other) if node in part)
        for node in one.keys() | other.keys()
    }


def ceilings_of(service: str, below: Collection[Node], figures: Figures) -> tuple[Ceiling, Ceiling]:
    """Availability and recovery."""
    return (
        availability_ceiling(below, figures.availability),
        recovery_ceiling(service, below, figures.recovery),
    )


def standing(promise: Promise, ceiling: Ceiling) -> Standing:
    """How what a service promises stands to what is possible."""
    promised = promise.in_(ceiling.dimension)
    if ceiling.value is None:
        return Standing.UNKNOWN
    if promised is None:
        return Standing.NO_PROMISE
    best_is_high = ceiling.dimension is Dimension.AVAILABILITY
    beyond = promised > ceiling.value if best_is_high else promised < ceiling.value
    if not beyond:
        return Standing.KEPT
    return Standing.EXCEPTED if ceiling.dimension in promise.excepted else Standing.BROKEN


def breaches(
    promises: Iterable[Promise], providers: Mapping[str, Collection[Node]], figures: Figures
) -> list[Breach]:
    """Every promise beyond its ceiling for which no exception is recorded, by service."""
    found = []
    for promise in sorted(promises, key=lambda one: one.service):
        below = providers_below(promise.service, providers)
        for ceiling in ceilings_of(promise.service, below, figures):
            if standing(promise, ceiling) is Standing.BROKEN:
                found.append(Breach(promise, ceiling))
    return found


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Facts of the section `ceilings`: it depends on what others agree, so it is as of now."""
    dimensions = (section["availability"], section["recovery"])
    standings = {one["standing"] for one in dimensions}
    count = section["hard_dependency_count"]
    return {
        "availability_ceiling": _ceiling_fact(section["availability"], now),
        "recovery_ceiling_hours": _ceiling_fact(section["recovery"], now),
        "promises_beyond_ceiling": _beyond_fact(dimensions, now),
        "ceiling_exception_in_use": known(Standing.EXCEPTED in standings, now),
        "transitive_hard_dependency_count": known(count, now),
    }


def _ceiling_fact(dimension: Mapping[str, Any], now: datetime) -> FactValue:
    if dimension["ceiling"] is None:
        return unknown(_lacking(dimension), now)
    return known(dimension["ceiling"], now)


def _beyond_fact(dimensions: Iterable[Mapping[str, Any]], now: datetime) -> FactValue:
    """A promise that cannot be judged is not one that is kept."""
    promised = [one for one in dimensions if one["promised"] is not None]
    if any(one["standing"] == Standing.BROKEN for one in promised):
        return known(True, now)
    for one in promised:
        if one["standing"] == Standing.UNKNOWN:
            return unknown(_lacking(one), now)
    return known(False, now)


def _lacking(dimension: Mapping[str, Any]) -> str:
    named = [node["key"] for node in dimension["missing"][:5]]
    more = dimension["missing_count"] - len(named)
    others = f" and {more} more" if more else ""
    return f"no figure is agreed or planned for {', '.join(named)}{others}"
