"""Asking metrics-api for all that the effect of an intervention follows from."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Final
from uuid import UUID

from improvement_api.benefits.periods import Days, Grain, windows
from improvement_api.benefits.rules import LEAST_BEFORE, Better, MixBy, is_of_records, mix_of
from improvement_api.benefits.schemas import (
    CellFigure,
    Measure,
    MeasurementInputs,
    PeriodFigure,
)
from shared.clients.metrics import MetricsClient, SeriesQuestion
from shared.errors import NotFound
from shared.schemas.metrics import KpiFigure, KpiFigures, KpiId, KpiMeaning

FEW_RECORDS: Final = 3
"""Weeks with fewer in the median are too thin to be looked at, if there are months enough."""

_FILLED: Final = 0.75
_UNSAID: Final = "?"


@dataclass(frozen=True)
class Subject:
    """An intervention (`start` to `end`) and the KPI on which it is measured; `initiative_id`
    None: the guard-rail of a plan. `others` are initiatives for the same KPI at the same time."""

    plan_id: UUID
    initiative_id: UUID | None
    service: str
    kpi: KpiId
    start: date
    end: date
    others: tuple[str, ...]


async def ask_for_inputs(
    metrics: MetricsClient, subject: Subject, wanted: Measure, today: date
) -> MeasurementInputs:
    """Definition and figures, as metrics-api knows them now. Raises what its client raises."""
    meaning = await metrics.kpi_meaning(subject.kpi)
    mix_by = (wanted.mix_by or mix_of(subject.kpi)) if is_of_records(subject.kpi) else None
    if wanted.grain is not None:
        return await _by(metrics, subject, meaning, mix_by, (wanted.grain, today))
    weeks = await _by(metrics, subject, meaning, mix_by, (Grain.WEEK, today))
    if not _too_thin(weeks.before, is_of_records(subject.kpi)):
        return weeks
    months = await _by(metrics, subject, meaning, mix_by, (Grain.MONTH, today))
    enough = sum(one.value is not None for one in months.before) >= LEAST_BEFORE
    return months if enough else weeks


def _too_thin(before: Sequence[PeriodFigure], of_records: bool) -> bool:
    """Whether weeks are often empty or of very few records, since there are any.

    Only the time before decides: the time after must not choose how it is looked at.
    """
    first = next((n for n, one in enumerate(before) if one.value is not None), len(before))
    seen = before[first:]
    filled = [one for one in seen if one.value is not None]
    if len(filled) < _FILLED * len(seen) or not filled:
        return True
    return of_records and median(one.count for one in filled) < FEW_RECORDS


async def _by(
    metrics: MetricsClient,
    subject: Subject,
    meaning: KpiMeaning,
    mix_by: MixBy | None,
    when: tuple[Grain, date],
) -> MeasurementInputs:
    grain, today = when
    asked = windows(subject.start, subject.end, grain, today)
    before, after = await asyncio.gather(
        _figures(metrics, subject, grain, mix_by, asked.before),
        _figures(metrics, subject, grain, mix_by, asked.after),
    )
    return MeasurementInputs(
        service=subject.service,
        kpi=subject.kpi,
        kpi_name=meaning.name,
        unit=meaning.unit,
        better=Better(meaning.better),
        grain=grain,
        mix_by=mix_by,
        start=subject.start,
        end=subject.end,
        look=asked.look,
        others=list(subject.others),
        before=before,
        after=after,
    )


async def _figures(
    metrics: MetricsClient,
    subject: Subject,
    grain: Grain,
    mix_by: MixBy | None,
    days: Days | None,
) -> list[PeriodFigure]:
    if days is None:
        return []
    question = SeriesQuestion(
        subject.kpi, grain.value, days.first, days.last, mix_by and mix_by.value
    )
    try:
        found = await metrics.kpi_series(subject.service, question)
    except NotFound:
        return []  # metrics-api knows no records of this service: figures there are none
    return [figure for series in found.kpis for figure in _periods(series)]


def _periods(series: KpiFigures) -> list[PeriodFigure]:
    """The complete periods; empty ones before the first record are left out."""
    groups: dict[str, dict[str, CellFigure]] = {}
    for part in series.slices:
        for one in part.values:
            if one.value is not None and one.count > 0:
                cell = CellFigure(value=one.value, count=one.count)
                groups.setdefault(one.period, {})[part.slice or _UNSAID] = cell
    return [_period(one, groups.get(one.period, {})) for one in series.values if one.complete]


def _period(one: KpiFigure, groups: dict[str, CellFigure]) -> PeriodFigure:
    return PeriodFigure(period=one.period, value=one.value, count=one.count, groups=groups)
