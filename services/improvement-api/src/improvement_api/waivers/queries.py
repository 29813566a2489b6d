"""Statements over waivers."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import NOW, SERVICE
from improvement_api.waivers.rules import ApprovedWaiver, WaiverState
from improvement_api.waivers.tables import Waiver
from shared.errors import NotFound
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate, WaiverNote


@dataclass(frozen=True)
class WaiverFilter:
    """None means any. The state is the one at `now`: see rules.state_at."""

    now: datetime
    service: str | None = None
    gate: Gate | None = None
    criterion: str | None = None
    state: WaiverState | None = None


async def approved_waivers(
    session: AsyncSession, places: Collection[tuple[str, Gate]], now: datetime
) -> dict[tuple[str, Gate], list[ApprovedWaiver]]:
    """The waivers in force by (service, gate); empty where there are none."""
    asked = sorted(set(places))
    services, gates = [service for service, _ in asked], [gate.value for _, gate in asked]
    told = {"services": services, "gates": gates, "now": now}
    found: dict[tuple[str, Gate], list[ApprovedWaiver]] = defaultdict(list)
    for row in await rows_of(session, _in_force(), told):
        note = WaiverNote(id=str(row.id), risk_owner=row.risk_owner, expires_at=row.expires_at)
        found[row.service, row.gate].append(ApprovedWaiver(row.criterion, row.demand, note))
    return found


@cache
def _in_force() -> Select[Any]:
    waiver = Waiver.__table__.c
    keys = (bindparam(name, type_=ARRAY(Text())) for name in ("services", "gates"))
    places = func.unnest(*keys).table_valued("service", "gate").render_derived()
    return select(
        waiver.id,
        waiver.service,
        waiver.gate,
        waiver.criterion,
        waiver.demand,
        waiver.risk_owner,
        waiver.expires_at,
    ).where(
        tuple_(waiver.service, cast(waiver.gate, Text)).in_(select(places)),
        waiver.state == WaiverState.APPROVED,
        waiver.expires_at > bindparam("now"),
    )


FACTS: Final = select(func.count()).where(
    Waiver.service == SERVICE, Waiver.state == WaiverState.APPROVED, Waiver.expires_at > NOW
)
"""How many waivers of a service are in force."""


async def list_waivers(
    session: AsyncSession, wanted: WaiverFilter, page: PageParams
) -> list[Waiver]:
    """Waivers, newest first, one more than the page holds."""
    statement = select(Waiver).where(*_conditions(wanted))
    order: list[Any] = [Waiver.requested_at.desc(), Waiver.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


def _conditions(wanted: WaiverFilter) -> list[ColumnElement[bool]]:
    given = (
        (Waiver.service, wanted.service),
        (Waiver.gate, wanted.gate),
        (Waiver.criterion, wanted.criterion),
    )
    conditions = [column == value for column, value in given if value is not None]
    over = (Waiver.state == WaiverState.APPROVED) & (Waiver.expires_at <= wanted.now)
    if wanted.state is WaiverState.EXPIRED:
        conditions.append((Waiver.state == WaiverState.EXPIRED) | over)
    elif wanted.state is not None:
        conditions += [Waiver.state == wanted.state, ~over]
    return conditions


async def insert_waiver(session: AsyncSession, waiver: Waiver) -> None:
    session.add(waiver)
    await session.flush()


async def get_waiver(session: AsyncSession, waiver_id: UUID, *, lock: bool = False) -> Waiver:
    """One waiver, held until the transaction ends if `lock`; NotFound when there is none."""
    row = await session.get(Waiver, waiver_id, with_for_update=lock)
    if row is None:
        raise NotFound(f"There is no waiver {waiver_id}")
    return row


async def expire_waivers(session: AsyncSession, now: datetime, limit: int) -> list[Waiver]:
    """Mark those that are over, at most `limit` of them, and give them, oldest expiry first."""
    due = (
        select(Waiver.id)
        .where(Waiver.state == WaiverState.APPROVED, Waiver.expires_at <= now)
        .order_by(Waiver.expires_at, Waiver.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(Waiver)
        .where(Waiver.id.in_(due.scalar_subquery()))
        .values(
            state=WaiverState.EXPIRED,
            ended_at=Waiver.expires_at,
            revision=Waiver.revision + 1,
        )
        .returning(Waiver)
    )
    expired = await session.scalars(statement)
    return sorted(expired, key=lambda waiver: (waiver.expires_at, waiver.id))
