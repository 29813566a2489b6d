"""The audit trail: who did what, when, on whose behalf, from what to what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field, TypeAdapter
from sqlalchemy import ColumnElement, Row, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import get_contextvars

from shared.kit.auth import Principal
from shared.kit.database import Statement, rows_of, schema_of
from shared.kit.pagination import PageParams, keyset
from shared.kit.tables import kit_tables_of
from shared.schemas.common import Out

_ENTRIES: TypeAdapter[Any] = TypeAdapter(list[dict[str, Any]])
_COLUMNS = "actor, actor_kind, on_behalf_of, action, resource, key, before, after, request_id"
_WRITE = f"""
    INSERT INTO {{schema}}.audit_entry ({_COLUMNS})
    SELECT {_COLUMNS}
    FROM jsonb_populate_recordset(NULL::{{schema}}.audit_entry, CAST(:entries AS jsonb))
"""  # noqa: S608 - our own names


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
    before: dict[str, Any] | None = Field(
        description="the fields concerned as they were; which depends on resource and action",
        examples=[{"name": "VPN"}],
    )
    after: dict[str, Any] | None = Field(
        description="the fields concerned as they are since then",
        examples=[{"name": "Remote access"}],
    )
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
    if entries:
        await rows_of(session, *writing(session, who, entries))


def writing(session: AsyncSession, who: Principal, entries: Sequence[Entry]) -> Statement:
    """The statement that writes entries, for who has others to send with it."""
    request_id = get_contextvars().get("request_id")
    rows = [
        {
            "actor": who.subject,
            "actor_kind": who.kind,
            "on_behalf_of": who.on_behalf_of,
            "action": entry.action,
            "resource": entry.subject[0],
            "key": entry.subject[1],
            "before": None if entry.before is None else dict(entry.before),
            "after": None if entry.after is None else dict(entry.after),
            "request_id": request_id,
        }
        for entry in entries
    ]
    told = _ENTRIES.dump_json(rows).decode()
    return _WRITE.format(schema=schema_of(session)), {"entries": told}


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
