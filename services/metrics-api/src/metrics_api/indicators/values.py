"""From sums to values on the wire, or to the reason why there is no number. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from metrics_api.indicators.definitions import Kpi, RecordKind, Shape
from metrics_api.indicators.figures import (
    MICROSECONDS_PER_HOUR,
    NOTHING,
    Figure,
    is_empty,
    quotient,
)
from metrics_api.indicators.periods import Period, Span, spans_up_to
from metrics_api.indicators.rules import ACTIVITY, SUMS, Sums, amount, parts_of
from metrics_api.indicators.schemas import (
    BacklogIdentity,
    KpiValue,
    NoNumber,
    Percentiles,
    Share,
)
from metrics_api.indicators.scopes import Quantiles, RecordSums
from shared.schemas.metrics import KpiId

NO_SUMS: Final[Sums] = dict.fromkeys((*SUMS, ACTIVITY), 0)


class Presence(NamedTuple):
    """Whether a scope has records of a kind, in whatever period, and whether some of that kind
    are attributed to nothing."""

    known: bool
    unattributed: bool


class Place(NamedTuple):
    """What sums are of: a service ('' for none) where it was asked so, a slice, a span."""

    service: str | None
    slice: str | None
    n: int


_WORDS: Final = {
    "no_records": "No {kind} was ever attributed to it",
    "unattributed": "No {kind} was ever attributed to it; some are attributed to nothing yet",
    "no_agreed_time": "No time was agreed in the period",
    "outside_calendar": "The support calendar does not say what holds in the period",
    "not_yet_verifiable": "Whether the fixes hold cannot be said before their 30 days are over",
}
_OWN_FIELDS: Final = frozenset(
    {"reason", "small_sample", "margin", "backlog", "unacknowledged", "open_breached"}
)
_NO_PARTS: Final = RecordSums(None, None, 0, 0, 0, 0, {}, None, {})


def needed_sums(kpis: Iterable[Kpi]) -> list[str]:
    """The sums that the parts of these KPIs of incidents are made of."""
    named = {
        part
        for kpi in kpis
        for name in (kpi.total, kpi.count, kpi.records, *kpi.exclusions.values())
        for part in parts_of(name)
    }
    if "acknowledged_us" in named:
        named.add("unacknowledged")
    return [name for name in SUMS if name in named]


def cut_spans(kpis: Iterable[Kpi], spans: Sequence[Span]) -> list[Span]:
    """The spans cut where any begins or ends, with all time before if a level is asked for."""
    cut = spans_up_to(
        moment for span in spans for moment in (span.start, span.end) if moment is not None
    )
    level = any(kpi.shape is Shape.LEVEL for kpi in kpis)
    return cut if level or any(span.start is None for span in spans) else cut[1:]


def parts_in_spans(
    kpis: Sequence[Kpi], spans: Sequence[Span], cut: Sequence[Span], sums: Mapping[Place, Sums]
) -> dict[KpiId, dict[Place, RecordSums]]:
    """The parts of KPIs of incidents, of the sums of what `cut_spans` made of the spans.

    Of the sums only those that the KPIs need are looked at, and their activity.
    """
    nothing = dict.fromkeys((*needed_sums(kpis), ACTIVITY), 0)
    groups = {(service, slice_) for service, slice_, _ in sums}
    found: dict[KpiId, dict[Place, RecordSums]] = {kpi.id: {} for kpi in kpis}
    for service, slice_ in groups:
        of_group = {n: sums.get(Place(service, slice_, n), nothing) for n, *_ in cut}
        known = _running(cut, of_group, nothing)
        for n, start, end in spans:
            before = nothing if start is None else known[start]
            within = {name: known[end][name] - before[name] for name in nothing}
            place = Place(service, slice_, n)
            for kpi in kpis:
                parts = parts_of_incidents(kpi, place, within, before)
                if parts is not None:
                    found[kpi.id][place] = parts
    return found


def _running(cut: Sequence[Span], sums: Mapping[int, Sums], total: Sums) -> dict[datetime, Sums]:
    """The sums up to each moment at which a span of the cut begins or ends, on top of a total."""
    known: dict[datetime, Sums] = {}
    if cut and cut[0].start is not None:
        known[cut[0].start] = total
    for n, _, end in cut:
        total = {name: so_far + sums[n][name] for name, so_far in total.items()}
        known[end] = total
    return known


def parts_of_incidents(
    kpi: Kpi, place: Place, sums: Sums, before: Sums = NO_SUMS
) -> RecordSums | None:
    """The parts of a KPI of incidents over a span with these sums; None where there is nothing.

    `before` are those of all time before the span, on which a level stands.
    """
    level = kpi.shape is Shape.LEVEL
    whole = {name: sums[name] + before[name] for name in sums} if level else sums
    if is_empty(whole):
        return None
    extras: dict[str, Any] = {}
    if level:
        extras["backlog"] = _identity(before, sums, whole)
    if kpi.id is KpiId.MTTA:
        extras["unacknowledged"] = sums["unacknowledged"]
    exclusions = {code: amount(name, sums) for code, name in kpi.exclusions.items()}
    return RecordSums(
        *place,
        total=amount(kpi.total, whole),
        count=amount(kpi.count, whole),
        records=amount(kpi.records, whole),
        exclusions={code: number for code, number in exclusions.items() if number},
        percentiles=None,
        extras=extras,
    )


def figure_of_parts(kpi: Kpi, parts: RecordSums | None) -> Figure:
    """The number, unless the parts say why there is none."""
    if parts is None:
        return NOTHING
    if "reason" in parts.extras:
        return Figure(None, parts.records)
    return quotient(kpi, parts.total, parts.count, parts.records)


def value_of(
    kpi: Kpi,
    period: Period,
    parts: RecordSums | None,
    presence: Presence,
    *,
    approximate: bool = False,
) -> KpiValue:
    """What is known of a KPI in a period."""
    figure = figure_of_parts(kpi, parts)
    known = parts or _NO_PARTS
    extras = known.extras
    return KpiValue(
        period=period.label,
        start=period.start,
        end=period.end,
        complete=period.complete,
        value=figure.value,
        count=figure.count,
        exclusions=dict(known.exclusions),
        reason=why_nothing(kpi, parts, presence) if figure.value is None else None,
        percentiles=_percentiles(known, approximate=approximate),
        percentiles_reason=_why_no_percentiles(kpi, figure, known),
        share=_share(kpi, known),
        small_sample=extras.get("small_sample"),
        margin_of_error=extras.get("margin"),
        backlog=extras.get("backlog"),
        unacknowledged=extras.get("unacknowledged"),
        open_breached=extras.get("open_breached"),
        extras={name: found for name, found in extras.items() if name not in _OWN_FIELDS},
    )


def _percentiles(parts: RecordSums, *, approximate: bool) -> Percentiles | None:
    if parts.percentiles is None:
        return None
    p50, p90, p95 = (one / MICROSECONDS_PER_HOUR for one in parts.percentiles)
    return Percentiles(p50=p50, p90=p90, p95=p95, approximate=approximate)


def _why_no_percentiles(kpi: Kpi, figure: Figure, parts: RecordSums) -> NoNumber | None:
    """Of many services they are read from sketches, which a bulk load leaves behind for a while."""
    if kpi.duration is None or figure.value is None or parts.percentiles is not None:
        return None
    return NoNumber(
        code="being_counted",
        text="Too many days changed lately: they are being counted, ask again in some minutes",
    )


def _share(kpi: Kpi, parts: RecordSums) -> Share | None:
    if kpi.shape is not Shape.SHARE:
        return None
    return Share(numerator=int(parts.total), denominator=int(parts.count))


def _identity(before: Sums, sums: Sums, whole: Sums) -> BacklogIdentity:
    return BacklogIdentity(
        open_at_start=amount("open", before),
        opened=sums["move_opened"],
        reopened=sums["move_reopened"],
        resolved=sums["move_resolved"],
        closed_unresolved=sums["move_closed_unresolved"],
        cancelled=sums["move_cancelled"],
        open_at_end=amount("open", whole),
    )


def why_nothing(kpi: Kpi, parts: RecordSums | None, presence: Presence) -> NoNumber:
    """Why a KPI has no number."""
    told = None if parts is None else parts.extras.get("reason")
    usual = told in (None, "no_records", kpi.nothing.code)
    if parts is not None and parts.exclusions and usual and kpi.of is not RecordKind.OUTAGE:
        return NoNumber(code="all_excluded", text=_excluded(parts.exclusions))
    if told is not None and not usual:
        return NoNumber(code=told, text=_words(told, kpi))
    if presence.known:
        return NoNumber(code=kpi.nothing.code, text=kpi.nothing.text)
    code = "unattributed" if presence.unattributed else "no_records"
    return NoNumber(code=code, text=_words(code, kpi))


def _words(code: str, kpi: Kpi) -> str:
    return _WORDS.get(code, kpi.nothing.text).format(kind=kpi.of)


def _excluded(exclusions: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{code} {number}" for code, number in exclusions.items())
    return f"All {sum(exclusions.values())} records of the period do not count: {reasons}"


def with_percentiles(
    parts: Mapping[Place, RecordSums], percentiles: Mapping[Place, Quantiles]
) -> dict[Place, RecordSums]:
    """The parts with the percentiles of their place, if it has any.

    These are read a moment after the sums, so there may be a place more of them.
    """
    return {place: one._replace(percentiles=percentiles.get(place)) for place, one in parts.items()}


def with_late(
    parts: Mapping[Place, RecordSums], late: Mapping[Place, int]
) -> dict[Place, RecordSums]:
    """The parts with the open incidents that are late beside them (Records rule 11)."""
    places = dict.fromkeys((*parts, *late))
    found = {place: parts.get(place) or _NO_PARTS._replace(**place._asdict()) for place in places}
    return {
        place: one._replace(extras={**one.extras, "open_breached": late.get(place, 0)})
        for place, one in found.items()
    }
