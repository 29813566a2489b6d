"""The facts of metrics-api: their definitions, and their values for one service. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from metrics_api.indicators.definitions import Kpi, RecordKind, Shape
from metrics_api.indicators.figures import meets
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.rules import Sums
from metrics_api.indicators.scopes import RecordSums
from metrics_api.indicators.values import (
    NO_SUMS,
    Place,
    Presence,
    figure_of_parts,
    parts_of_incidents,
    why_nothing,
)
from shared.schemas.common import FactDefinition, FactValue
from shared.schemas.metrics import Comparator, KpiId

Months = Mapping[date, Sums]
"""Sums by the first day of the UTC month, in order."""
MONTHS_BACK: Final = 24
"""How far back the latest full month with a figure is looked for where no sums are kept."""
_HERE: Final = Place(None, None, 0)

_STRETCHES: Final = {
    "last_full_month": "the last full month",
    "last_full_quarter": "the last full quarter",
    "previous_full_quarter": "the full quarter before the last",
    "latest_full_month": "the latest full month that has a figure",
}
_JUDGED: Final = ("last_full_month", "last_full_quarter", "latest_full_month")
_OF_TARGETS: Final = frozenset(
    {"targets_defined_count", "targets_met_count", "targets_missed_count"}
)
_NUMBERS: Final = (
    ("targets_defined_count", "KPIs with a target that holds today"),
    ("targets_met_count", "of these, met in the latest full month that has a figure"),
    ("targets_missed_count", "of these, missed in the latest full month that has a figure"),
    ("incident_count_last_90_days", "Incidents opened in the last 90 days"),
    ("backlog_open", "Incidents open now"),
    ("open_major_incidents", "Major incidents open now (the tool's flag, else priority 1)"),
    ("unattributed_incidents", "Incidents of all sources that no service could be found for"),
)


def _kpi_definitions(kpi: Kpi) -> list[tuple[str, str, str | None, str]]:
    return [
        *(
            (f"{kpi.id}_{stretch}", "number", kpi.unit, f"{kpi.name} in {words}")
            for stretch, words in _STRETCHES.items()
        ),
        (f"{kpi.id}_target_defined", "boolean", None, f"A target on {kpi.id} holds today"),
        *(
            (
                f"{kpi.id}_target_met_{stretch}",
                "boolean",
                None,
                f"{kpi.name} met the target of its last day in {_STRETCHES[stretch]}",
            )
            for stretch in _JUDGED
        ),
    ]


DEFINITIONS: Final = [
    FactDefinition(name=name, type=kind, unit=unit, owner="metrics", meaning=meaning)
    for name, kind, unit, meaning in (
        *(definition for kpi in KPIS.values() for definition in _kpi_definitions(kpi)),
        *((name, "integer", None, meaning) for name, meaning in _NUMBERS),
        ("has_incident_records", "boolean", None, "Any incident was attributed to the service"),
        (
            "hours_since_last_record",
            "number",
            "hours",
            "Time since the newest opening or transition of an incident of the service",
        ),
    )
]


_NAMES: Final = {
    kpi.id: frozenset(definition[0] for definition in _kpi_definitions(kpi))
    for kpi in KPIS.values()
}


@dataclass(frozen=True)
class Target:
    kpi: str
    comparator: Comparator
    value: float
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


Days = tuple[date, date]
"""A stretch of whole UTC days: [first, end)."""


@dataclass(frozen=True)
class Known:
    """What the facts are made of: the KPIs that are looked at, sums of incidents by UTC month,
    parts of the KPIs of other records by stretch, targets, and the facts of this moment."""

    kpis: Sequence[Kpi]
    months: Months
    records: Mapping[KpiId, Mapping[Days, RecordSums]]
    presence: Mapping[RecordKind, Presence]
    targets: Sequence[Target]
    numbers: Mapping[str, Any]


def need_targets(names: Collection[str] | None) -> bool:
    """Whether a fact of these names (None: all) is about targets."""
    if names is None or not _OF_TARGETS.isdisjoint(names):
        return True
    return any("_target_" in name for name in names)


def kpis_behind(names: Collection[str] | None, targets: Sequence[Target], today: date) -> list[Kpi]:
    """The KPIs without which the facts of these names (None: all) cannot be told.

    Where targets are counted, those with a target that holds today are among them.
    """
    if names is None:
        return list(KPIS.values())
    judged: frozenset[str] = frozenset()
    if not _OF_TARGETS.isdisjoint(names):
        judged = frozenset(target.kpi for target in targets if target.holds_on(today))
    return [
        kpi for kpi in KPIS.values() if kpi.id in judged or not _NAMES[kpi.id].isdisjoint(names)
    ]


def facts_of(known: Known, now: datetime) -> dict[str, FactValue]:
    """The facts of a service; months and quarters are those of UTC."""
    values: dict[str, tuple[Any, str | None]] = {}
    verdicts = []
    for kpi in known.kpis:
        defined = _target_on(known, kpi, now.date()) is not None
        values[f"{kpi.id}_target_defined"] = (defined, None)
        for stretch, days in _stretches(kpi, known, now.date()).items():
            value, reason = _value(kpi, known, days)
            values[f"{kpi.id}_{stretch}"] = (value, reason)
            if stretch in _JUDGED:
                target = _target_on(known, kpi, days[1] - timedelta(days=1))
                values[f"{kpi.id}_target_met_{stretch}"] = _met(value, target)
        if defined:
            verdicts.append(values[f"{kpi.id}_target_met_latest_full_month"][0])
    values |= _numbers(known, verdicts)
    return {
        name: FactValue(value=value, as_of=now, reason=reason)
        for name, (value, reason) in values.items()
    }


def _numbers(known: Known, verdicts: Sequence[bool | None]) -> dict[str, tuple[Any, str | None]]:
    counts = {
        "targets_defined_count": len(verdicts),
        "targets_met_count": verdicts.count(True),
        "targets_missed_count": verdicts.count(False),
    }
    return {
        name: (value, "the service has no incident" if value is None else None)
        for name, value in (*counts.items(), *known.numbers.items())
    }


def fixed_stretches(today: date) -> dict[str, Days]:
    """The stretches of time that lie the same for every KPI."""
    month = today.replace(day=1)
    quarter = date(today.year, today.month - (today.month - 1) % 3, 1)
    before = _months_before(quarter, 3)
    return {
        "last_full_month": (_months_before(month, 1), month),
        "last_full_quarter": (before, quarter),
        "previous_full_quarter": (_months_before(before, 3), before),
    }


def earlier_months(today: date) -> list[Days]:
    """The months that facts may be of beside the fixed stretches, where no sums are kept."""
    fixed = set(fixed_stretches(today).values())
    return [days for days in _full_months(today) if days not in fixed]


def needs_earlier_months(kpi: Kpi, parts: Mapping[Days, RecordSums], today: date) -> bool:
    """Whether the latest month with a figure is not the last one."""
    last = fixed_stretches(today)["last_full_month"]
    return kpi.shape is not Shape.LEVEL and figure_of_parts(kpi, parts.get(last)).value is None


def moments_of(days: Days) -> tuple[datetime, datetime]:
    first, end = (datetime.combine(day, time(), UTC) for day in days)
    return first, end


@lru_cache(maxsize=2)
def _full_months(today: date) -> Sequence[Days]:
    """The latest first."""
    ends = [_months_before(today.replace(day=1), n) for n in range(MONTHS_BACK)]
    return tuple((_months_before(end, 1), end) for end in ends)


def _stretches(kpi: Kpi, known: Known, today: date) -> dict[str, Days]:
    return {**fixed_stretches(today), "latest_full_month": _latest(kpi, known, today)}


def _latest(kpi: Kpi, known: Known, today: date) -> Days:
    """The latest month with a figure; the last one if there is none."""
    last, *earlier = _full_months(today)
    if kpi.of_incidents:
        starts = [start for start in known.months if start < last[1]]
        earlier = [(start, _months_before(start, -1)) for start in reversed(starts)]
    if kpi.shape is Shape.LEVEL:  # a level holds on where nothing happens
        return last
    return next((days for days in (last, *earlier) if _figure(kpi, known, days) is not None), last)


def _figure(kpi: Kpi, known: Known, days: Days) -> float | None:
    return figure_of_parts(kpi, _parts(kpi, known, days)).value


def _value(kpi: Kpi, known: Known, days: Days) -> tuple[float | None, str | None]:
    """(figure, why there is none)."""
    figure = _figure(kpi, known, days)
    if figure is not None:
        return figure, None
    return None, why_nothing(kpi, _parts(kpi, known, days), known.presence[kpi.of]).text


def _parts(kpi: Kpi, known: Known, days: Days) -> RecordSums | None:
    if not kpi.of_incidents:
        return known.records.get(kpi.id, {}).get(days)
    first, end = days
    before: Iterable[Sums] = ()
    if kpi.shape is Shape.LEVEL:
        before = (sums for start, sums in known.months.items() if start < first)
    return parts_of_incidents(kpi, _HERE, _total(_within(known, first, end)), _total(before))


def _within(known: Known, first: date, end: date) -> Iterator[Sums]:
    while first < end:
        if first in known.months:
            yield known.months[first]
        first = _months_before(first, -1)


def _total(months: Iterable[Sums]) -> Sums:
    total = NO_SUMS
    for sums in months:
        total = {name: so_far + sums[name] for name, so_far in total.items()}
    return total


def _months_before(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _target_on(known: Known, kpi: Kpi, day: date) -> Target | None:
    return next(
        (target for target in known.targets if target.kpi == kpi.id and target.holds_on(day)), None
    )


def _met(value: float | None, target: Target | None) -> tuple[bool | None, str | None]:
    if target is None:
        return None, "no target held there"
    if value is None:
        return None, "there is no figure to judge"
    return meets(value, target.comparator, target.value), None
