"""Every SQL statement about SLIs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.slis.rules import SliState
from metrics_api.slis.tables import Sli, SliVersion
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset

_sli = Sli.__table__.c
_version = SliVersion.__table__.c


@dataclass(frozen=True)
class SliFilter:
    """Which SLIs; None asks for any."""

    service: str | None
    state: SliState | None


async def insert_sli(session: AsyncSession, sli: Mapping[str, Any]) -> bool:
    """Add an SLI with its first version; False when its key is or was another's."""
    statement = insert(Sli).values(**sli).on_conflict_do_nothing().returning(_sli.key)
    return await session.scalar(statement) is not None


async def replace_sli(session: AsyncSession, sli: Mapping[str, Any]) -> None:
    await session.execute(update(Sli).where(_sli.key == sli["key"]).values(**sli))


async def keep_version(
    session: AsyncSession, sli: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    """Keep what a version says; `data` are its fields as on the wire."""
    version = {name: sli[name] for name in ("key", "version", "recorded_at", "recorded_by")}
    await session.execute(insert(SliVersion).values(**version, data=dict(data)))


async def get_sli(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One SLI, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    statement = select(*_sli).where(_sli.key == key)
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound(f"There is no SLI {key}")
    return row


async def slis_by_key(session: AsyncSession, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Those of these SLIs that there are, kept from being retired meanwhile."""
    statement = select(*_sli).where(_sli.key.in_(keys)).order_by(_sli.key)
    rows = await session.execute(statement.with_for_update(read=True))
    return {row.key: row for row in rows}


async def list_slis(session: AsyncSession, wanted: SliFilter, page: PageParams) -> list[Row[Any]]:
    """SLIs by key, one more than the page holds."""
    statement = select(*_sli)
    if wanted.service is not None:
        statement = statement.where(_sli.service == wanted.service)
    if wanted.state is not None:
        statement = statement.where(_sli.state == wanted.state)
    return list((await session.execute(keyset(statement, [_sli.key], page))).all())


async def list_versions(session: AsyncSession, key: str, page: PageParams) -> list[Row[Any]]:
    """Versions of an SLI, newest first, one more than the page holds."""
    statement = select(_version.data, _version.version).where(_version.key == key)
    order = [_version.version.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def lock_samples(session: AsyncSession, key: str) -> None:
    """Let one transaction at a time change samples and sums of an SLI.

    Its sums are computed anew from its samples: who does so must see all of them.
    """
    name = func.hashtextextended(literal(f"samples\n{key}"), 0)
    await session.execute(select(func.pg_advisory_xact_lock(name)))
