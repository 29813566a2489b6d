"""Writing calendars and their versions, and counting with them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from catalog_api.calendars import public_holidays, queries
from catalog_api.calendars.schemas import CalendarCreate, CalendarPatch, CalendarText
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.refusals import refuse
from catalog_api.registry import rules as registry_rules
from catalog_api.rows import new_row
from shared import calendars
from shared.calendars import Calendar, OutsideCalendar
from shared.errors import FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.schemas.agreements import CalendarVersionOut, NamedDay
from shared.schemas.catalog import SupportInterval, Weekday


async def create_calendar(session: Session, caller: Principal, body: CalendarCreate) -> str:
    """A new calendar with its first version; answers its key."""
    key = key_for(body.key, body.name)
    version = _version(body, key, 1, caller)
    fields = {"name": body.name, "description": body.description}
    if not await queries.insert_calendar(session, new_row({"key": key, **fields, "version": 1})):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await queries.insert_version(session, _row(version))
    after = {**fields, **version.model_dump()}
    await record_resource(session, caller, ResourceChange("calendar", key, "created", None, after))
    return key


async def rename_calendar(
    session: Session, caller: Principal, key: str, patch: CalendarPatch, expected: int
) -> None:
    """Change name and description; nothing happens when nothing differs."""
    present = await queries.get_calendar(session, key, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_calendar(session, key, after)
    await record_resource(
        session, caller, ResourceChange("calendar", key, "changed", before, after)
    )


async def add_version(
    session: Session, caller: Principal, key: str, body: CalendarText
) -> CalendarVersionOut:
    """The next version; what has pinned an older one goes on counting with that."""
    present = await queries.get_calendar(session, key, lock=True)
    older = CalendarVersionOut.model_validate(await queries.get_version(session, key))
    version = _version(body, key, present.version + 1, caller)
    await queries.insert_version(session, _row(version))
    await queries.change_calendar(session, key, {"version": version.version})
    change = ResourceChange(
        "calendar", key, "version_added", older.model_dump(), version.model_dump()
    )
    await record_resource(session, caller, change)
    return version


async def counting(
    session: Session, key: str, version: int | None
) -> tuple[CalendarVersionOut, Calendar]:
    """A version, the newest one if none is named, and the same ready to count with."""
    found = CalendarVersionOut.model_validate(await queries.get_version(session, key, version))
    return found, calendars.calendar_of(found)


def check_span(start: datetime, end: datetime, longest: timedelta) -> None:
    """422 for a span that is empty, runs backwards or is too long to answer at once."""
    if end <= start:
        raise Invalid("`to` must be after `from`", pointer="/query/to")
    if end - start > longest:
        raise Invalid(f"Ask for at most {longest.days} days at once", pointer="/query/to")


def outside(error: OutsideCalendar) -> Invalid:
    """422 for a time whose holidays a version does not know."""
    return Invalid(str(error), code="outside_calendar", pointer="/query/to")


def _version(body: CalendarText, key: str, number: int, caller: Principal) -> CalendarVersionOut:
    """The version of a text, with the public holidays as they are known today; 422 if unsound."""
    refuse(_unsound_hours(body) + _unknown_place(body))
    moment = now()
    years = public_holidays.known_years(moment.date()) if body.country else None
    public = (
        public_holidays.public_holidays(body.country, body.subdivision, years)
        if body.country and years
        else []
    )
    refuse(_unsound_days(body, {day.date for day in public}))
    return CalendarVersionOut(
        calendar=key,
        version=number,
        timezone=body.timezone,
        always_open=body.always_open,
        weekly=_around_the_clock() if body.always_open else body.weekly,
        country=body.country,
        subdivision=body.subdivision,
        own_days=sorted(body.own_days, key=lambda day: day.date),
        worked_days=sorted(body.worked_days),
        closed_days=_closed_days(public, body),
        first_year=years[0] if years else None,
        last_year=years[1] if years else None,
        library=public_holidays.LIBRARY if years else None,
        recorded_at=moment,
        recorded_by=caller.person,
    )


def _row(version: CalendarVersionOut) -> dict[str, Any]:
    in_json = version.model_dump(mode="json")
    columns = version.model_dump(exclude={"calendar"}) | {
        name: in_json[name] for name in ("weekly", "own_days", "worked_days", "closed_days")
    }
    return {**columns, "calendar_key": version.calendar}


def _around_the_clock() -> list[SupportInterval]:
    return [SupportInterval(day=day, start="00:00", end="24:00") for day in Weekday]


def _closed_days(public: Iterable[NamedDay], body: CalendarText) -> list[NamedDay]:
    """Public holidays that are not worked, and own days; an own name goes before a public one."""
    by_date = {day.date: day for day in public if day.date not in body.worked_days}
    by_date |= {day.date: day for day in body.own_days}
    return [by_date[day] for day in sorted(by_date)]


def _unsound_hours(body: CalendarText) -> list[FieldError]:
    if body.always_open and body.weekly:
        return [
            FieldError("/weekly", "leave the hours away when it is always open", "contradiction")
        ]
    if not body.always_open and not body.weekly:
        return [FieldError("/weekly", "give weekly hours, or always_open", "missing")]
    return []


def _unknown_place(body: CalendarText) -> list[FieldError]:
    if body.country is None:
        if body.subdivision is None:
            return []
        return [FieldError("/subdivision", "is of no use without a country", "missing_country")]
    if not public_holidays.is_country(body.country):
        detail = f"the public holidays of {body.country} are not known: list them as own_days"
        return [FieldError("/country", detail, "unknown_country")]
    known = public_holidays.subdivisions_of(body.country)
    if body.subdivision is None or body.subdivision in known:
        return []
    detail = f"{body.country} has: {', '.join(known) or 'no subdivision with holidays of its own'}"
    return [FieldError("/subdivision", detail, "unknown_subdivision")]


def _unsound_days(body: CalendarText, public: set[date]) -> list[FieldError]:
    own = [day.date for day in body.own_days]
    errors = [
        FieldError(f"/own_days/{position}/date", f"{day} is named twice", "repeated")
        for position, day in enumerate(own)
        if day in own[:position]
    ]
    for position, day in enumerate(body.worked_days):
        pointer = f"/worked_days/{position}"
        if day in body.worked_days[:position]:
            errors.append(FieldError(pointer, f"{day} is named twice", "repeated"))
        elif day in own:
            errors.append(FieldError(pointer, f"{day} is one of own_days too", "contradiction"))
        elif day not in public:
            detail = f"{day} is no public holiday of this calendar, so it is worked anyway"
            errors.append(FieldError(pointer, detail, "not_a_holiday"))
    return errors
