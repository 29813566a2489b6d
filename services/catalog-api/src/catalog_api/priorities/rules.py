"""Which priority a scheme gives, and when a scheme is sound or looser than what is promised."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Protocol

from catalog_api.fact_values import known, unknown
from shared.errors import FieldError
from shared.schemas.agreements import PriorityTarget, SchemeVersionOut
from shared.schemas.common import FactValue

Matrix = Mapping[str, Mapping[str, int]]
TARGETS = ("response_minutes", "resolution_minutes")
Runs = tuple[str, int]
"""A calendar version."""
Covers = Callable[[Runs, Runs], bool]
"""Whether the first calendar version is open whenever the second one is."""

_MEASURES = {
    "mttr": "resolution_minutes",
    "mttr_business": "resolution_minutes",
    "mtta": "response_minutes",
}


class Meaning(Protocol):
    """The targets of a priority as they are written."""

    @property
    def priority(self) -> int: ...
    @property
    def response_minutes(self) -> int | None: ...
    @property
    def resolution_minutes(self) -> int | None: ...
    @property
    def calendar(self) -> str: ...
    @property
    def calendar_version(self) -> int | None: ...


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


def assign(scheme: SchemeVersionOut, impact: str, urgency: str) -> Assigned:
    """The priority of an impact and an urgency; raises UnknownLevel."""
    if impact not in scheme.impacts:
        raise UnknownLevel("impact", impact, scheme.impacts)
    if urgency not in scheme.urgencies:
        raise UnknownLevel("urgency", urgency, scheme.urgencies)
    meaning = meaning_of(scheme, scheme.matrix[impact][urgency])
    return Assigned(
        priority=meaning.priority,
        scheme=scheme.scheme,
        scheme_version=scheme.version,
        response_minutes=meaning.response_minutes,
        resolution_minutes=meaning.resolution_minutes,
        calendar=meaning.calendar,
        calendar_version=meaning.calendar_version,
    )


def meaning_of(scheme: SchemeVersionOut, priority: int) -> PriorityTarget:
    """The targets of a priority; a sound scheme has its priorities in order from 1."""
    return scheme.priorities[priority - 1]


def unsound(
    impacts: Sequence[str], urgencies: Sequence[str], matrix: Matrix, meanings: Sequence[Meaning]
) -> list[FieldError]:
    """What is wrong with a scheme; levels stand from the highest to the lowest.

    Whether it is monotone is asked only of a matrix that is complete.
    """
    errors = [*_repeated("/impacts", impacts), *_repeated("/urgencies", urgencies)]
    errors += _misnumbered(meanings)
    errors = errors or [*_bad_cells(impacts, urgencies, matrix, len(meanings))]
    errors = errors or [*_falling(impacts, urgencies, matrix)]
    return [*errors, *_bad_targets(meanings)]


def _repeated(pointer: str, levels: Sequence[str]) -> Iterator[FieldError]:
    for position, level in enumerate(levels):
        if level in levels[:position]:
            yield FieldError(f"{pointer}/{position}", f"{level} stands here twice", "repeated")


def _misnumbered(meanings: Sequence[Meaning]) -> Iterator[FieldError]:
    for position, meaning in enumerate(meanings):
        if meaning.priority != position + 1:
            detail = f"priorities are listed from 1 without a gap: {position + 1} belongs here"
            yield FieldError(f"/priorities/{position}/priority", detail, "misnumbered")


def _bad_cells(
    impacts: Sequence[str], urgencies: Sequence[str], matrix: Matrix, count: int
) -> Iterator[FieldError]:
    """Cells that are missing, that no level has, or that give a priority that is not listed."""
    for impact in (*impacts, *(impact for impact in matrix if impact not in impacts)):
        row = matrix.get(impact, {})
        if impact not in impacts:
            yield FieldError(f"/matrix/{impact}", f"{impact} is none of impacts", "unknown_impact")
            continue
        for urgency in (*urgencies, *(urgency for urgency in row if urgency not in urgencies)):
            pointer = f"/matrix/{impact}/{urgency}"
            if urgency not in urgencies:
                yield FieldError(pointer, f"{urgency} is none of urgencies", "unknown_urgency")
            elif urgency not in row:
                detail = f"impact {impact} with urgency {urgency} has no priority"
                yield FieldError(pointer, detail, "missing_cell")
            elif not 1 <= row[urgency] <= count:
                detail = f"there is no priority {row[urgency]}: priorities go from 1 to {count}"
                yield FieldError(pointer, detail, "unknown_priority")


def _falling(
    impacts: Sequence[str], urgencies: Sequence[str], matrix: Matrix
) -> Iterator[FieldError]:
    """Cells that give a lower priority (a greater number) than a cell of a lower level."""
    for impact, lower in pairwise(impacts):
        for urgency in urgencies:
            if matrix[impact][urgency] > matrix[lower][urgency]:
                yield _fall(matrix, (impact, urgency), (lower, urgency))
    for urgency, lower in pairwise(urgencies):
        for impact in impacts:
            if matrix[impact][urgency] > matrix[impact][lower]:
                yield _fall(matrix, (impact, urgency), (impact, lower))


def _fall(matrix: Matrix, cell: tuple[str, str], lower: tuple[str, str]) -> FieldError:
    return FieldError(
        f"/matrix/{cell[0]}/{cell[1]}",
        f"impact {cell[0]} with urgency {cell[1]} gives priority {matrix[cell[0]][cell[1]]}, and"
        f" the lesser impact {lower[0]} with urgency {lower[1]} gives the higher priority"
        f" {matrix[lower[0]][lower[1]]}",
        "not_monotone",
    )


def _bad_targets(meanings: Sequence[Meaning]) -> Iterator[FieldError]:
    """Resolutions due before the response, and targets looser than those of a lower priority."""
    for position, meaning in enumerate(meanings):
        response, resolution = meaning.response_minutes, meaning.resolution_minutes
        if response is not None and resolution is not None and resolution < response:
            detail = "the resolution is due before the response"
            yield FieldError(f"/priorities/{position}/resolution_minutes", detail, "contradiction")
    for position, (higher, lower) in enumerate(pairwise(meanings)):
        if _runs_on(higher) != _runs_on(lower):
            continue  # minutes of different hours do not compare
        for target in TARGETS:
            own, next_one = getattr(higher, target), getattr(lower, target)
            if own is not None and next_one is not None and own > next_one:
                detail = f"priority {lower.priority} is due sooner, after {next_one} minutes"
                yield FieldError(f"/priorities/{position}/{target}", detail, "not_monotone")


def _runs_on(meaning: Meaning) -> tuple[str, int | None]:
    return meaning.calendar, meaning.calendar_version


@dataclass(frozen=True)
class PromisedTarget:
    """A service level target of an agreement; `value` is in the unit of its KPI."""

    id: str
    kpi: str | None
    value: float
    priority: int | None


@dataclass(frozen=True)
class Promise:
    """What a signed agreement promises about times: its pinned scheme and its targets."""

    agreement: str
    version: int
    scheme: SchemeVersionOut | None
    targets: Sequence[PromisedTarget]


@dataclass(frozen=True)
class Looser:
    """A target of an agreement that a scheme does not keep, and why."""

    agreement: str
    version: int
    target: str
    detail: str


def looser_than(scheme: SchemeVersionOut, promise: Promise, covers: Covers) -> list[Looser]:
    """Every promise of an agreement that this scheme is looser than."""
    return [
        Looser(promise.agreement, promise.version, target, detail)
        for target, detail in (
            *_looser_than_scheme(scheme, promise.scheme, covers),
            *_looser_than_targets(scheme, promise.targets),
        )
    ]


def _looser_than_scheme(
    scheme: SchemeVersionOut, promised: SchemeVersionOut | None, covers: Covers
) -> Iterator[tuple[str, str]]:
    """By cell where both have it, and by number: records may carry only the priority."""
    if promised is None:
        return
    for impact in (level for level in promised.impacts if level in scheme.impacts):
        for urgency in (level for level in promised.urgencies if level in scheme.urgencies):
            own = meaning_of(scheme, assign(scheme, impact, urgency).priority)
            theirs = meaning_of(promised, assign(promised, impact, urgency).priority)
            yield from _longer(f"impact {impact}, urgency {urgency}", own, theirs, covers)
    for own, theirs in zip(scheme.priorities, promised.priorities, strict=False):
        yield from _longer(f"priority {own.priority}", own, theirs, covers)


def _longer(
    what: str, own: PriorityTarget, theirs: PriorityTarget, covers: Covers
) -> Iterator[tuple[str, str]]:
    for target in TARGETS:
        allowed, promised = getattr(own, target), getattr(theirs, target)
        if promised is None:
            continue
        name = f"{target} of {what}"
        if allowed is None:
            yield name, f"it promises {promised} minutes, and the scheme has no target"
        elif allowed > promised:
            yield name, f"it promises {promised} minutes, and the scheme allows {allowed}"
        elif not covers(_pin_of(own), _pin_of(theirs)):
            detail = (
                f"its minutes run on {theirs.calendar} version {theirs.calendar_version}, and"
                f" {own.calendar} version {own.calendar_version} of the scheme is closed then"
            )
            yield name, detail


def _pin_of(target: PriorityTarget) -> Runs:
    return target.calendar, target.calendar_version


def _looser_than_targets(
    scheme: SchemeVersionOut, targets: Sequence[PromisedTarget]
) -> Iterator[tuple[str, str]]:
    """Means that cannot be kept even if every single target of the scheme just is.

    A target without a priority is broken for certain only if every priority allows more.
    """
    for target in targets:
        measure = _MEASURES.get(target.kpi or "")
        if measure is None:
            continue
        asked = [
            meaning for meaning in scheme.priorities if target.priority in (None, meaning.priority)
        ]
        allowed = [m for m in (getattr(meaning, measure) for meaning in asked) if m is not None]
        if allowed and min(allowed) > target.value * 60:
            detail = (
                f"it promises {target.value} hours, and the scheme allows {min(allowed)} minutes"
            )
            yield target.id, detail


def facts(section: Mapping[str, Any] | None, now: datetime) -> dict[str, FactValue]:
    """Whether priorities and their targets hold for a service."""
    if section is None:
        return {
            "priority_scheme_assigned": known(False, now),
            "priority_targets_complete": unknown("no priority scheme holds for the service", now),
        }
    as_of = datetime.fromisoformat(section["recorded_at"])
    complete = all(one[target] is not None for one in section["priorities"] for target in TARGETS)
    return {
        "priority_scheme_assigned": known(True, as_of),
        "priority_targets_complete": known(complete, as_of),
    }
