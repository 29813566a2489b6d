"""Lives of incidents and promises for tests of clocks: on a week in March, in office hours."""

from datetime import UTC, datetime, timedelta
from typing import Any

from metrics_api.clocks.counting import MINUTE_US, OpenTime, open_time
from metrics_api.clocks.promises import Promise, ServiceTerms, Target
from metrics_api.clocks.rules import Life
from metrics_api.clocks.support import ALWAYS
from shared.calendars import Calendar, calendar_from
from shared.schemas.catalog import SupportInterval, Weekday

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WORKDAYS = tuple(Weekday)[:5]


def hours(*intervals: tuple[str, str], zone: str = "UTC", **years: Any) -> Calendar:
    weekly = [
        SupportInterval(day=day, start=start, end=end)
        for day in WORKDAYS
        for start, end in intervals
    ]
    return calendar_from(zone, weekly, (), **years)


OFFICE = open_time(hours(("09:00", "17:00")))
ROUND_THE_CLOCK = open_time(ALWAYS)


def target(minutes: int, time: OpenTime | None = OFFICE) -> Target:
    return Target(minutes, minutes * MINUTE_US, "office@1", time)


def promise(
    response: Target | None = None, resolution: Target | None = None, basis: str = "scheme:s@1"
) -> Promise:
    return Promise(basis, {("high", "low"): 2}, {2: (response, resolution)})


def terms(
    response: Target | None = None,
    resolution: Target | None = None,
    support: OpenTime = OFFICE,
) -> ServiceTerms:
    return ServiceTerms(support, (), promise(response, resolution))


def at(day: int, clock: str) -> datetime:
    """So many days after a Monday in March, at that time (UTC)."""
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def life(*moves: tuple[datetime, str], opened: datetime, **facts: Any) -> Life:
    """Moves as (when, to which state); resolved by the last move unless the facts say otherwise."""
    states = [None, *(state for _, state in moves)]
    transitions = [(when, states[n], state) for n, (when, state) in enumerate(moves)]
    state = states[-1]
    resolved_at = moves[-1][0] if state in {"resolved", "closed"} else None
    first = next((when for when, state in moves if state == "in_progress"), None)
    defaults: dict[str, Any] = {
        "opened_at": opened,
        "acknowledgement_at": first,
        "resolution_at": resolved_at,
        "exclusion": None,
        "state": state,
        "priority": 2,
        "impact": None,
        "urgency": None,
    }
    return Life(**{**defaults, **facts}, transitions=transitions)


def minutes(us: int | None) -> float | None:
    return None if us is None else us / MINUTE_US
