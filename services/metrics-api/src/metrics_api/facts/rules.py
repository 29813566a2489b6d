"""The facts of metrics-api: their definitions, and their values for one service. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from metrics_api.indicators.definitions import Kpi, Shape
from metrics_api.indicators.figures import NOTHING, Figure, figure_of, meets
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.rules import SUMS, Sums
from shared.schemas.common import FactDefinition, FactValue
from shared.schemas.metrics import Comparator

Months = Sequence[tuple[date, Sums]]

_STRETCHES: Final = {
    "last_full_month": "the last full month",
    "last_full_quarter": "the last full quarter",
    "previous_full_quarter": "the full quarter before the last",
    "latest_full_month": "the latest full month that has a figure",
}
_JUDGED: Final = ("last_full_month", "last_full_quarter", "latest_full_month")
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


@dataclass(frozen=True)
class Target:
    kpi: str
    comparator: Comparator
    value: float
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Known:
    """What the facts are made of: sums by UTC month, targets, and numbers of this moment."""

    months: Months
    targets: Sequence[Target]
    backlog_open: int
    open_major_incidents: int
    incident_count_last_90_days: int
    unattributed_incidents: int
    last_record_at: datetime | None


def facts_of(known: Known, now: datetime) -> dict[str, FactValue]:
    """Every fact of a service; months and quarters are those of UTC."""
    values: dict[str, tuple[Any, str | None]] = {}
    verdicts = []
    for kpi in KPIS.values():
        stretches = _stretches(kpi, known.months, now.date())
        defined = _target_on(known, kpi, now.date()) is not None
        values[f"{kpi.id}_target_defined"] = (defined, None)
        for stretch, (figure, last_day) in stretches.items():
            reason = None if figure.value is not None else f"{kpi.id} has no figure there"
            values[f"{kpi.id}_{stretch}"] = (figure.value, reason)
            if stretch in _JUDGED:
                target = _target_on(known, kpi, last_day)
                values[f"{kpi.id}_target_met_{stretch}"] = _met(figure, target)
        if defined:
            verdicts.append(values[f"{kpi.id}_target_met_latest_full_month"][0])
    values |= _numbers(known, verdicts, now)
    return {
        name: FactValue(value=value, as_of=now, reason=reason)
        for name, (value, reason) in values.items()
    }


def _numbers(
    known: Known, verdicts: Sequence[bool | None], now: datetime
) -> dict[str, tuple[Any, str | None]]:
    last = known.last_record_at
    age = None if last is None else max((now - last) / timedelta(hours=1), 0.0)
    return {
        "targets_defined_count": (len(verdicts), None),
        "targets_met_count": (verdicts.count(True), None),
        "targets_missed_count": (verdicts.count(False), None),
        "incident_count_last_90_days": (known.incident_count_last_90_days, None),
        "backlog_open": (known.backlog_open, None),
        "open_major_incidents": (known.open_major_incidents, None),
        "unattributed_incidents": (known.unattributed_incidents, None),
        "has_incident_records": (last is not None, None),
        "hours_since_last_record": (age, "the service has no incident" if age is None else None),
    }


def _stretches(kpi: Kpi, months: Months, today: date) -> dict[str, tuple[Figure, date]]:
    """The figure of each stretch of time and the last day of it."""
    month = today.replace(day=1)
    quarter = date(today.year, today.month - (today.month - 1) % 3, 1)
    before = _months_before(quarter, 3)
    return {
        "last_full_month": _between(kpi, months, _months_before(month, 1), month),
        "last_full_quarter": _between(kpi, months, before, quarter),
        "previous_full_quarter": _between(kpi, months, _months_before(before, 3), before),
        "latest_full_month": _latest(kpi, months, month),
    }


def _latest(kpi: Kpi, months: Months, end: date) -> tuple[Figure, date]:
    starts = [start for start, _ in months if start < end]
    if kpi.shape is Shape.LEVEL:  # a level holds on where nothing happens
        starts = [_months_before(end, 1)]
    for start in reversed(starts):
        found = _between(kpi, months, start, _months_before(start, -1))
        if found[0].value is not None:
            return found
    return NOTHING, end - timedelta(days=1)


def _between(kpi: Kpi, months: Months, first: date, end: date) -> tuple[Figure, date]:
    since = date.min if kpi.shape is Shape.LEVEL else first
    chosen = [sums for start, sums in months if since <= start < end]
    total = {name: sum(sums[name] for sums in chosen) for name in SUMS}
    last_day = end - timedelta(days=1)
    return figure_of(kpi, total), last_day


def _months_before(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _target_on(known: Known, kpi: Kpi, day: date) -> Target | None:
    return next(
        (target for target in known.targets if target.kpi == kpi.id and target.holds_on(day)), None
    )


def _met(figure: Figure, target: Target | None) -> tuple[bool | None, str | None]:
    if target is None:
        return None, "no target held there"
    if figure.value is None:
        return None, "there is no figure to judge"
    return meets(figure.value, target.comparator, target.value), None
