"""Every SQL statement about SLOs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.measures.rules import Look
from metrics_api.samples.queries import Facet
from metrics_api.samples.tables import SliFacet
from metrics_api.slis.queries import SLIS
from metrics_api.slis.rules import FeedKind, RecordMeasure
from metrics_api.slis.tables import Sli
from metrics_api.slos.rules import BudgetingMethod, SloState
from metrics_api.slos.tables import Slo, SloObjective, SloVersion
from metrics_api.versioned.queries import Versioned, one_row
from shared.kit.database import Query
from shared.kit.pagination import PageParams, keyset

_slo = Slo.__table__.c
_objective = SloObjective.__table__.c
_facet = SliFacet.__table__.c
SLOS = Versioned(Slo, SloVersion)


@dataclass(frozen=True)
class SloFilter:
    """Which SLOs; None asks for any. `sli` is one that an objective looks at."""

    service: str | None = None
    sli: str | None = None
    state: SloState | None = None


async def replace_objectives(
    session: AsyncSession, slo: str, looks: Sequence[tuple[str, int]]
) -> None:
    """Let the objectives of an SLO look at these (SLI, facet), in their order."""
    await session.execute(delete(SloObjective).where(_objective.slo == slo))
    rows = [
        {"slo": slo, "number": number, "sli": sli, "facet": facet}
        for number, (sli, facet) in enumerate(looks)
    ]
    await session.execute(insert(SloObjective), rows)


async def get_slo(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One SLO, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    statement = select(*_slo).where(_slo.key == key)
    return await one_row(session, statement, f"There is no SLO {key}", lock=lock)


async def get_slo_then(session: AsyncSession, key: str, as_of: datetime | None) -> Row[Any]:
    """One SLO as it is, or as it was known then; 404 if there is or was none."""
    if as_of is None:
        return await get_slo(session, key)
    known = SLOS.known(as_of)
    statement = select(*known).where(known.key == key)
    return await one_row(session, statement, f"There was no SLO {key} yet")


async def list_slos(
    session: AsyncSession, wanted: SloFilter, page: PageParams, as_of: datetime | None = None
) -> list[Row[Any]]:
    """SLOs by key, one more than the page holds; `as_of`: as they were known then."""
    known = SLOS.known(as_of)
    statement = select(*known).where(*_conditions(known, wanted))
    return list((await session.execute(keyset(statement, [known.key], page))).all())


def _conditions(known: Any, wanted: SloFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.service is not None:
        conditions.append(known.service == wanted.service)
    if wanted.state is not None:
        conditions.append(known.state == wanted.state)
    if wanted.sli is not None:
        looking = known.objectives.contains([{"sli": wanted.sli}])
        conditions.append(or_(known.sli == wanted.sli, looking))
    return conditions


async def slos_by_key(
    session: AsyncSession, keys: Sequence[str], as_of: datetime | None = None
) -> Sequence[Row[Any]]:
    """Those of these SLOs that there are, by key; `as_of`: as they were known then."""
    known = SLOS.known(as_of)
    statement = select(*known).where(known.key.in_(keys)).order_by(known.key)
    return (await session.execute(statement)).all()


def slos_of_service(service: str) -> Query[list[Any]]:
    """The active SLOs of a service, by key."""
    return Query(_slos_of_service(), {"service": service}, list)


@cache
def _slos_of_service() -> Select[Any]:
    return (
        select(*_slo)
        .where(_slo.service == bindparam("service"), _slo.state == SloState.ACTIVE)
        .order_by(_slo.key)
    )


async def slos_after(session: AsyncSession, key: str, limit: int) -> Sequence[Row[Any]]:
    """Active SLOs by key, from the one after `key` on: to walk through all of them."""
    statement = (
        select(*_slo)
        .where(_slo.key > key, _slo.state == SloState.ACTIVE)
        .order_by(_slo.key)
        .limit(limit)
    )
    return (await session.execute(statement)).all()


async def slos_on(session: AsyncSession, sli: str) -> list[str]:
    """Keys of the active SLOs that look at an SLI."""
    statement = (
        select(_slo.key)
        .join(SloObjective, _objective.slo == _slo.key)
        .where(_objective.sli == sli, _slo.state == SloState.ACTIVE)
        .distinct()
        .order_by(_slo.key)
    )
    return list((await session.scalars(statement)).all())


async def looks_of(
    session: AsyncSession, slos: Collection[Any], as_of: datetime | None = None
) -> dict[str, list[Look]]:
    """What the objectives of these SLOs (rows) look at, in their order; `as_of`: looked at then."""
    if as_of is not None:
        return await _looks_then(session, slos, as_of)
    statement = (
        select(_objective.slo, Sli.service, Sli.feed, *_facet)
        .join(SliFacet, _facet.id == _objective.facet)
        .join(Sli, Sli.key == _objective.sli)
        .where(_objective.slo.in_([slo.key for slo in slos]))
        .order_by(_objective.slo, _objective.number)
    )
    looks: dict[str, list[Look]] = {}
    for row in await session.execute(statement):
        looks.setdefault(row.slo, []).append(look_of(row))
    return looks


async def _looks_then(
    session: AsyncSession, slos: Collection[Any], as_of: datetime
) -> dict[str, list[Look]]:
    """By the versions of then; facets are never changed. What an SLO names was there, even where
    the clock of the process that recorded it was ahead."""
    facets = {slo.key: facets_of(slo._mapping) for slo in slos}
    known = SLIS.known(as_of)
    feed = func.coalesce(known.feed, Sli.feed).label("feed")
    statement = (
        select(Sli.service, feed, *_facet)
        .join(Sli, Sli.key == _facet.sli)
        .outerjoin(known.key.table, known.key == Sli.key)
        .where(_facet.sli.in_({facet.sli for some in facets.values() for facet in some}))
    )
    looks = {
        Facet(row.sli, row.op, row.value, row.slice_minutes, row.slice_target): look_of(row)
        for row in await session.execute(statement)
    }
    return {key: [looks[facet] for facet in some] for key, some in facets.items()}


def facets_of(slo: Mapping[str, Any]) -> list[Facet]:
    """By which facets of their SLIs the objectives of an SLO are summed up, in their order."""
    return [_facet_of(slo, objective) for objective in slo["objectives"]]


def _facet_of(slo: Mapping[str, Any], objective: Mapping[str, Any]) -> Facet:
    value, target = objective["value"], objective["time_slice_target"]
    judged = slo["budgeting_method"] == BudgetingMethod.TIMESLICES
    return Facet(
        sli=objective["sli"] or slo["sli"],
        op=objective["op"],
        # Large ones are integers when they are read again, which equal no float.
        value=None if value is None else float(value),
        slice_minutes=objective["time_slice_window"],
        slice_target=Decimal(str(target)) if judged else None,
    )


def look_of(row: Row[Any]) -> Look:
    """What a facet of an SLI looks at, from a row of the facet with the SLI's service and feed."""
    feed = row.feed if row.feed["kind"] == FeedKind.RECORDS else {}
    return Look(
        facet=row.id,
        service=row.service,
        measure=RecordMeasure(feed["measure"]) if feed else None,
        priorities=tuple(feed.get("priorities", ())),
        channels=tuple(feed.get("channels", ())),
        within_hours=None if feed.get("within_hours") is None else str(feed["within_hours"]),
        op=row.op,
        value=row.value,
        slice_minutes=row.slice_minutes,
        slice_target=row.slice_target,
    )
