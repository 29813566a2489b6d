"""The share of good events that an SLI had in periods: what a guarantee on an SLI is judged by.

Approved corrections of the whole service are taken out, as they are out of SLOs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from metrics_api.corrections.queries import corrections_in_effect
from metrics_api.corrections.rules import stretches_of
from metrics_api.indicators.periods import Period
from metrics_api.measures.queries import NONE, sums
from metrics_api.measures.rules import Asked, Mode, Stretch
from metrics_api.service_credits import queries
from metrics_api.service_credits.rules import Figure
from metrics_api.slis.rules import FeedKind, SliKind
from metrics_api.slos.queries import look_of
from shared.kit.database import Session

_MINUTE: Final = timedelta(minutes=1)


async def sli_figures(
    session: Session, sli: str, service: str, periods: Sequence[Period], now: datetime
) -> list[Figure]:
    """The figure of each period, in their order, or why there is none."""
    found: Any = await queries.summed_sli(session, sli)
    reason = _why_none(found, service)
    if reason is not None:
        return [_figure(period, None, 0, reason) for period in periods]
    stretches = [Stretch(_minute(period.start), _minute(period.end)) for period in periods]
    corrected = await _corrected(session, service, stretches)
    look = look_of(found)
    asked = [Asked(n, look, Mode.EVENTS, one, corrected) for n, one in enumerate(stretches)]
    summed = await sums(session, asked, now)
    figures = []
    for n, period in enumerate(periods):
        one = summed.get(n, NONE)
        good, total = one.good - one.good_out, one.total - one.total_out
        value = float(good / total) if total else None
        figures.append(_figure(period, value, int(total), None if total else "no_events"))
    return figures


def _why_none(found: Any, service: str) -> str | None:
    if found is None or found.service != service:
        return "unknown_sli"
    if found.kind != SliKind.RATIO:
        return "no_ratio"
    if found.feed["kind"] != FeedKind.RECORDS and found.id is None:
        return "not_summed"
    return None


async def _corrected(
    session: Session, service: str, stretches: Sequence[Stretch]
) -> tuple[Stretch, ...]:
    whole = Stretch(stretches[0].start, stretches[-1].end)
    return tuple(
        stretch
        for correction in await corrections_in_effect(session, [service])
        if correction.slo is None
        for stretch in stretches_of(dict(correction._mapping), whole)
    )


def _minute(moment: datetime) -> datetime:
    """Zones of long ago were seconds off; everything of SLIs is counted at whole minutes."""
    return moment.replace(second=0, microsecond=0) if moment.second else moment


def _figure(period: Period, value: float | None, count: int, reason: str | None) -> Figure:
    return Figure(period.label, period.start, period.end, value, count, reason)
