"""SQL of outgoing events: outbox, subscriptions, deliveries."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Row,
    Select,
    Text,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.event_tables import EventTables
from shared.kit.pagination import PageParams, keyset
from shared.kit.tables import kit_tables_of

# The transaction that wrote the row last: a version without a column of its own.
_row_version: ColumnElement[str] = literal_column("subscription.xmin::text", Text)


@dataclass(frozen=True)
class EventFilter:
    type: str | None
    subject: str | None


@dataclass(frozen=True)
class DeliveryFilter:
    subscription: uuid.UUID | None
    state: str | None


@dataclass(frozen=True)
class Attempt:
    """What came of sending one event; `status` is the HTTP status, if there was an answer."""

    delivered: bool
    status: int | None
    error: str | None
    at: datetime
    next_at: datetime | None


def _tables(session: AsyncSession) -> EventTables:
    return kit_tables_of(session).events


async def insert_events(session: AsyncSession, events: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(_tables(session).outbox_event), events)


async def hold_sequence(session: AsyncSession) -> None:
    """Be the one transaction that numbers events."""
    name = f"events of {_tables(session).outbox_event.fullname}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


async def sequence_events(session: AsyncSession) -> list[str]:
    """Give committed events their sequence, in the order of their positions; answers their types.

    A change of a subject waits for the one before it to commit, so positions of one subject are
    in order; one transaction at a time numbers what is committed (hold_sequence).
    """
    await hold_sequence(session)
    table = _tables(session).outbox_event
    last = select(func.coalesce(func.max(table.c.sequence), 0)).scalar_subquery()
    fresh = (
        select(table.c.id, func.row_number().over(order_by=table.c.position).label("number"))
        .where(table.c.sequence.is_(None))
        .subquery()
    )
    numbered = (
        update(table)
        .where(table.c.id == fresh.c.id)
        .values(sequence=last + fresh.c.number)
        .returning(table.c.type)
    )
    return sorted(set((await session.scalars(numbered)).all()))


async def wanting_subscriptions(session: AsyncSession, types: Sequence[str]) -> list[Row[Any]]:
    """Active subscriptions that want one of the types, but for those waiting for a retry."""
    table = _tables(session).subscription
    names = [*types, *sorted({f"{name.split('.')[0]}.*" for name in types})]
    statement = (
        select(table)
        .where(
            table.c.state == "active",
            or_(table.c.types == [], table.c.types.overlap(names)),
            or_(table.c.retry_at.is_(None), table.c.retry_at <= func.now()),
        )
        .order_by(table.c.id)
    )
    return list((await session.execute(statement)).all())


def _family(type_: ColumnElement[str]) -> ColumnElement[str]:
    """What names all events of a resource: `request.*` for `request.submitted`."""
    return func.split_part(type_, ".", 1).concat(".*")


async def find_subscription(session: AsyncSession, subscription: uuid.UUID) -> Row[Any] | None:
    """A subscription with its `row_version`, which every change of the row changes, and whether it
    `is_waiting` for its next attempt by the clock that starts jobs."""
    table = _tables(session).subscription
    is_waiting = func.coalesce(table.c.retry_at > func.now(), False)
    found = select(table, _row_version.label("row_version"), is_waiting.label("is_waiting"))
    return await _first(session, found.where(table.c.id == subscription))


async def next_events(
    session: AsyncSession, after: int, types: Sequence[str], limit: int
) -> list[Row[Any]]:
    """The events after a sequence that a subscriber of these types wants, in order."""
    table = _tables(session).outbox_event
    statement = select(table).where(table.c.sequence > after)
    if types:
        statement = statement.where(table.c.type.in_(types) | _family(table.c.type).in_(types))
    statement = statement.order_by(table.c.sequence).limit(limit)
    return list((await session.execute(statement)).all())


async def advance(
    session: AsyncSession, subscription: uuid.UUID, seen: str, sequence: int, at: datetime
) -> str | None:
    """Move the cursor on after successes; the row's new version.

    None when somebody changed the row since it had the version `seen`: a replay, even to where
    the cursor stands.
    """
    table = _tables(session).subscription
    statement = (
        update(table)
        .where(table.c.id == subscription, _row_version == seen, table.c.state == "active")
        .values(cursor=sequence, failures=0, failing_since=None, retry_at=None, delivered_at=at)
        .returning(_row_version)
    )
    return (await session.scalars(statement)).first()


async def count_failure(session: AsyncSession, subscription: uuid.UUID) -> Row[Any] | None:
    """The subscription after one more failure in a row, `failed_at` by the clock that starts jobs;
    None when it was deleted."""
    table = _tables(session).subscription
    statement = (
        update(table)
        .where(table.c.id == subscription)
        .values(
            failures=table.c.failures + 1,
            failing_since=func.coalesce(table.c.failing_since, func.now()),
        )
        .returning(table, func.now().label("failed_at"))
    )
    return await _first(session, statement)


async def change_subscription(
    session: AsyncSession, subscription: uuid.UUID, values: Mapping[str, Any]
) -> Row[Any] | None:
    """The subscription after the change, or None when there is none."""
    table = _tables(session).subscription
    statement = update(table).where(table.c.id == subscription).values(values).returning(table)
    return await _first(session, statement)


async def insert_subscription(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any] | None:
    """The new subscription, or None when the name is taken."""
    table = _tables(session).subscription
    statement = postgresql.insert(table).values(values).on_conflict_do_nothing().returning(table)
    return await _first(session, statement)


async def delete_subscription(session: AsyncSession, subscription: uuid.UUID) -> None:
    table = _tables(session).subscription
    await session.execute(delete(table).where(table.c.id == subscription))


async def upsert_built_in(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    """Register a subscriber of the settings, or bring it in line with them."""
    table = _tables(session).subscription
    fresh = postgresql.insert(table).values(values)
    settled = {name: fresh.excluded[name] for name in ("url", "types", "secret", "built_in")}
    statement = fresh.on_conflict_do_update(
        index_elements=[table.c.name],
        set_={**settled, "state": "active", "disabled_reason": None, "retry_at": None},
    ).returning(table)
    upserted: Row[Any] = (await session.execute(statement)).one()
    return upserted


async def delete_built_ins_except(session: AsyncSession, names: Sequence[str]) -> None:
    """Drop subscribers that the settings do not name any more."""
    table = _tables(session).subscription
    await session.execute(
        delete(table).where(table.c.built_in.is_(True), table.c.name.not_in(names))
    )


async def last_sequence(session: AsyncSession) -> int:
    """The sequence of the newest event, 0 before the first."""
    table = _tables(session).outbox_event
    newest: int = (
        await session.scalars(select(func.coalesce(func.max(table.c.sequence), 0)))
    ).one()
    return newest


async def record_attempts(
    session: AsyncSession, subscription: uuid.UUID, attempts: Sequence[tuple[Row[Any], Attempt]]
) -> None:
    """Note one attempt each in the deliveries of these events to this subscriber."""
    table = _tables(session).delivery
    first = postgresql.insert(table)
    settled = ("state", "status", "error", "last_attempt_at", "next_attempt_at")
    statement = first.on_conflict_do_update(
        index_elements=[table.c.subscription_id, table.c.event_id],
        set_={name: first.excluded[name] for name in settled} | {"attempts": table.c.attempts + 1},
    )
    rows = [
        {
            "id": uuid.uuid4(),
            "subscription_id": subscription,
            "event_id": event.id,
            "sequence": event.sequence,
            "attempts": 1,
            "first_attempt_at": attempt.at,
            "state": "delivered" if attempt.delivered else "failing",
            "status": attempt.status,
            "error": attempt.error,
            "last_attempt_at": attempt.at,
            "next_attempt_at": attempt.next_at,
        }
        for event, attempt in attempts
    ]
    await session.execute(statement, rows)


async def list_subscriptions(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    table = _tables(session).subscription
    return await _page(session, select(table), [table.c.name], page)


async def list_events(
    session: AsyncSession, wanted: EventFilter, page: PageParams
) -> list[Row[Any]]:
    """Published events in sequence."""
    table = _tables(session).outbox_event
    statement = select(table).where(table.c.sequence.is_not(None))
    if wanted.type is not None:
        statement = statement.where(table.c.type == wanted.type)
    if wanted.subject is not None:
        statement = statement.where(table.c.subject == wanted.subject)
    return await _page(session, statement, [table.c.sequence], page)


async def list_deliveries(
    session: AsyncSession, wanted: DeliveryFilter, page: PageParams
) -> list[Row[Any]]:
    """Deliveries, newest event first."""
    table = _tables(session).delivery
    statement = select(table)
    if wanted.subscription is not None:
        statement = statement.where(table.c.subscription_id == wanted.subscription)
    if wanted.state is not None:
        statement = statement.where(table.c.state == wanted.state)
    return await _page(session, statement, [table.c.sequence.desc(), table.c.id.desc()], page)


async def _first(session: AsyncSession, statement: Executable) -> Row[Any] | None:
    found: Row[Any] | None = (await session.execute(statement)).first()
    return found


async def _page(
    session: AsyncSession,
    statement: Select[Any],
    order: Sequence[ColumnElement[Any]],
    page: PageParams,
) -> list[Row[Any]]:
    return list((await session.execute(keyset(statement, order, page))).all())


async def purge_events(session: AsyncSession, before: datetime) -> None:
    """Forget old events that no active subscriber still wants, with their deliveries.

    The newest event stays: the next sequence is counted from it.
    """
    event, subscription = _tables(session).outbox_event, _tables(session).subscription
    still_wanted = exists().where(
        subscription.c.state == "active",
        subscription.c.cursor < event.c.sequence,
        or_(
            subscription.c.types == [],
            event.c.type == func.any(subscription.c.types),
            _family(event.c.type) == func.any(subscription.c.types),
        ),
    )
    newest = select(func.max(event.c.sequence)).scalar_subquery()
    await session.execute(
        delete(event).where(event.c.occurred_at < before, event.c.sequence < newest, ~still_wanted)
    )
