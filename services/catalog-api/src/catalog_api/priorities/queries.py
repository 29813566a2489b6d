"""Every SQL statement about priority schemes."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Select,
    cast,
    delete,
    func,
    insert,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.agreements.queries import signed_promises
from catalog_api.priorities.tables import (
    PriorityScheme,
    PrioritySchemeVersion,
    ServicePriorityScheme,
)
from catalog_api.rows import table_of
from shared.kit.pagination import PageParams

_scheme = table_of(PriorityScheme).c
_version = table_of(PrioritySchemeVersion).c
_override = table_of(ServicePriorityScheme).c
_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(_scheme)
_VERSION_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _version.scheme_key.label("scheme"),
    *(column for column in _version if column.name != "scheme_key"),
)
# Any number: the transactions that change schemes or signed agreements wait for each other.
_PROMISES = 7_201_113


async def lock_promises(session: AsyncSession) -> None:
    """Let one transaction at a time compare schemes with signed agreements and change either."""
    await session.execute(select(func.pg_advisory_xact_lock(_PROMISES)))


async def insert_scheme(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a scheme; False when its key is taken."""
    return await rows.insert_row(session, PriorityScheme, values)


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version; the scheme's row is locked, so its number is free."""
    await session.execute(insert(PrioritySchemeVersion).values(**values))


async def change_scheme(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set fields of a scheme's own row."""
    await rows.change_row(session, PriorityScheme, _scheme.key == key, values)


async def get_scheme(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """A scheme without its levels; 404 if there is none."""
    statement = select(*_COLUMNS).where(_scheme.key == key)
    return await rows.get_row(session, statement, f"There is no priority scheme {key}", lock=lock)


async def default_scheme(session: AsyncSession) -> str | None:
    """The key of the default, if there is a scheme at all."""
    key: str | None = await session.scalar(select(_scheme.key).where(_scheme.is_default))
    return key


async def list_schemes(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """Schemes by key, one more than the page holds."""
    return await rows.list_rows(session, select(*_COLUMNS), [_scheme.key], page)


async def get_version(session: AsyncSession, key: str, version: int) -> Row[Any]:
    """A version of a scheme; 404 if there is none."""
    statement = select(*_VERSION_COLUMNS).where(
        _version.scheme_key == key, _version.version == version
    )
    missing = f"There is no version {version} of a priority scheme {key}"
    return await rows.get_row(session, statement, missing)


async def list_versions(session: AsyncSession, key: str, page: PageParams) -> list[Row[Any]]:
    """Versions of a scheme, newest first, one more than the page holds."""
    statement = select(*_VERSION_COLUMNS).where(_version.scheme_key == key)
    return await rows.list_rows(session, statement, [_version.version.desc()], page)


async def versions_of(
    session: AsyncSession, pins: Collection[tuple[str, int]]
) -> dict[tuple[str, int], Row[Any]]:
    """These versions by (key, version); one that is not there is left out."""
    if not pins:
        return {}
    pair = tuple_(_version.scheme_key, _version.version)
    found = await session.execute(select(*_VERSION_COLUMNS).where(pair.in_(pins)))
    return {(row.scheme, row.version): row for row in found}


async def newest_versions(session: AsyncSession, keys: Collection[str]) -> dict[str, int]:
    """The newest version of each of these schemes; a key that is none is left out."""
    statement = select(_scheme.key, _scheme.version).where(_scheme.key.in_(keys))
    return {row.key: row.version for row in await session.execute(statement)} if keys else {}


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _scheme.key, base)


def _default() -> ScalarSelect[str]:
    return select(_scheme.key).where(_scheme.is_default).correlate(None).scalar_subquery()


def holding_scheme(service: Any) -> Select[Any]:
    """The scheme version that holds for a service and whether the service has it by override."""
    own = select(_override.scheme_key).where(_override.service_key == service).scalar_subquery()
    newest = (_scheme.key == _version.scheme_key) & (_scheme.version == _version.version)
    return (
        select(*_VERSION_COLUMNS, own.is_not(None).label("overridden"))
        .join(PriorityScheme, newest)
        .where(_scheme.key == func.coalesce(own, _default()))
    )


async def scheme_of(session: AsyncSession, service: str) -> Row[Any] | None:
    """The scheme version that holds for a service: its override, else the default; or none."""
    row: Row[Any] | None = (await session.execute(holding_scheme(service))).first()
    return row


async def override_of(session: AsyncSession, service: str) -> str | None:
    """The scheme chosen for a service itself, if one is."""
    statement = select(_override.scheme_key).where(_override.service_key == service)
    key: str | None = await session.scalar(statement)
    return key


async def set_override(session: AsyncSession, service: str, scheme: str) -> None:
    """Choose the scheme of a service."""
    row = rows.new_row({"service_key": service, "scheme_key": scheme})
    changed = {
        "scheme_key": scheme,
        "revision": _override.revision + 1,
        "updated_at": row["updated_at"],
    }
    await session.execute(
        upsert(ServicePriorityScheme)
        .values(**row)
        .on_conflict_do_update(index_elements=[_override.service_key], set_=changed)
    )


async def remove_override(session: AsyncSession, service: str) -> None:
    """Leave a service to the default."""
    await session.execute(delete(ServicePriorityScheme).where(_override.service_key == service))


async def promises_to(session: AsyncSession, service: str) -> list[Row[Any]]:
    """What signed agreements promise about a service."""
    promise = signed_promises().subquery()
    return list(await session.execute(select(promise).where(promise.c.service == service)))


async def promises_under(session: AsyncSession, scheme: str) -> list[Row[Any]]:
    """What signed agreements promise about the services that a scheme is chosen for."""
    promise = signed_promises().subquery()
    chosen = select(promise).join(
        ServicePriorityScheme,
        (_override.service_key == promise.c.service) & (_override.scheme_key == scheme),
    )
    return list(await session.execute(chosen))


async def promises_under_default(session: AsyncSession) -> list[Row[Any]]:
    """What signed agreements promise about the services that no scheme is chosen for."""
    promise = signed_promises().subquery()
    own = select(_override.service_key).where(_override.service_key == promise.c.service)
    return list(await session.execute(select(promise).where(~own.exists())))


def section(service: Any) -> ScalarSelect[Any]:
    """The scheme version that holds for a service; null when there is none."""
    return rows.json_object(holding_scheme(service))


def pinned_calendars(service: Any) -> Select[Any]:
    """`calendar_key` and `calendar_version` of what the priorities of a service run on."""
    scheme = holding_scheme(service).subquery("scheme")
    meaning = func.jsonb_array_elements(scheme.c.priorities).table_valued("value")
    value = cast(meaning.c.value, JSONB)
    return select(
        value["calendar"].astext.label("calendar_key"),
        cast(value["calendar_version"].astext, Integer).label("calendar_version"),
    ).select_from(scheme.join(meaning, true()))
