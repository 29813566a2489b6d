"""SLOs and SLIs as the tiers see them."""

from collections.abc import Sequence
from datetime import timedelta

from metrics_api.indicators.periods import Period
from metrics_api.measures.rules import Stretch
from metrics_api.slis.queries import slis_by_key
from metrics_api.slis.rules import SliState
from metrics_api.slos.durations import minute_of
from metrics_api.slos.queries import slos_by_key
from metrics_api.slos.rules import Level, SloState
from metrics_api.slos.schemas import SloStatusOut
from metrics_api.slos.status import Moment, statuses
from metrics_api.tiers.rules import Status
from metrics_api.tiers.tree import SloFound
from shared.kit import clock
from shared.kit.database import Session

_STATUS = {
    Level.MET: Status.GREEN,
    Level.AT_RISK: Status.GREEN,
    Level.MISSED: Status.RED,
    Level.UNKNOWN: Status.UNKNOWN,
}
_MINUTE = timedelta(minutes=1)


async def slos_found(session: Session, keys: Sequence[str], period: Period) -> dict[str, SloFound]:
    """The active ones among these SLOs, judged over a period instead of their own windows."""
    rows = [row for row in await slos_by_key(session, keys) if row.state == SloState.ACTIVE]
    now = clock.now()
    stretch = Stretch(minute_of(period.start), max(minute_of(period.end), period.start + _MINUTE))
    found = await statuses(session, rows, Moment(now, (), now), stretch)
    return {status.slo: _found(status) for status in found}


def _found(status: SloStatusOut) -> SloFound:
    level = _STATUS[status.level]
    reason = status.reason if level is Status.UNKNOWN else None
    if level is Status.RED:
        reason = "The error budget of the period is spent"
    elif status.level is Level.AT_RISK:
        reason = "Little of the error budget is left"
    return SloFound(
        status.slo,
        status.name or status.slo,
        tuple(dict.fromkeys(one.sli for one in status.objectives)),
        level,
        reason,
        {
            "service": status.service,
            "level": status.level.value,
            "objectives": [
                {"sli": one.sli, "target": one.target, "value": one.corrected.value}
                for one in status.objectives
            ],
        },
    )


async def names_of_slis(session: Session, keys: Sequence[str]) -> dict[str, str]:
    """Names of the active ones among these SLIs by key."""
    found = await slis_by_key(session, keys)
    return {key: row.name or key for key, row in found.items() if row.state == SliState.ACTIVE}
