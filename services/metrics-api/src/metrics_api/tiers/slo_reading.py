"""SLOs and SLIs as the tiers see them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from metrics_api.as_of.rules import Wanted
from metrics_api.measures.rules import Stretch
from metrics_api.slos.durations import minute_of
from metrics_api.slos.queries import facets_of, slos_by_key
from metrics_api.slos.rules import Level, SloState
from metrics_api.slos.schemas import SloStatusOut
from metrics_api.slos.status import Moment, bad_records, statuses
from metrics_api.tiers.asking import Asked
from metrics_api.tiers.rules import Status
from metrics_api.tiers.schemas import TreeRecord
from metrics_api.tiers.tree import SloFound
from shared.kit.database import Session

_STATUS = {
    Level.MET: Status.GREEN,
    Level.AT_RISK: Status.GREEN,
    Level.MISSED: Status.RED,
    Level.UNKNOWN: Status.UNKNOWN,
}
_MINUTE = timedelta(minutes=1)


async def active_slos(session: Session, keys: Sequence[str], asked: Asked) -> list[Any]:
    """The rows of the active ones among these SLOs."""
    rows = await slos_by_key(session, keys, asked.as_of)
    return [row for row in rows if row.state == SloState.ACTIVE]


def slis_of(slos: Sequence[Any]) -> list[str]:
    """Keys of the SLIs that these SLOs look at."""
    return list(dict.fromkeys(facet.sli for slo in slos for facet in facets_of(slo._mapping)))


async def slos_found(
    session: Session, slos: Sequence[Any], asked: Asked, beside: Wanted
) -> dict[str, SloFound]:
    """These SLOs, judged over the period instead of their own windows.

    As of a moment this lays out what was known then, and the records `beside` with it.
    """
    found = await statuses(session, slos, _moment(asked), _stretch(asked), beside)
    return {status.slo: _found(status) for status in found}


async def records_behind_slos(
    session: Session, keys: Sequence[str], asked: Asked
) -> dict[str, list[TreeRecord]]:
    """The records that spoke most against these SLOs in the period, by SLO: up to as many of each
    as asked, none where samples speak. After slos_found, in the same session."""
    slos = await active_slos(session, keys, asked) if keys else []
    behind: dict[str, list[TreeRecord]] = {}
    for row in await bad_records(session, slos, _moment(asked), _stretch(asked), asked.records):
        behind.setdefault(row.owner, []).append(TreeRecord.model_validate(row))
    return behind


def _moment(asked: Asked) -> Moment:
    return Moment(asked.now, (), asked.now, asked.as_of)


def _stretch(asked: Asked) -> Stretch:
    start, end = (minute_of(moment) for moment in asked.span)
    return Stretch(start, max(end, asked.period.start + _MINUTE))


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
