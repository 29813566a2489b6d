"""A year of synthetic incidents: the weekdays, holds and reopenings of a service desk. Pure."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tollgate.demo.content import SERVICES, DemoService, Update
from tollgate.demo.life import Move, updates_of

INCIDENTS = 3000
DAYS = 365
SYMPTOMS = (
    "cannot sign in", "is slow", "shows an error", "stopped working after the update",
    "access is missing", "is not reachable", "question about its use",
)  # fmt: skip
CHANNELS = (("portal", 38), ("phone", 27), ("email", 18), ("chat", 10), ("monitoring", 7))
PRIORITIES = ((1, 2), (2, 13), (3, 60), (4, 25))  # priority, weight
SPEED = {1: 0.3, 2: 0.6, 3: 1.0, 4: 1.8}  # of a resolution, times the service's median
UNATTRIBUTED = ("Fax gateway", "Old CRM")  # names that the catalog does not know
HOURS = tuple(range(24))
HOUR_WEIGHTS = (1, 1, 1, 1, 1, 2, 5, 12, 18, 19, 17, 14, 10, 13, 15, 14, 12, 9, 6, 4, 3, 2, 2, 1)


def history(until: date, incidents: int = INCIDENTS) -> Iterator[Update]:
    """The updates of a year of incidents up to the end of the day before `until`.

    The same `until` gives the same updates. What would happen later has not happened: some
    incidents are open at the end.
    """
    draw = random.Random(20250101)  # noqa: S311 - believable, not secret
    services = [service for service in SERVICES if service.share]
    shares = [service.share for service in services]
    end = datetime.combine(until, time(), UTC)
    for number in range(1, incidents + 1):
        service = draw.choices(services, shares)[0]
        fields = _fields(draw, service, number)
        opened = _opening(draw, end)
        hours = service.median_hours * SPEED[fields["priority"]] * draw.lognormvariate(0, 0.9)
        moves = [move for move in _moves(draw, opened, hours) if move.at < end]
        yield from updates_of(incident_id(number), moves, fields)


def incident_id(number: int) -> str:
    return f"SYN{number:06}"


def _fields(draw: random.Random, service: DemoService, number: int) -> dict[str, Any]:
    name = UNATTRIBUTED[number % 2] if number % 500 == 0 or number % 701 == 0 else service.name
    priority = _weighted(draw, PRIORITIES)
    return {
        "service": name,
        "title": f"{name} {draw.choice(SYMPTOMS)}",
        "priority": priority,
        "impact": draw.choice(("1 - High", "2 - Medium", "3 - Low")) if priority < 3 else "3 - Low",
        "channel": _weighted(draw, CHANNELS),
        "assignment_group": f"{service.key}-{draw.choice(('first-line', 'second-line'))}",
        "reassignment_count": draw.choices((0, 1, 2, 4), (58, 27, 11, 4))[0],
    }


def _opening(draw: random.Random, end: datetime) -> datetime:
    """Working hours of working days mostly; a weekend's ticket tends to wait for Monday."""
    day = end - timedelta(days=draw.randint(1, DAYS))
    if day.weekday() > 4 and draw.random() < 0.75:
        day -= timedelta(days=day.weekday() - draw.randint(2, 4))
    hour = draw.choices(HOURS, HOUR_WEIGHTS)[0]
    return day + timedelta(hours=hour, seconds=draw.randint(0, 3599))


def _moves(draw: random.Random, opened: datetime, hours: float) -> Iterator[Move]:
    duration = timedelta(seconds=max(300, round(hours * 3600)))
    yield Move(opened, "new")
    if draw.random() < 0.03:
        yield Move(opened + duration, "cancelled")
        return
    yield Move(opened + duration * draw.uniform(0.02, 0.3), "in_progress")
    if draw.random() < 0.22:
        yield Move(opened + duration * 0.4, "on_hold")
        yield Move(opened + duration * draw.uniform(0.5, 0.9), "in_progress")
    resolved = opened + duration
    yield Move(resolved, "resolved")
    if draw.random() < 0.06:
        again = resolved + timedelta(hours=draw.randint(2, 40))
        yield Move(again, "in_progress")
        resolved = again + duration * draw.uniform(0.3, 1.2)
        yield Move(resolved, "resolved")
    yield Move(resolved + timedelta(days=3), "closed")


def _weighted(draw: random.Random, table: tuple[tuple[Any, int], ...]) -> Any:
    values, weights = zip(*table, strict=True)
    return draw.choices(values, weights)[0]
