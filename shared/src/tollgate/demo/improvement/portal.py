"""The service of the story, and its incidents before and after it was improved. Pure."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from tollgate.demo.content import DemoService, Update
from tollgate.demo.life import Move, updates_of

PORTAL = DemoService(
    "partner-portal",
    "Partner Portal",
    "Orders, deliveries and invoices for the dealers who sell what the company makes",
    "business-applications",
    "high",
    "noor.salem",
    target_hours="6.0",
    further_owners=(("service_manager", "jan.winter"),),
)
WEEKS = 88  # of incidents in all
BEGAN = 34  # weeks ago the initiative began
ENDED = 30
A_WEEK = 12  # incidents
HOURS_BEFORE, HOURS_AFTER = 9.0, 4.6  # of a resolution, on average
SYMPTOMS = (
    "order is not confirmed", "delivery note is missing", "sign-on fails", "prices are old",
)  # fmt: skip
GROUPS = ("portal-first-line", "portal-second-line")


def monday_before(until: date, weeks: int) -> date:
    """The Monday so many weeks before the week of `until`."""
    return until - timedelta(days=until.weekday(), weeks=weeks)


def incidents_before(until: date) -> Iterator[Update]:
    """What was known when the initiative began: no month of it within the target."""
    return _of_weeks(until, WEEKS, BEGAN)


def incidents_since(until: date) -> Iterator[Update]:
    """What came while it ran, and since."""
    return _of_weeks(until, BEGAN, 0)


def last_before() -> str:
    return _id(BEGAN + 1, A_WEEK)


def last_since() -> str:
    return _id(1, A_WEEK)


def _of_weeks(until: date, first: int, end: int) -> Iterator[Update]:
    for ago in range(first, end, -1):
        draw = random.Random(f"portal {ago}")  # noqa: S311 - believable, not secret
        for number in range(1, A_WEEK + 1):
            yield from _incident(draw, monday_before(until, ago), ago, number)


def _incident(draw: random.Random, monday: date, ago: int, number: int) -> Iterator[Update]:
    opened = datetime.combine(monday, time(7), UTC) + timedelta(
        days=draw.randrange(5), minutes=draw.randrange(9 * 60)
    )
    # A gamma of shape 4 spreads as repairs do: half its mean.
    hours = max(0.2, draw.gammavariate(4, _mean(ago) / 4))
    resolved = min(opened + timedelta(hours=hours), _end_of(monday))
    name = PORTAL.name
    fields = {
        "service": name,
        "title": f"{name}: {draw.choice(SYMPTOMS)}",
        "priority": draw.choices((2, 3, 4), (15, 60, 25))[0],
        "channel": draw.choice(("phone", "portal", "email")),
        "assignment_group": draw.choice(GROUPS),
        "reassignment_count": draw.choice((0, 0, 0, 1)),
    }
    moves = (
        Move(opened, "new"),
        Move(opened + (resolved - opened) * 0.2, "in_progress"),
        Move(resolved, "resolved"),
        Move(resolved + timedelta(days=1), "closed"),
    )
    known = [move for move in moves if move.at < _end_of(monday) or move.state == "resolved"]
    yield from updates_of(_id(ago, number), known, fields)


def _end_of(monday: date) -> datetime:
    return datetime.combine(monday, time(), UTC) + timedelta(days=7, seconds=-1)


def _mean(ago: int) -> float:
    """Hours of a resolution that many weeks ago; the initiative brought it down step by step."""
    if ago > BEGAN:
        return HOURS_BEFORE
    if ago <= ENDED:
        return HOURS_AFTER
    done = (BEGAN + 1 - ago) / (BEGAN + 1 - ENDED)
    return HOURS_BEFORE + (HOURS_AFTER - HOURS_BEFORE) * done


def _id(ago: int, number: int) -> str:
    return f"POR{WEEKS - ago:03}{number:02}"
