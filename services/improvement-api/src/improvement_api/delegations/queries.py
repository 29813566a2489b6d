"""Statements over delegations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.delegations.rules import Terms
from improvement_api.delegations.tables import Delegation
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class DelegationFilter:
    """None means any; `valid_at`: valid at that moment and not revoked."""

    delegate: str | None = None
    delegator: str | None = None
    role: str | None = None
    valid_at: datetime | None = None


async def list_delegations(
    session: AsyncSession, wanted: DelegationFilter, page: PageParams
) -> list[Delegation]:
    """Delegations, newest first, one more than the page holds."""
    statement = select(Delegation)
    for column, value in (
        (Delegation.delegate, wanted.delegate),
        (Delegation.delegator, wanted.delegator),
        (Delegation.role, wanted.role),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.valid_at is not None:
        statement = statement.where(
            Delegation.valid_from <= wanted.valid_at,
            Delegation.valid_until > wanted.valid_at,
            Delegation.revoked_at.is_(None),
        )
    order: list[Any] = [Delegation.created_at.desc(), Delegation.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def insert_delegation(session: AsyncSession, delegation: Delegation) -> None:
    session.add(delegation)
    await session.flush()


async def get_delegation(
    session: AsyncSession, delegation_id: UUID, *, lock: bool = False
) -> Delegation:
    """One delegation, NotFound when there is none; no revocation passes a lock on it."""
    row = await session.get(Delegation, delegation_id, with_for_update=lock)
    if row is None:
        raise NotFound(f"There is no delegation {delegation_id}")
    return row


def terms_of(row: Delegation) -> Terms:
    """A row as the rules read it."""
    return Terms(
        role=row.role,
        delegator=row.delegator,
        delegate=row.delegate,
        service=row.service,
        gate=row.gate,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        revoked=row.revoked_at is not None,
    )
