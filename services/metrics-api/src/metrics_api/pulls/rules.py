"""What to ask a tool for, and how far a page brings us. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from metrics_api.sources.tools.forms import inner, rows, stamp, table

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_BACKOFF = timedelta(hours=1)


class PullFailed(Exception):
    """The tool did not give a page; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is fetched: from where and by what condition; `zone` is that of the tool's stamps."""

    subject: str
    condition: str | None
    page_size: int
    zone: ZoneInfo | None
    username: str | None
    password: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """The next page: records changed since a moment, after so many of them or of its pages."""

    since: datetime
    offset: int = 0
    page: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the tool."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str] | None = None
    basic: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds: how many records, the newest update in it, and the place after it.

    `after` is None at the end. `cursor` is how far all is known to be taken in.
    """

    records: int
    cursor: datetime | None
    after: Place | None


def ask_servicenow(wanted: Wanted, place: Place) -> Asked:
    """Changed since, the oldest first; all display forms, so that references come in words."""
    moment = place.since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    condition = f"{wanted.condition}^" if wanted.condition else ""
    query = f"{condition}sys_updated_on>={moment}^ORDERBYsys_updated_on^ORDERBYsys_id"
    return Asked(
        "GET",
        f"/api/now/table/{wanted.subject}",
        {
            "sysparm_query": query,
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
            "sysparm_limit": str(wanted.page_size),
            "sysparm_offset": str(place.offset),
        },
        basic=True,
    )


def read_servicenow(wanted: Wanted, place: Place, reply: Any) -> Page:
    """The next page begins with the last second of this one: what changes meanwhile moves behind
    it, which pages counted from the beginning would step over. Raises PullFailed."""
    if not isinstance(inner(reply, "result"), list):
        said = inner(reply, "error", "message") or "no result in its reply"
        raise PullFailed(f"ServiceNow says: {str(said)[:200]}")
    found = rows(table(reply)["result"])
    if not found:
        return Page(0, None, None)
    stamps = [_updated_on(record) for record in found]
    last = stamps[-1]
    if last is None:
        raise PullFailed("a record has no sys_updated_on: the user may not read it")
    if len(found) < wanted.page_size:
        return Page(len(found), last, None)
    if last > place.since:
        return Page(len(found), last, Place(last, stamps.count(last)))
    return Page(len(found), last, Place(place.since, place.offset + len(found)))


def _updated_on(record: Any) -> datetime | None:
    value = inner(record, "sys_updated_on")
    return stamp(value.get("value") if isinstance(value, dict) else value, None)


def ask_itop(wanted: Wanted, place: Place) -> Asked:
    """One page of what was changed since; without an order, so only all of them move the cursor."""
    moment = place.since.astimezone(wanted.zone or UTC).strftime("%Y-%m-%d %H:%M:%S")
    condition = f" AND ({wanted.condition})" if wanted.condition else ""
    question = {
        "operation": "core/get",
        "class": wanted.subject,
        "key": f"SELECT {wanted.subject} WHERE last_update >= '{moment}'{condition}",
        "output_fields": "*",
        "limit": wanted.page_size,
        "page": place.page,
    }
    form = {
        "auth_user": wanted.username or "",
        "auth_pwd": wanted.password or "",
        "json_data": orjson.dumps(question).decode(),
    }
    return Asked("POST", "/webservices/rest.php", {"version": "1.4"}, form)


def read_itop(wanted: Wanted, place: Place, reply: Any) -> Page:
    """Raises PullFailed also for an HTTP 200 whose code is not 0."""
    body = table(reply)
    if body.get("code") != 0:
        said = f"code {body.get('code')}: {body.get('message')}"
        raise PullFailed(f"iTop says: {said[:200]}")
    objects = table(body.get("objects"))
    found = [inner(each, "fields", "last_update") for each in objects.values()]
    stamps = [at for each in found if (at := stamp(each, wanted.zone)) is not None]
    newest = max(stamps, default=None)
    more = len(objects) >= wanted.page_size
    after = Place(place.since, page=place.page + 1) if more else None
    return Page(len(objects), newest, after)


def next_run(now: datetime, interval: timedelta, failures: int) -> datetime:
    """After the interval; after failures twice as long each time, up to an hour."""
    if not failures:
        return now + interval
    waited: timedelta = min(interval * 2 ** min(failures, 20), LONGEST_BACKOFF)
    return now + max(interval, waited)


def newest_of(moments: Sequence[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)
