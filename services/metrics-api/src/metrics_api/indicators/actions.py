"""Reading KPIs: sums first, then one division a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from metrics_api.indicators.scopes import LIVE, RecordSums, Relations, Scope, ScopeKind, Slice
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
)
from metrics_api.record_kpis.queries import Question, sums_of_each
from shared.kit.database import Session
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


async def kpis_of(session: Session, asked: Asked) -> list[KpiSeries]:
    """Each KPI in each period, in the order asked, whole and by slice."""
    whole = await _parts(session, asked, None)
    sliced = None if asked.slice_by is None else await _parts(session, asked, asked.slice_by)
    without = _without_number(asked, whole, sliced)
    presence = await presence_of(session, asked.scope, without, asked.relations)
    return [
        _series(asked, KPIS[kpi], whole[kpi], None if sliced is None else sliced[kpi], presence)
        for kpi in asked.kpis
    ]


async def _parts(
    session: Session, asked: Asked, slice_by: Slice | None
) -> dict[KpiId, dict[Place, RecordSums]]:
    reading = Reading(asked.scope.kind, asked.relations, slice_by)
    found: dict[KpiId, dict[Place, RecordSums]] = {kpi: {} for kpi in asked.kpis}
    if asked.of_incidents:
        cut = cut_spans(asked.of_incidents, asked.spans)
        sums = await _sums(session, asked, reading, cut)
        found |= parts_in_spans(asked.of_incidents, asked.spans, cut, sums)
    for kpi in asked.of_incidents:
        if kpi.duration is not None:
            percentiles = await _percentiles(session, asked, reading, kpi.duration)
            # Read a moment after the sums, so there may be one more of these.
            for place in percentiles.keys() & found[kpi.id].keys():
                parts = found[kpi.id][place]
                found[kpi.id][place] = parts._replace(percentiles=percentiles[place])
    found |= await _parts_of_records(session, asked, slice_by)
    if KpiId.SLA_ATTAINMENT in found:
        late = await late_by_now(session, reading, asked.scope, asked.spans)
        found[KpiId.SLA_ATTAINMENT] = with_late(found[KpiId.SLA_ATTAINMENT], late)
    return found


async def _parts_of_records(
    session: Session, asked: Asked, slice_by: Slice | None
) -> dict[KpiId, dict[Place, RecordSums]]:
    kpis = [kpi for kpi in asked.kpis if not KPIS[kpi].of_incidents]
    wanted = Question(
        asked.scope, asked.spans, asked.now, slice_by=slice_by, relations=asked.relations
    )
    return {
        kpi: {Place(None, parts.slice, parts.n): parts for parts in sums}
        for kpi, sums in (await sums_of_each(session, kpis, wanted)).items()
    }


async def _sums(
    session: Session, asked: Asked, reading: Reading, cut: Sequence[Span]
) -> Mapping[Place, Sums]:
    """From cells where there are any, else from the incidents."""
    of_cells = reading.relations is LIVE and reading.slice_by is None
    if of_cells and asked.scope.kind is not ScopeKind.VENDOR_PRODUCT:
        sums = await sums_of_scope(session, asked.scope, cut, needed_sums(asked.of_incidents))
        return {Place(None, None, n): one for n, one in sums.items()}
    names = SUMS if reading.slice_by is None else needed_sums(asked.of_incidents)
    return await sums_of_incidents(session, reading, asked.scope, cut, names)


async def _percentiles(
    session: Session, asked: Asked, reading: Reading, kind: DurationKind
) -> Mapping[Place, tuple[float, float, float]]:
    if reading.slice_by is None and asked.approximate:
        found = await sketched_percentiles(session, kind, asked.scope, asked.spans)
        return {Place(None, None, n): three for n, three in found.items()}
    return await exact_percentiles(session, kind, reading, asked.scope, asked.spans)


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
