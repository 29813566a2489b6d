"""Every SQL statement of service credits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.samples.tables import SliFacet
from metrics_api.service_credits.tables import ServiceCredit
from metrics_api.slis.tables import Sli
from shared.kit.pagination import PageParams, keyset

# Any number: one computation at a time.
_COMPUTATION = 7_205_331_912


async def lock_computation(session: AsyncSession) -> None:
    """Let one transaction at a time compute credits."""
    await session.execute(select(func.pg_advisory_xact_lock(_COMPUTATION)))


async def present_credits(
    session: AsyncSession, identity: Mapping[str, Any]
) -> dict[str, ServiceCredit]:
    """What is kept of a guaranteed target for one service, by period."""
    statement = select(ServiceCredit).where(
        *(getattr(ServiceCredit, name) == value for name, value in identity.items()),
        ServiceCredit.ended_at.is_(None),
    )
    return {row.period: row for row in (await session.scalars(statement)).all()}


async def replace_credits(
    session: AsyncSession, ended: Sequence[int], rows: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """End rows that no longer hold and record those that do; what was known stays known."""
    if ended:
        await session.execute(
            update(ServiceCredit).where(ServiceCredit.id.in_(ended)).values(ended_at=at)
        )
    if rows:
        recorded = [{**row, "recorded_at": at} for row in rows]
        await session.execute(insert(ServiceCredit), recorded)


async def summed_sli(session: AsyncSession, sli: str) -> Row[Any] | None:
    """Service, kind and feed of an SLI, and the facet by which whole events of it are summed up.

    That of samples is there as soon as an SLO by occurrences looks at the SLI.
    """
    plain = (
        (SliFacet.sli == Sli.key)
        & SliFacet.op.is_(None)
        & SliFacet.slice_minutes.is_(None)
        & SliFacet.slice_target.is_(None)
    )
    statement = (
        select(Sli.service, Sli.kind, Sli.feed, *SliFacet.__table__.c)
        .outerjoin(SliFacet, plain)
        .where(Sli.key == sli)
    )
    return (await session.execute(statement)).first()


@dataclass(frozen=True)
class CreditFilter:
    """What a list of credits is narrowed to; the range of ends of periods is [from, to)."""

    agreement: str | None = None
    service: str | None = None
    due: bool | None = None
    ended_from: datetime | None = None
    ended_to: datetime | None = None


async def list_credits(
    session: AsyncSession, wanted: CreditFilter, page: PageParams
) -> Sequence[ServiceCredit]:
    """Credits as they stand, the latest periods first."""
    statement = select(ServiceCredit).where(ServiceCredit.ended_at.is_(None), *_conditions(wanted))
    order: list[Any] = [ServiceCredit.period_end.desc(), ServiceCredit.id.desc()]
    return (await session.scalars(keyset(statement, order, page))).all()


def _conditions(wanted: CreditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.agreement is not None:
        conditions.append(ServiceCredit.agreement == wanted.agreement)
    if wanted.service is not None:
        conditions.append(ServiceCredit.service == wanted.service)
    if wanted.due is not None:
        conditions.append((ServiceCredit.credit > 0).is_(wanted.due))
    if wanted.ended_from is not None:
        conditions.append(ServiceCredit.period_end >= wanted.ended_from)
    if wanted.ended_to is not None:
        conditions.append(ServiceCredit.period_end < wanted.ended_to)
    return conditions
