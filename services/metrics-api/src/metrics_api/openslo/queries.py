"""Every SQL statement of OpenSLO's own: data sources, and what an export reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.tables import ReferenceCopy, ServiceCopy
from metrics_api.openslo.tables import OpensloDataSource
from metrics_api.slis.rules import SliState
from metrics_api.slis.tables import Sli
from metrics_api.slos.rules import SloState
from metrics_api.slos.tables import Slo

_source = OpensloDataSource.__table__.c


async def services_by_name(session: AsyncSession, names: Sequence[str]) -> dict[str, str]:
    """Keys of the services that names mean: a key, a name, or a reference of any source."""
    folded = [name.strip().casefold() for name in names]
    spelt = {
        **dict(await _pairs(session, func.lower(ServiceCopy.name), ServiceCopy.key, folded)),
        **dict(await _pairs(session, ServiceCopy.key, ServiceCopy.key, folded)),
    }
    general = (
        select(ReferenceCopy.words, ReferenceCopy.service)
        .where(
            ReferenceCopy.words.in_(folded),
            ReferenceCopy.source.is_(None),
            ReferenceCopy.ended_at.is_(None),
        )
        .order_by(ReferenceCopy.service.desc())
    )
    for words, service in await session.execute(general):
        spelt.setdefault(words, service)
    return {name: spelt[one] for name, one in zip(names, folded, strict=True) if one in spelt}


async def _pairs(
    session: AsyncSession, words: Any, key: Any, folded: Sequence[str]
) -> Sequence[tuple[str, str]]:
    # Of two services of one name the first by key is meant.
    statement = select(words, key).where(words.in_(folded)).order_by(key.desc())
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def known_slis(session: AsyncSession) -> dict[str, str]:
    """Services of the active SLIs by key."""
    statement = select(Sli.key, Sli.service).where(Sli.state == SliState.ACTIVE.value)
    return {row.key: row.service for row in await session.execute(statement)}


async def put_data_source(session: AsyncSession, values: Mapping[str, Any]) -> None:
    statement = insert(OpensloDataSource).values(**values)
    changed = {name: values[name] for name in values if name != "name"}
    await session.execute(
        statement.on_conflict_do_update(index_elements=[_source.name], set_=changed)
    )


async def data_sources(session: AsyncSession) -> dict[str, Any]:
    """Documents of all data sources by name."""
    rows = await session.execute(select(_source.name, _source.document).order_by(_source.name))
    return {row.name: row.document for row in rows}


async def exported_slos(
    session: AsyncSession, service: str | None, slo: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Active SLOs by key, one more than the limit."""
    statement = select(*Slo.__table__.c).where(Slo.state == SloState.ACTIVE.value)
    if service is not None:
        statement = statement.where(Slo.service == service)
    if slo is not None:
        statement = statement.where(Slo.key == slo)
    return (await session.execute(statement.order_by(Slo.key).limit(limit + 1))).all()


async def exported_slis(
    session: AsyncSession, keys: Sequence[str], service: str | None, *, everything: bool
) -> Sequence[Row[Any]]:
    """Active SLIs of these keys, and (`everything`) all others of the service, by key."""
    statement = select(*Sli.__table__.c).where(Sli.state == SliState.ACTIVE.value)
    if not everything:
        statement = statement.where(Sli.key.in_(keys))
    elif service is not None:
        statement = statement.where((Sli.service == service) | Sli.key.in_(keys))
    return (await session.execute(statement.order_by(Sli.key))).all()
