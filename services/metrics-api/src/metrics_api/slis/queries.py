"""Every SQL statement about SLIs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.slis.rules import SliState
from metrics_api.slis.tables import Sli, SliVersion
from metrics_api.versioned.queries import Versioned, one_row
from shared.kit.pagination import PageParams, keyset

_sli = Sli.__table__.c
SLIS = Versioned(Sli, SliVersion)


@dataclass(frozen=True)
class SliFilter:
    """Which SLIs; None asks for any."""

    service: str | None
    state: SliState | None


async def get_sli(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One SLI, 404 if there is none; `lock` keeps others from changing it meanwhile."""
    statement = select(*_sli).where(_sli.key == key)
    return await one_row(session, statement, f"There is no SLI {key}", lock=lock)


async def slis_by_key(session: AsyncSession, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """Those of these SLIs that there are, kept from being retired meanwhile."""
    statement = select(*_sli).where(_sli.key.in_(keys)).order_by(_sli.key)
    rows = await session.execute(statement.with_for_update(read=True))
    return {row.key: row for row in rows}


async def sli_names(
    session: AsyncSession, keys: Sequence[str], as_of: datetime | None = None
) -> dict[str, str]:
    """Names (or keys) of the active ones among these SLIs; `as_of`: as they were known then."""
    known = SLIS.known(as_of)
    statement = select(known.key, known.name).where(
        known.key.in_(keys), known.state == SliState.ACTIVE.value
    )
    return {row.key: row.name or row.key for row in await session.execute(statement)}


async def list_slis(session: AsyncSession, wanted: SliFilter, page: PageParams) -> list[Row[Any]]:
    """SLIs by key, one more than the page holds."""
    statement = select(*_sli)
    if wanted.service is not None:
        statement = statement.where(_sli.service == wanted.service)
    if wanted.state is not None:
        statement = statement.where(_sli.state == wanted.state)
    return list((await session.execute(keyset(statement, [_sli.key], page))).all())


async def lock_samples(session: AsyncSession, key: str) -> None:
    """Let one transaction at a time change samples and sums of an SLI.

    Its sums are computed anew from its samples: who does so must see all of them.
    """
    name = func.hashtextextended(literal(f"samples\n{key}"), 0)
    await session.execute(select(func.pg_advisory_xact_lock(name)))
