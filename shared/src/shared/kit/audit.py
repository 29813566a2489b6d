"""The audit trail: who did what, when, on whose behalf, from what to what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import get_contextvars

from shared.kit.auth import Principal
from shared.kit.pagination import PageParams, keyset
from shared.kit.tables import kit_tables_of
from shared.schemas.common import Out

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


class AuditEntryOut(Out):
    """One entry; `before` is null for a creation, `after` for an end."""

    id: int
    at: datetime
    actor: str
    actor_kind: str
    on_behalf_of: str | None
    action: str
    resource: str
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


@dataclass(frozen=True)
class Entry:
    """What was done to `subject`, a (resource, key).

    `before` and `after` may hold stamps, decimals and enums: they are kept as in JSON replies.
    """

    action: str
    subject: tuple[str, str]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


async def record(
    session: AsyncSession,
    who: Principal,
    action: str,
    subject: tuple[str, str],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry in the session's transaction; the parameters are those of Entry."""
    await record_all(session, who, [Entry(action, subject, before, after)])


async def record_all(session: AsyncSession, who: Principal, entries: Sequence[Entry]) -> None:
    """Write many entries in one round trip."""
    request_id = get_contextvars().get("request_id")
    rows = [
        {
            "actor": who.subject,
            "actor_kind": who.kind,
            "on_behalf_of": who.on_behalf_of,
            "action": entry.action,
            "resource": entry.subject[0],
            "key": entry.subject[1],
            "before": _as_json(entry.before),
            "after": _as_json(entry.after),
            "request_id": request_id,
        }
        for entry in entries
    ]
    if rows:
        await session.execute(insert(kit_tables_of(session).audit_entry), rows)


def _as_json(values: Mapping[str, Any] | None) -> Any:
    return None if values is None else _ANYTHING.dump_python(dict(values), mode="json")


@dataclass(frozen=True)
class AuditFilters:
    """Which entries: those that every given part fits. `until` is exclusive."""

    resource: str | None = None
    key: str | None = None
    field: str | None = None
    action: str | None = None
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def entries(session: AsyncSession, filters: AuditFilters, page: PageParams) -> list[Row[Any]]:
    """Entries that fit, newest first, one more than the page holds."""
    table = kit_tables_of(session).audit_entry
    statement = select(table).where(*_conditions(table.c, filters))
    return list((await session.execute(keyset(statement, [table.c.id.desc()], page))).all())


def _conditions(entry: Any, filters: AuditFilters) -> list[ColumnElement[bool]]:
    own = (
        (entry.resource, filters.resource),
        (entry.key, filters.key),
        (entry.action, filters.action),
    )
    conditions: list[ColumnElement[bool]] = [c == value for c, value in own if value is not None]
    if filters.field is not None:
        name = filters.field
        conditions.append(or_(entry.before.has_key(name), entry.after.has_key(name)))
    if filters.person is not None:
        conditions.append(or_(entry.actor == filters.person, entry.on_behalf_of == filters.person))
    if filters.since is not None:
        conditions.append(entry.at >= filters.since)
    if filters.until is not None:
        conditions.append(entry.at < filters.until)
    return conditions
