"""A year of changes, outages, surveys and requests of the demo's services, as a tool sends them.

The same day gives the same records, so that a second start finds them all.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import httpx

from tollgate.connection import body_of
from tollgate.demo.catalog.customers import CUSTOMERS
from tollgate.demo.catalog.experience import TOUCHPOINTS
from tollgate.demo.content import SERVICES, SOURCE, DemoService, Update
from tollgate.demo.making import PATIENCE, Providers
from tollgate.exits import CommandFailed
from tollgate.resending import call_until_answered

DAYS: Final = 365
LIVE: Final = tuple(service for service in SERVICES if service.stage in ("operate", "improve"))
CHANGES_A_YEAR: Final = 30  # of each service
SURVEYS_A_YEAR: Final = 90
REQUESTS_A_YEAR: Final = 110
OUTAGES_A_YEAR: Final = {"critical": 3, "high": 5, "medium": 7, "low": 9}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

OUTCOMES = (("successful", 88), ("rolled_back", 5), ("failed", 3), (None, 4))
WISHES = (
    ("Reset the password of {}", 30), ("Unlock the account of {}", 18),
    ("Access to folder {}", 14), ("Install printer {}", 9), ("New mobile contract", 4),
    ("Move to desk {}", 5), ("Report on the use of the last quarter", 2),
    ("Advice on a tool for drawing plans", 2),
)  # fmt: skip
PRAISE = ("Solved while we were still on the phone", "Friendly and quick", "Just works")
BLAME = (
    "Had to explain it three times", "Waited two days for an answer",
    "It broke again the next morning", "Nobody told us about the maintenance",
)  # fmt: skip


def records(until: date) -> dict[str, list[Update]]:
    """The records of each kind, by the path they are pushed to, before a day. Pure."""
    draw = random.Random(20250102)  # noqa: S311 - believable, not secret
    end = datetime.combine(until, time(), UTC)
    changes = [change for service in LIVE for change in _changes(draw, service, end)]
    outages = [outage for service in LIVE for outage in _outages(draw, service, end)]
    outages += _outages_of_changes(draw, changes, end)
    surveys = [survey for service in LIVE for survey in _surveys(draw, service, end)]
    requests = [request for service in LIVE for request in _requests(draw, service, end)]
    return {
        "/v1/changes": _numbered("CHG", changes),
        "/v1/outages": _numbered("OUT", outages),
        "/v1/requests": _numbered("RITM", requests),
        "/v1/surveys": _numbered("SUR", surveys),
    }


def load_records(at: Providers, until: date) -> None:
    """Push them, kind by kind; where the last one of a kind is there, all are."""
    for path, updates in records(until).items():
        last = call_until_answered(
            at.metrics,
            "GET",
            f"{path}/{SOURCE}/{updates[-1]['external_id']}",
            patience=PATIENCE,
            expecting={httpx.codes.NOT_FOUND},
        )
        if last.is_success:
            continue
        reply = body_of(
            call_until_answered(
                at.metrics, "POST", f"{path}/batch", patience=PATIENCE, json=updates
            )
        )
        if reply["rejected"]:
            raise CommandFailed(
                f"{reply['rejected']} records of the demo were rejected at {path}"
                f" ({reply['rejections'][0]}): report it, and start with DEMO=0 meanwhile"
            )


def _numbered(prefix: str, found: Sequence[Update]) -> list[Update]:
    """Under ids of their own, as one tool; a record that has a name keeps it."""
    return [
        {"source": SOURCE, "external_id": f"{prefix}{number:06}", **update}
        for number, update in enumerate(found, 1)
    ]


def _at(moment: datetime) -> str:
    return moment.isoformat()


def _moment(draw: random.Random, end: datetime, hours: tuple[int, int]) -> datetime:
    """Some time of the year before `end`, between two hours of the day."""
    day = end - draw.randint(1, DAYS) * DAY
    return day + timedelta(hours=draw.randint(*hours), minutes=draw.randint(0, 59))


def _changes(draw: random.Random, service: DemoService, end: datetime) -> Iterator[Update]:
    """At night, most of them well."""
    for number in range(CHANGES_A_YEAR):
        starts = _moment(draw, end - DAY, (19, 22))
        done = starts + draw.randint(10, 150) * timedelta(minutes=1)
        yield {
            "external_id": f"CHG-{service.key}-{number + 1:02}",
            "service": service.name,
            "title": f"{draw.choice(('Update', 'Configure', 'Enlarge', 'Patch'))} {service.name}",
            "type": "emergency" if draw.random() < 0.06 else "normal",
            "impact": draw.choice(("high", "medium", "low")),
            "opened_at": _at(starts - draw.randint(2, 14) * DAY),
            "planned_start_at": _at(starts),
            "planned_end_at": _at(starts + 2 * HOUR),
            "completed_at": _at(done),
            "updated_at": _at(done),
            "state": "closed",
            "outcome": _weighted(draw, OUTCOMES),
        }


def _outages(draw: random.Random, service: DemoService, end: datetime) -> Iterator[Update]:
    """Some that nobody planned, some of them mere slowness, and a maintenance each month."""
    for _ in range(OUTAGES_A_YEAR[service.criticality]):
        starts = _moment(draw, end - DAY, (0, 23))
        yield _outage(
            service.name,
            f"{service.name} is not reachable",
            starts,
            draw.randint(8, 240) * timedelta(minutes=1),
            degraded=draw.random() < 0.25,
        )
    for month in range(12):
        sunday = end - (30 * month + 3) * DAY
        sunday -= (sunday.weekday() + 1) % 7 * DAY
        yield _outage(
            service.name, f"Maintenance of {service.name}", sunday + HOUR, 2 * HOUR, planned=True
        )


def _outage(
    service: str, title: str, starts: datetime, lasts: timedelta, **facts: Any
) -> dict[str, Any]:
    return {
        "service": service,
        "title": title,
        "started_at": _at(starts),
        "ended_at": _at(starts + lasts),
        "updated_at": _at(starts + lasts),
        "planned": False,
        **facts,
    }


def _outages_of_changes(
    draw: random.Random, changes: Sequence[Update], end: datetime
) -> Iterator[Update]:
    """What some of the changes that went wrong did to their service."""
    for change in changes:
        if change["outcome"] in ("failed", "rolled_back") and draw.random() < 0.5:
            starts = datetime.fromisoformat(change["completed_at"])
            lasts = min(draw.randint(15, 180) * timedelta(minutes=1), end - starts)
            yield _outage(
                change["service"],
                f"{change['service']} is down after a change",
                starts,
                lasts,
                caused_by=change["external_id"],
            )


def _surveys(draw: random.Random, service: DemoService, end: datetime) -> Iterator[Update]:
    """A question after a contact; every fifth asks whether one would recommend the service."""
    places = [place.key for place in TOUCHPOINTS if service.key in place.services]
    liking = draw.uniform(0.55, 0.9)
    for number in range(SURVEYS_A_YEAR):
        sent = _moment(draw, end - 3 * DAY, (8, 17))
        survey: dict[str, Any] = {
            "service": service.name,
            "kind": "nps" if number % 5 == 0 else "csat",
            "touchpoint": draw.choice(places) if places else None,
            "customer": draw.choice(CUSTOMERS).key,
            "sent_at": _at(sent),
            "updated_at": _at(sent),
        }
        if draw.random() < 0.4:
            survey |= _answer(draw, survey["kind"], draw.random() < liking)
            answered = sent + draw.randint(1, 40) * HOUR
            survey |= {"answered_at": _at(answered), "updated_at": _at(answered)}
        yield survey


def _answer(draw: random.Random, kind: str, pleased: bool) -> dict[str, Any]:
    scores = {
        ("csat", True): (4, 5, 5), ("csat", False): (1, 2, 3, 3),
        ("nps", True): (8, 9, 9, 10), ("nps", False): (2, 4, 6, 7),
    }  # fmt: skip
    answer: dict[str, Any] = {"score": draw.choice(scores[kind, pleased])}
    if draw.random() < 0.3:
        answer["comment"] = draw.choice(PRAISE if pleased else BLAME)
    return answer


def _requests(draw: random.Random, service: DemoService, end: datetime) -> Iterator[Update]:
    """What people want again and again, and now and then something of its own."""
    for _ in range(REQUESTS_A_YEAR):
        opened = _moment(draw, end - 6 * DAY, (7, 17))
        taken = timedelta(minutes=max(5, round(60 * draw.lognormvariate(1.8, 1.1))))
        done = min(opened + taken, end - HOUR)
        wish = _weighted(draw, WISHES).format(f"{draw.randint(100, 999)}")
        yield {
            "service": service.name,
            "title": wish,
            "channel": draw.choice(("portal", "portal", "phone", "email")),
            "opened_at": _at(opened),
            "due_at": _at(opened + 2 * DAY),
            "fulfilled_at": _at(done),
            "updated_at": _at(done),
            "state": "closed",
        }


def _weighted(draw: random.Random, choices: Sequence[tuple[Any, int]]) -> Any:
    values, weights = zip(*choices, strict=True)
    return draw.choices(values, weights)[0]
