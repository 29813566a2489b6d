"""Every SQL statement about calendars."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    ScalarSelect,
    Select,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.calendars.tables import Calendar, CalendarVersion
from catalog_api.rows import table_of
from shared.kit.pagination import PageParams

_calendar = table_of(Calendar).c
_version = table_of(CalendarVersion).c
_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(_calendar)
_VERSION_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _version.calendar_key.label("calendar"),
    *(column for column in _version if column.name != "calendar_key"),
)


async def insert_calendar(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a calendar; False when its key is taken."""
    return await rows.insert_row(session, Calendar, values)


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version; the calendar's row is locked, so its number is free."""
    await session.execute(insert(CalendarVersion).values(**values))


async def change_calendar(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set fields of a calendar's own row."""
    await rows.change_row(session, Calendar, _calendar.key == key, values)


async def get_calendar(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """A calendar without its hours; 404 if there is none."""
    statement = select(*_COLUMNS).where(_calendar.key == key)
    return await rows.get_row(session, statement, f"There is no calendar {key}", lock=lock)


async def list_calendars(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """Calendars by key, one more than the page holds."""
    return await rows.list_rows(session, select(*_COLUMNS), [_calendar.key], page)


async def get_version(session: AsyncSession, key: str, version: int | None = None) -> Row[Any]:
    """A version of a calendar, the newest one if none is named; 404 if there is none."""
    if version is None:
        missing = f"There is no calendar {key}"
        return await rows.get_row(session, _newest().where(_calendar.key == key), missing)
    missing = f"There is no version {version} of a calendar {key}"
    statement = select(*_VERSION_COLUMNS).where(
        _version.calendar_key == key, _version.version == version
    )
    return await rows.get_row(session, statement, missing)


def _newest() -> Select[Any]:
    return select(*_VERSION_COLUMNS).join(
        Calendar, (_calendar.key == _version.calendar_key) & (_calendar.version == _version.version)
    )


async def list_versions(session: AsyncSession, key: str, page: PageParams) -> list[Row[Any]]:
    """Versions of a calendar, newest first, one more than the page holds."""
    statement = select(*_VERSION_COLUMNS).where(_version.calendar_key == key)
    return await rows.list_rows(session, statement, [_version.version.desc()], page)


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are calendars."""
    return await rows.known_values(session, _calendar.key, keys)


async def newest_versions(session: AsyncSession, keys: Collection[str]) -> dict[str, int]:
    """The newest version of each of these calendars; a key that is none is left out."""
    statement = select(_calendar.key, _calendar.version).where(_calendar.key.in_(keys))
    return {row.key: row.version for row in await session.execute(statement)} if keys else {}


async def versions_of(
    session: AsyncSession, pins: Collection[tuple[str, int]]
) -> dict[tuple[str, int], Row[Any]]:
    """These versions by (key, version); one that is not there is left out."""
    if not pins:
        return {}
    pair = tuple_(_version.calendar_key, _version.version)
    found = await session.execute(select(*_VERSION_COLUMNS).where(pair.in_(pins)))
    return {(row.calendar, row.version): row for row in found}


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _calendar.key, base)


def versions_in_sheet(pins: Select[Any] | CompoundSelect[Any]) -> ScalarSelect[Any]:
    """The pinned versions (`calendar_key`, `calendar_version`) as the service document has them."""
    pin = pins.subquery("pin")
    same = (pin.c.calendar_key == _version.calendar_key) & (
        pin.c.calendar_version == _version.version
    )
    return rows.json_list(
        select(
            _version.calendar_key.label("calendar"),
            _version.version,
            _version.timezone,
            _version.always_open,
            _version.weekly,
            func.jsonb_array_length(_version.closed_days).label("closed_day_count"),
        )
        .join(pin, same)
        .order_by(_version.calendar_key, _version.version)
        .limit(100)
    )
