"""Reading KPIs: sums first, then one division a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from metrics_api.indicators.cell_queries import sums_of_scope
from metrics_api.indicators.definitions import DurationKind, Kpi, RecordKind
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.live import Reading
from metrics_api.indicators.live_queries import (
    MOST_SLICES,
    exact_percentiles,
    late_by_now,
    sums_of_incidents,
)
from metrics_api.indicators.periods import Period, Span
from metrics_api.indicators.rules import SUMS, Sums
from metrics_api.indicators.schemas import KpiSeries, KpiValue, SlicedValues
from metrics_api.indicators.scope_queries import presence_of
from metrics_api.indicators.scopes import (
    LIVE,
    Quantiles,
    RecordSums,
    Relations,
    Scope,
    ScopeKind,
    Slice,
)
from metrics_api.indicators.sketch_queries import sketched_percentiles
from metrics_api.indicators.values import (
    Place,
    Presence,
    cut_spans,
    figure_of_parts,
    needed_sums,
    parts_in_spans,
    value_of,
    with_late,
    with_percentiles,
)
from metrics_api.record_kpis.queries import Question, sums_of_each
from shared.kit.database import Query, Session, answer, answers
from shared.schemas.metrics import KpiId

Parts = Mapping[Place, RecordSums]
"""The parts of one KPI by slice and number of the period."""


@dataclass(frozen=True)
class Asked:
    """Figures that are wanted of a scope."""

    scope: Scope
    kpis: Sequence[KpiId]
    periods: Sequence[Period]
    slice_by: Slice | None
    now: datetime
    relations: Relations = LIVE

    @property
    def spans(self) -> list[Span]:
        return [Span(n, period.start, period.end) for n, period in enumerate(self.periods)]

    @property
    def of_incidents(self) -> list[Kpi]:
        return [KPIS[kpi] for kpi in self.kpis if KPIS[kpi].of_incidents]

    @property
    def approximate(self) -> bool:
        """Whether percentiles are read from sketches: there are none of a vendor product."""
        scope = self.scope
        many = scope.services is None or len(scope.services) > 1
        return many and scope.kind is not ScopeKind.VENDOR_PRODUCT and self.relations is LIVE

    @property
    def by_index(self) -> bool:
        """Whether to go by index is best whatever the periods: so it is of one service."""
        return self.scope.kind is ScopeKind.SERVICE and self.relations is LIVE


async def kpis_of(session: Session, asked: Asked) -> list[KpiSeries]:
    """Each KPI in each period, in the order asked, whole and by slice."""
    series, _ = await kpis_and(session, asked, {})
    return series


async def kpis_and(
    session: Session, asked: Asked, also: Mapping[str, Query[Any]]
) -> tuple[list[KpiSeries], dict[str, Any]]:
    """The same, and what these queries say: they go with the first of its own."""
    whole, said = await _parts(session, asked, None, also)
    sliced = None
    if asked.slice_by is not None:
        sliced, _ = await _parts(session, asked, asked.slice_by, {})
    without = _without_number(asked, whole, sliced)
    presence = {}
    if without:
        presence = await answer(session, presence_of(asked.scope, without, asked.relations))
    series = [
        _series(asked, KPIS[kpi], whole[kpi], None if sliced is None else sliced[kpi], presence)
        for kpi in asked.kpis
    ]
    return series, said


async def _parts(
    session: Session, asked: Asked, slice_by: Slice | None, also: Mapping[str, Query[Any]]
) -> tuple[dict[KpiId, Parts], dict[str, Any]]:
    """The parts of each KPI, and what the other queries say."""
    reading = Reading(asked.scope.kind, asked.relations, slice_by)
    cut = cut_spans(asked.of_incidents, asked.spans)
    durations = {kpi.id: kpi.duration for kpi in asked.of_incidents if kpi.duration is not None}
    sketched = slice_by is None and asked.approximate
    queries = dict(also)
    if asked.of_incidents:
        queries[_SUMS] = _sums(asked, reading, cut)
    if KpiId.SLA_ATTAINMENT in asked.kpis:
        queries[_LATE] = late_by_now(reading, asked.scope, asked.spans)
    if not sketched:
        for kpi, kind in durations.items():
            queries[kpi] = exact_percentiles(kind, reading, asked.scope, asked.spans)
    said = await answers(session, queries, by_index=asked.by_index)

    found: dict[KpiId, Parts] = {kpi: {} for kpi in asked.kpis}
    if asked.of_incidents:
        found |= parts_in_spans(asked.of_incidents, asked.spans, cut, said[_SUMS])
    for kpi, kind in durations.items():
        percentiles = await _sketched(session, asked, kind) if sketched else said[kpi]
        found[kpi] = with_percentiles(found[kpi], percentiles)
    found |= await _parts_of_records(session, asked, slice_by)
    if _LATE in said:
        found[KpiId.SLA_ATTAINMENT] = with_late(found[KpiId.SLA_ATTAINMENT], said[_LATE])
    return found, said


_SUMS: Final = "sums"
_LATE: Final = "late"


async def _parts_of_records(
    session: Session, asked: Asked, slice_by: Slice | None
) -> dict[KpiId, Parts]:
    kpis = [kpi for kpi in asked.kpis if not KPIS[kpi].of_incidents]
    wanted = Question(
        asked.scope, asked.spans, asked.now, slice_by=slice_by, relations=asked.relations
    )
    return {
        kpi: {Place(None, parts.slice, parts.n): parts for parts in sums}
        for kpi, sums in (await sums_of_each(session, kpis, wanted)).items()
    }


def _sums(asked: Asked, reading: Reading, cut: Sequence[Span]) -> Query[Mapping[Place, Sums]]:
    """From cells where there are any, else from the incidents."""
    of_cells = reading.relations is LIVE and reading.slice_by is None
    if of_cells and asked.scope.kind is not ScopeKind.VENDOR_PRODUCT:
        return sums_of_scope(asked.scope, cut, needed_sums(asked.of_incidents))
    names = SUMS if reading.slice_by is None else needed_sums(asked.of_incidents)
    return sums_of_incidents(reading, asked.scope, cut, names)


async def _sketched(
    session: Session, asked: Asked, kind: DurationKind
) -> Mapping[Place, Quantiles]:
    found = await sketched_percentiles(session, kind, asked.scope, asked.spans)
    return {Place(None, None, n): three for n, three in found.items()}


def _without_number(
    asked: Asked, whole: Mapping[KpiId, Parts], sliced: Mapping[KpiId, Parts] | None
) -> set[RecordKind]:
    """Kinds of records that have no number in some period, or may have none in a slice."""
    return {
        kpi.of
        for kpi in map(KPIS.__getitem__, asked.kpis)
        if sliced is not None
        or any(
            figure_of_parts(kpi, whole[kpi.id].get(Place(None, None, n))).value is None
            for n, _ in enumerate(asked.periods)
        )
    }


def _series(
    asked: Asked,
    kpi: Kpi,
    whole: Parts,
    sliced: Parts | None,
    presence: Mapping[RecordKind, Presence],
) -> KpiSeries:
    known = presence.get(kpi.of, _HERE)
    approximate = asked.approximate and kpi.of_incidents

    def values(parts: Parts, slice_: str | None, *, approximate: bool) -> list[KpiValue]:
        return [
            value_of(kpi, period, parts.get(Place(None, slice_, n)), known, approximate=approximate)
            for n, period in enumerate(asked.periods)
        ]

    slices = [
        SlicedValues(slice=slice_, values=values(sliced or {}, slice_, approximate=False))
        for slice_ in _largest_first(sliced or {})
    ]
    return KpiSeries(
        kpi=kpi.id,
        unit=kpi.unit,
        definition=f"/v1/kpis/{kpi.id}",
        values=values(whole, None, approximate=approximate),
        slices=slices,
    )


_HERE = Presence(known=True, unattributed=False)


def _largest_first(parts: Parts) -> list[str | None]:
    records: dict[str | None, int] = {}
    for place, one in parts.items():
        records[place.slice] = records.get(place.slice, 0) + one.records
    largest = sorted(records, key=lambda one: (-records[one], one is None, one or ""))
    return largest[:MOST_SLICES]
