"""A year of requests, changes, outages, surveys and infrastructure events. Pure.

The same `until` gives the same records; those that would end later are open at the end.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from tollgate.demo.content import SERVICES, DemoService, Update

DAYS = 365
CUSTOMERS = ("Finance", "Sales", "Production", "Human Resources", "Dealers")
VENDORS = {
    "network-infrastructure": "Wide-area links",
    "erp": "Corvane Business Suite",
    "email-and-calendar": "Hosted mailboxes",
    "server-platform": "Tern Hypervisor 6",
    "video-meetings": "Meeting platform",
    "managed-laptop": "Laptop lease",
    "printing": "Printer fleet",
}
# What is asked for, of which service, how many hours it takes, whether that is worth a person.
REQUESTS = (
    ("New laptop", "managed-laptop", 60.0, False),
    ("Password reset", "identity-and-access", 0.5, True),
    ("Access to a shared folder", "file-sharing", 6.0, True),
    ("Distribution list changed", "email-and-calendar", 4.0, True),
    ("Role in ERP", "erp", 20.0, False),
    ("Toner", "printing", 12.0, True),
    ("Meeting room equipped", "video-meetings", 90.0, False),
)
EVENTS = (
    ("Link down", "network-infrastructure", "core-router"),
    ("Disk nearly full", "server-platform", "storage-node"),
    ("Queue is long", "email-and-calendar", "mail-relay"),
    ("Certificate expires soon", "identity-and-access", "sign-on"),
    ("Backup failed", "server-platform", "backup-server"),
)
COMMENTS = {
    False: ("Waited for a call back that never came.", "Third time this month.", "Too slow."),
    True: ("Quick and friendly, thank you!", "Solved at once.", "Better than last year."),
}
SEVERITIES = ("critical", "major", "warning")
LIVE: Final = tuple(service for service in SERVICES if service.stage == "operate")


class Moment(NamedTuple):
    """Where the year ends, and the chance that its records are drawn by."""

    draw: random.Random
    end: datetime

    def some_time(self, hours_of_day: tuple[int, int] = (7, 18)) -> datetime:
        day = self.end - timedelta(days=self.draw.randrange(1, DAYS))
        hour = self.draw.randrange(*hours_of_day)
        return day + timedelta(hours=hour, minutes=self.draw.randrange(60))


Make = Callable[[Moment, int], Update]


def records(path: str, until: date) -> Iterator[Update]:
    """The records of one kind, by the path that they are pushed to."""
    make, count, seed = KINDS[path]
    draw = random.Random(seed)  # noqa: S311 - believable, not secret
    moment = Moment(draw, datetime.combine(until, time(), UTC))
    return (make(moment, number) for number in range(1, count + 1))


def _record(prefix: str, number: int, begun: datetime, ended: datetime | None) -> Update:
    """What a desk says of every record; it is told of when it ends, or when it begins."""
    return {
        "external_id": f"{prefix}{number:05}",
        "updated_at": (ended or begun).isoformat(),
    }


def _until_end(moment: Moment, begun: datetime, hours: float) -> datetime | None:
    ended = begun + timedelta(hours=hours)
    return ended if ended < moment.end else None


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _of(service: DemoService) -> Mapping[str, Any]:
    vendor = VENDORS.get(service.key)
    return {"service": service.name} | ({"vendor": vendor} if vendor else {})


def _named(key: str) -> DemoService:
    return next(service for service in SERVICES if service.key == key)


def _request(moment: Moment, number: int) -> Update:
    draw = moment.draw
    title, service, hours, low_value = draw.choice(REQUESTS)
    begun = moment.some_time()
    ended = _until_end(moment, begun, hours * draw.lognormvariate(0, 0.6))
    cancelled = ended is not None and draw.random() < 0.05
    return {
        **_record("REQ", number, begun, ended),
        **_of(_named(service)),
        "title": title,
        "offering": title.lower().replace(" ", "-"),
        "state": "in_progress" if ended is None else "cancelled" if cancelled else "closed",
        "customer": draw.choice(CUSTOMERS),
        "touchpoint": draw.choice(("portal", "phone", "email")),
        "channel": draw.choice(("portal", "phone", "email")),
        "low_value": low_value,
        "opened_at": begun.isoformat(),
        "due_at": (begun + timedelta(hours=hours * 1.6)).isoformat(),
        "fulfilled_at": None if cancelled else _stamp(ended),
        "ended_at": _stamp(ended),
        "reassignment_count": draw.choices((0, 1, 2), (75, 20, 5))[0],
    }


def _change(moment: Moment, number: int) -> Update:
    draw = moment.draw
    service = draw.choice(LIVE)
    kind = draw.choices(("standard", "normal", "emergency"), (50, 42, 8))[0]
    begun = moment.some_time()
    lead = {"standard": 30.0, "normal": 150.0, "emergency": 0.5}[kind] * draw.uniform(0.5, 2)
    planned = begun + timedelta(hours=lead)
    ended = _until_end(moment, planned, draw.uniform(0.5, 4))
    odds = {"standard": (97, 2, 1), "normal": (86, 8, 6), "emergency": (72, 18, 10)}[kind]
    outcome = draw.choices(("successful", "failed", "rolled_back"), odds)[0]
    return {
        **_record("CHG", number, begun, ended),
        **_of(service),
        "title": f"{draw.choice(('Update', 'Patch', 'Extend', 'Reconfigure'))} {service.name}",
        "type": kind,
        "state": "new" if ended is None else "closed",
        "impact": draw.choices(("high", "medium", "low"), (15, 35, 50))[0],
        "assignment_group": f"{service.key}-second-line",
        "opened_at": begun.isoformat(),
        "planned_start_at": planned.isoformat(),
        "planned_end_at": (planned + timedelta(hours=3)).isoformat(),
        "completed_at": _stamp(ended),
        "outcome": None if ended is None else outcome,
        "test_plan": draw.random() < 0.85,
        "backout_plan": draw.random() < 0.9,
    }


def _outage(moment: Moment, number: int) -> Update:
    draw = moment.draw
    service = draw.choice(LIVE)
    planned = draw.random() < 0.4
    begun = moment.some_time((19, 24) if planned else (6, 20))
    ended = _until_end(moment, begun, 2.0 if planned else draw.lognormvariate(-0.3, 0.9))
    what = "Maintenance" if planned else "Interruption"
    return {
        **_record("OUT", number, begun, ended),
        **_of(service),
        "title": f"{what} of {service.name}",
        "state": "in_progress" if ended is None else "closed",
        "planned": planned,
        "degraded": not planned and draw.random() < 0.3,
        "started_at": begun.isoformat(),
        "ended_at": _stamp(ended),
    }


def _survey(moment: Moment, number: int) -> Update:
    draw = moment.draw
    service = draw.choice(LIVE)
    sent = moment.some_time()
    answered = _until_end(moment, sent, draw.uniform(0.2, 50)) if draw.random() < 0.6 else None
    nps = number % 4 == 0
    score = draw.choices(
        range(11) if nps else range(1, 6),
        (2, 1, 1, 2, 3, 5, 8, 14, 22, 24, 18) if nps else (4, 6, 14, 41, 35),
    )[0]
    return {
        **_record("SUR", number, sent, answered),
        **_of(service),
        "kind": "nps" if nps else "csat",
        "customer": draw.choice(CUSTOMERS),
        "touchpoint": draw.choice(("portal", "phone", "email", "chat")),
        "sent_at": sent.isoformat(),
        "answered_at": _stamp(answered),
        "score": None if answered is None else score,
        "comment": None if answered is None else _comment(draw, score >= (9 if nps else 4)),
    }


def _comment(draw: random.Random, content: bool) -> str | None:
    """One in four says more than a number."""
    return draw.choice(COMMENTS[content]) if draw.random() < 0.25 else None


def _event(moment: Moment, number: int) -> Update:
    draw = moment.draw
    title, service, component = draw.choice(EVENTS)
    begun = moment.some_time((0, 24))
    cleared = _until_end(moment, begun, draw.lognormvariate(-0.5, 1.0))
    return {
        **_record("EVT", number, begun, cleared),
        **_of(_named(service)),
        "title": title,
        "state": "new" if cleared is None else "closed",
        "severity": draw.choices(SEVERITIES, (1, 3, 6))[0],
        "component": f"{component}-{draw.randrange(1, 5)}",
        "occurred_at": begun.isoformat(),
        "cleared_at": _stamp(cleared),
    }


# Path: what makes a record, how many, the seed of its chance.
KINDS: Final[Mapping[str, tuple[Make, int, int]]] = {
    "requests": (_request, 700, 1),
    "changes": (_change, 320, 2),
    "outages": (_outage, 90, 3),
    "surveys": (_survey, 900, 4),
    "infrastructure-events": (_event, 400, 5),
}
