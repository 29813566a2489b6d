"""The audit trail: who did what, when, on whose behalf, from what to what."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, insert, select
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


async def record(
    session: AsyncSession,
    who: Principal,
    action: str,
    subject: tuple[str, str],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry in the session's transaction; `subject` is (resource, key).

    `before` and `after` may hold stamps, decimals and enums: they are kept as in JSON replies.
    """
    resource, key = subject
    await session.execute(
        insert(kit_tables_of(session).audit_entry).values(
            actor=who.subject,
            actor_kind=who.kind,
            on_behalf_of=who.on_behalf_of,
            action=action,
            resource=resource,
            key=key,
            before=_as_json(before),
            after=_as_json(after),
            request_id=get_contextvars().get("request_id"),
        )
    )


def _as_json(values: Mapping[str, Any] | None) -> Any:
    return None if values is None else _ANYTHING.dump_python(dict(values), mode="json")


async def entries(
    session: AsyncSession, subject: tuple[str, str], page: PageParams
) -> list[Row[Any]]:
    """Entries of one resource, newest first, one more than the page holds."""
    table = kit_tables_of(session).audit_entry
    resource, key = subject
    statement = select(table).where(table.c.resource == resource, table.c.key == key)
    return list((await session.execute(keyset(statement, [table.c.id.desc()], page))).all())
