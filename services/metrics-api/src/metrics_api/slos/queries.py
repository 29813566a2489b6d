"""Every SQL statement about SLOs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.measures.rules import Look
from metrics_api.samples.tables import SliFacet
from metrics_api.slis.rules import FeedKind, RecordMeasure
from metrics_api.slis.tables import Sli
from metrics_api.slos.rules import SloState
from metrics_api.slos.tables import Slo, SloObjective, SloVersion
from metrics_api.versioned.queries import Versioned, one_row
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


async def list_slos(session: AsyncSession, wanted: SloFilter, page: PageParams) -> list[Row[Any]]:
    """SLOs by key, one more than the page holds."""
    statement = select(*_slo).where(*_conditions(wanted))
    return list((await session.execute(keyset(statement, [_slo.key], page))).all())


def _conditions(wanted: SloFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.service is not None:
        conditions.append(_slo.service == wanted.service)
    if wanted.state is not None:
        conditions.append(_slo.state == wanted.state)
    if wanted.sli is not None:
        looking = select(_objective.slo).where(_objective.sli == wanted.sli)
        conditions.append(_slo.key.in_(looking))
    return conditions


async def slos_by_key(session: AsyncSession, keys: Sequence[str]) -> Sequence[Row[Any]]:
    """Those of these SLOs that there are, by key."""
    statement = select(*_slo).where(_slo.key.in_(keys)).order_by(_slo.key)
    return (await session.execute(statement)).all()


async def slos_of_service(session: AsyncSession, service: str) -> Sequence[Row[Any]]:
    """The active SLOs of a service, by key."""
    statement = (
        select(*_slo)
        .where(_slo.service == service, _slo.state == SloState.ACTIVE)
        .order_by(_slo.key)
    )
    return (await session.execute(statement)).all()


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


async def looks_of(session: AsyncSession, slos: Sequence[str]) -> dict[str, list[Look]]:
    """What the objectives of these SLOs look at, in their order."""
    statement = (
        select(_objective.slo, Sli.service, Sli.feed, *_facet)
        .join(SliFacet, _facet.id == _objective.facet)
        .join(Sli, Sli.key == _objective.sli)
        .where(_objective.slo.in_(slos))
        .order_by(_objective.slo, _objective.number)
    )
    looks: dict[str, list[Look]] = {}
    for row in await session.execute(statement):
        looks.setdefault(row.slo, []).append(look_of(row))
    return looks


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
