"""Every SQL statement about owners."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    ScalarSelect,
    Text,
    bindparam,
    exists,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.ownership.rules import Holder
from catalog_api.ownership.tables import Owner
from shared.kit.pagination import PageParams, keyset

_owner = Owner.__table__.c
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _owner.id,
    _owner.role,
    _owner.subject,
    _owner.valid_from,
    _owner.valid_to,
)


def present_owners_of(key: ColumnElement[str]) -> ScalarSelect[Any]:
    """The present owners, as JSON, of the service whose key a column holds."""
    holder = func.jsonb_build_object(
        "role", _owner.role, "subject", _owner.subject, "valid_from", _owner.valid_from
    )
    ordered = func.jsonb_agg(aggregate_order_by(holder, _owner.role, _owner.subject), type_=JSONB)
    return (
        select(func.coalesce(ordered, func.jsonb_build_array(), type_=JSONB))
        .where(_owner.service_key == key, _owner.valid_to.is_(None))
        .scalar_subquery()
    )


def is_owned_by(key: ColumnElement[str], subject: str) -> ColumnElement[bool]:
    """Whether that person holds any role now for the service whose key a column holds."""
    return exists().where(
        _owner.service_key == key, _owner.subject == subject, _owner.valid_to.is_(None)
    )


async def present_owners(session: AsyncSession, service: str) -> list[Holder]:
    """Who holds which role now."""
    statement = select(_owner.role, _owner.subject).where(
        _owner.service_key == service, _owner.valid_to.is_(None)
    )
    return [Holder(row.role, row.subject) for row in await session.execute(statement)]


async def roles_held(session: AsyncSession, service: str, subject: str) -> set[str]:
    """The roles that this person holds now for the service."""
    statement = select(_owner.role).where(
        _owner.service_key == service, _owner.subject == subject, _owner.valid_to.is_(None)
    )
    return set(await session.scalars(statement))


async def list_owners(
    session: AsyncSession, service: str, page: PageParams, *, past: bool
) -> list[Row[Any]]:
    """Owners by beginning, ended ones only if `past`; one more than the page holds."""
    statement = select(*_COLUMNS).where(_owner.service_key == service)
    if not past:
        statement = statement.where(_owner.valid_to.is_(None))
    statement = keyset(statement, [_owner.valid_from, _owner.id], page)
    return list((await session.execute(statement)).all())


async def end_owners(
    session: AsyncSession, service: str, ended: Iterable[Holder], now: datetime
) -> None:
    """Close the present rows of these owners; the history stays."""
    those = [(owner.role, owner.subject) for owner in ended]
    await session.execute(
        update(Owner)
        .where(
            _owner.service_key == service,
            _owner.valid_to.is_(None),
            tuple_(_owner.role, _owner.subject).in_(those),
        )
        .values(valid_to=now)
    )


async def begin_owners(
    session: AsyncSession, service: str, begun: Iterable[Holder], now: datetime
) -> None:
    """Add present rows for these owners."""
    await begin_owners_of_many(session, [(service, owner) for owner in begun], now)


async def present_owners_of_many(
    session: AsyncSession, services: Collection[str]
) -> dict[str, list[Holder]]:
    """Who holds which role now, for each of these services, in order."""
    statement = select(_owner.service_key, _owner.role, _owner.subject).where(
        _owner.service_key.in_(services), _owner.valid_to.is_(None)
    )
    found: dict[str, list[Holder]] = {key: [] for key in services}
    for service, role, subject in await session.execute(statement):
        found[service].append(Holder(role, subject))
    return {key: sorted(owners) for key, owners in found.items()}


_END = text(
    """
    UPDATE catalog.owner SET valid_to = :now
    FROM unnest(:services, :roles, :subjects) AS gone(service, role, subject)
    WHERE owner.service_key = gone.service AND owner.role = gone.role
        AND owner.subject = gone.subject AND owner.valid_to IS NULL
    """
).bindparams(*(bindparam(name, type_=ARRAY(Text)) for name in ("services", "roles", "subjects")))


async def end_owners_of_many(
    session: AsyncSession, ended: Sequence[tuple[str, Holder]], now: datetime
) -> None:
    """Close the present rows of these owners, each of a service, in one statement."""
    if ended:
        gone = {
            "services": [service for service, _ in ended],
            "roles": [owner.role for _, owner in ended],
            "subjects": [owner.subject for _, owner in ended],
        }
        await session.execute(_END, {"now": now, **gone})


async def begin_owners_of_many(
    session: AsyncSession, begun: Sequence[tuple[str, Holder]], now: datetime
) -> None:
    """Add present rows for these owners, each of a service."""
    rows = [
        {
            "id": uuid4(),
            "service_key": service,
            "role": owner.role,
            "subject": owner.subject,
            "valid_from": now,
        }
        for service, owner in begun
    ]
    if rows:
        await session.execute(insert(Owner), rows)
