"""Calendars over HTTP: written in versions, and asked for open time."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Path, Query, Response

from catalog_api.calendars import actions, queries
from catalog_api.calendars.schemas import (
    CalendarCreate,
    CalendarOut,
    CalendarPatch,
    CalendarSummary,
    CalendarText,
    CalendarVersionSummary,
    DueTime,
    OpenIntervals,
    SupportTime,
)
from shared import calendars
from shared.calendars import OutsideCalendar
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.agreements import CalendarVersionOut
from shared.schemas.common import Key, Page, Timestamp

router = Router(prefix="/v1", tags=["calendars"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
Number = Annotated[int, Path(ge=1, lt=2**31)]
VersionQuery = Annotated[
    int | None, Query(ge=1, lt=2**31, description="absent: the newest version")
]
From = Annotated[Timestamp, Query(alias="from")]
To = Annotated[Timestamp, Query(description="exclusive", examples=["2026-03-08T08:30:00Z"])]
LONGEST_LIST = timedelta(days=92)
LONGEST_COUNT = timedelta(days=3660)


@router.post(
    "/calendars", status_code=201, operation_id="create_calendar", responses=problem_responses(409)
)
async def create_calendar(
    body: CalendarCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> CalendarOut:
    """Create a calendar with its first version; public holidays are looked up now and kept."""
    key = await actions.create_calendar(session, caller, body)
    response.headers["Location"] = f"/v1/calendars/{key}"
    return await _whole(session, key, response)


@router.get("/calendars", operation_id="list_calendars", response_model=Page[CalendarSummary])
async def list_calendars(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """Calendars by key, without their hours."""
    rows = await queries.list_calendars(session, page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get("/calendars/{key}", operation_id="get_calendar", responses=problem_responses(404))
async def get_calendar(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> CalendarOut:
    """A calendar with its newest version."""
    return await _whole(session, key, response)


@router.patch(
    "/calendars/{key}",
    operation_id="change_calendar",
    responses=problem_responses(404, 412, 428),
)
async def change_calendar(
    key: Key,
    body: CalendarPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> CalendarOut:
    """Change name or description; hours change by a new version."""
    await actions.rename_calendar(session, caller, key, body, expected)
    return await _whole(session, key, response)


@router.post(
    "/calendars/{key}/versions",
    status_code=201,
    operation_id="add_calendar_version",
    responses=problem_responses(404),
)
async def add_calendar_version(
    key: Key,
    body: CalendarText,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> CalendarVersionOut:
    """Change the hours: a new version, whole. Schemes and agreements keep the one they pinned."""
    version = await actions.add_version(session, caller, key, body)
    response.headers["Location"] = f"/v1/calendars/{key}/versions/{version.version}"
    set_etag(response, version.version)
    return version


@router.get(
    "/calendars/{key}/versions",
    operation_id="list_calendar_versions",
    response_model=Page[CalendarVersionSummary],
    responses=problem_responses(404),
)
async def list_calendar_versions(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Versions, newest first, without their closed days."""
    await queries.get_calendar(session, key)
    rows = await queries.list_versions(session, key, page)
    return page_of(rows, page, key=lambda row: (row.version,))


@router.get(
    "/calendars/{key}/versions/{version}",
    operation_id="get_calendar_version",
    response_model=CalendarVersionOut,
    responses={**tells_etag(), **problem_responses(404)},
)
async def get_calendar_version(
    key: Key, version: Number, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """A version with every day on which it is closed."""
    set_etag(response, version)
    return await queries.get_version(session, key, version)


@router.get(
    "/calendars/{key}/open-intervals",
    operation_id="list_open_intervals",
    response_model=OpenIntervals,
    responses=problem_responses(404),
)
async def list_open_intervals(
    key: Key,
    session: Session,
    caller: CatalogRead,
    start: From,
    to: To,
    version: VersionQuery = None,
) -> Any:
    """When the calendar is open between two moments, at most 92 days apart."""
    actions.check_span(start, to, LONGEST_LIST)
    found, calendar = await actions.counting(session, key, version)
    try:
        return {**_named(found), "intervals": calendars.open_intervals(calendar, start, to)}
    except OutsideCalendar as error:
        raise actions.outside(error) from error


@router.get(
    "/calendars/{key}/support-time",
    operation_id="get_support_time",
    response_model=SupportTime,
    responses=problem_responses(404),
)
async def get_support_time(
    key: Key,
    session: Session,
    caller: CatalogRead,
    start: From,
    to: To,
    version: VersionQuery = None,
) -> Any:
    """How many minutes the calendar is open between two moments, at most ten years apart."""
    actions.check_span(start, to, LONGEST_COUNT)
    found, calendar = await actions.counting(session, key, version)
    try:
        return {**_named(found), "minutes": calendars.support_minutes(calendar, start, to)}
    except OutsideCalendar as error:
        raise actions.outside(error) from error


@router.get(
    "/calendars/{key}/due-time",
    operation_id="get_due_time",
    response_model=DueTime,
    responses=problem_responses(404),
)
async def get_due_time(
    key: Key,
    session: Session,
    caller: CatalogRead,
    start: From,
    minutes: Annotated[int, Query(ge=0, le=1_000_000, description="open minutes from then on")],
    version: VersionQuery = None,
) -> Any:
    """When so many open minutes will have passed."""
    found, calendar = await actions.counting(session, key, version)
    try:
        return {**_named(found), "due_at": calendars.add_support_minutes(calendar, start, minutes)}
    except OutsideCalendar as error:
        raise actions.outside(error) from error


def _named(version: CalendarVersionOut) -> dict[str, Any]:
    return version.model_dump(include={"calendar", "version", "timezone"})


async def _whole(session: Session, key: str, response: Response) -> CalendarOut:
    calendar = await queries.get_calendar(session, key)
    set_etag(response, calendar.revision)
    current = await queries.get_version(session, key, calendar.version)
    return CalendarOut.model_validate({**calendar._asdict(), "current": current})
