"""Every SQL statement over critical success factors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.success_factors.tables import (
    SuccessFactor,
    SuccessFactorKpi,
    SuccessFactorVersion,
)
from metrics_api.tiers.asking import Measured
from metrics_api.versioned.queries import Versioned, said_at
from shared.errors import NotFound
from shared.kit.database import Query
from shared.kit.pagination import PageParams, keyset

_PAIR = func.json_build_object("kpi", SuccessFactorKpi.kpi, "service", SuccessFactorKpi.service)
_KPIS = (
    select(
        func.json_agg(
            postgresql.aggregate_order_by(_PAIR, SuccessFactorKpi.kpi, SuccessFactorKpi.service)
        )
    )
    .where(SuccessFactorKpi.factor == SuccessFactor.key)
    .scalar_subquery()
    .label("kpis")
)
_FACTOR = (*SuccessFactor.__table__.c, _KPIS)
FACTORS = Versioned(SuccessFactor, SuccessFactorVersion)


@dataclass(frozen=True)
class FactorFilter:
    """Which factors; None asks for any."""

    objective: str | None = None
    kra: str | None = None
    service: str | None = None
    active: bool | None = None


async def insert_factor(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the key is taken."""
    statement = postgresql.insert(SuccessFactor).values(**values).on_conflict_do_nothing()
    return (await session.execute(statement.returning(SuccessFactor.key))).first() is not None


async def update_factor(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    await session.execute(update(SuccessFactor).where(SuccessFactor.key == key).values(**values))


async def replace_kpis(session: AsyncSession, factor: str, kpis: Sequence[tuple[str, str]]) -> None:
    """Let these (KPI, service) pairs satisfy a factor, and no others."""
    await session.execute(delete(SuccessFactorKpi).where(SuccessFactorKpi.factor == factor))
    rows = [{"factor": factor, "kpi": kpi, "service": service} for kpi, service in kpis]
    await session.execute(insert(SuccessFactorKpi), rows)


async def get_factor(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One factor with its KPIs, 404 if there is none; `lock` holds it for a change."""
    if lock:
        held = select(SuccessFactor.key).where(SuccessFactor.key == key).with_for_update()
        await session.execute(held)
    row = (await session.execute(select(*_FACTOR).where(SuccessFactor.key == key))).first()
    if row is None:
        raise NotFound(f"There is no critical success factor {key}")
    return row


async def get_factor_then(session: AsyncSession, key: str, as_of: datetime | None) -> Measured:
    """What satisfies a factor, or satisfied it as known then; 404 if it was not."""
    if as_of is None:
        factor = await get_factor(session, key)
        return Measured(key, factor.name, factor.kpis)
    missing = f"There was no critical success factor {key} yet"
    said = await said_at(session, FACTORS, key, as_of, missing)
    return Measured(key, said["name"], said["kpis"])


async def list_factors(
    session: AsyncSession, wanted: FactorFilter, page: PageParams
) -> list[Row[Any]]:
    """By key, one more than the page holds."""
    equal = (
        (SuccessFactor.objective, wanted.objective),
        (SuccessFactor.kra, wanted.kra),
        (SuccessFactor.active, wanted.active),
    )
    statement = select(*_FACTOR).where(
        *(column == value for column, value in equal if value is not None)
    )
    if wanted.service is not None:
        measured = exists().where(
            SuccessFactorKpi.factor == SuccessFactor.key,
            SuccessFactorKpi.service == wanted.service,
        )
        statement = statement.where(measured)
    order: list[Any] = [SuccessFactor.key]
    return list((await session.execute(keyset(statement, order, page))).all())


def factors_of_service(service: str) -> Query[list[Any]]:
    """Active factors that a KPI of the service satisfies, with all their KPIs."""
    return Query(_factors_of_service(), {"service": service}, list)


@cache
def _factors_of_service() -> Select[Any]:
    measured = exists().where(
        SuccessFactorKpi.factor == SuccessFactor.key,
        SuccessFactorKpi.service == bindparam("service"),
    )
    return (
        select(*_FACTOR).where(SuccessFactor.active.is_(True), measured).order_by(SuccessFactor.key)
    )
