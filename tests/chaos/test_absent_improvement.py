"""improvement-api is away while promises are broken: it hears of each once, in order."""

import json
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.eventually import soon
from tests.support.processes import System, running_system

RECORDS = 10_000
SERVICES = [f"service-{number}" for number in range(8)]
SCHEME = {
    "key": "strict",
    "name": "Strict",
    "impacts": ["any"],
    "urgencies": ["any"],
    "matrix": {"any": {"any": 1}},
    "priorities": [
        {"priority": 1, "name": "Urgent", "resolution_minutes": 60, "calendar": "always"}
    ],
}
ALWAYS = {"key": "always", "name": "Always", "timezone": "UTC", "always_open": True}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Eight services that promise to resolve within an hour, known to metrics-api."""
    with running_system(tmp_path_factory.mktemp("absent")) as running:
        running.call("catalog", "POST", "/v1/portfolios", json={"key": "it", "name": "IT"})
        running.call("catalog", "POST", "/v1/calendars", json=ALWAYS)
        running.call("catalog", "POST", "/v1/priority-schemes", json=SCHEME)
        for key in SERVICES:
            running.call("catalog", "POST", "/v1/services/onboard", json=onboarded(key))
        running.call("metrics", "POST", "/v1/sources", json={"key": "desk", "name": "Desk"})
        running.call("metrics", "POST", "/v1/references/refresh")
        soon(lambda: promises(running), within=60)
        yield running


def onboarded(key: str) -> dict[str, Any]:
    return {
        "key": key,
        "name": key,
        "kind": "business",
        "portfolio": "it",
        "stage": "operate",
        "reason": "it runs for years",
        "owners": [{"role": "service_owner", "subject": "ada"}],
    }


def promises(system: System) -> bool:
    """Whether the scheme has reached metrics-api: an incident that comes now is clocked by it."""
    probe = record(f"PROBE{datetime.now(UTC).timestamp()}", SERVICES[0], met=True)
    stored = system.call("metrics", "POST", "/v1/incidents", json=probe).json()
    path = f"/v1/incidents/desk/{stored['external_id']}/clocks"
    return bool(system.send("metrics", "GET", path).json().get("judged_by"))


def record(external_id: str, service: str, *, met: bool = False) -> dict[str, str]:
    """Resolved after ten minutes or three hours, while an hour was promised."""
    opened = datetime.now(UTC) - timedelta(hours=5)
    resolved = opened + (timedelta(minutes=10) if met else timedelta(hours=3))
    return {
        "source": "desk",
        "external_id": external_id,
        "service": service,
        "priority": "1",
        "state": "resolved",
        "opened_at": opened.isoformat(),
        "resolved_at": resolved.isoformat(),
        "updated_at": resolved.isoformat(),
    }


@contextmanager
def stopped(system: System, program: str) -> Iterator[None]:
    """The process takes connections and never answers, and goes on afterwards."""
    pid = system.pid(program)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def push(system: System, numbers: range) -> None:
    lines = [
        json.dumps(record(f"INC{number}", SERVICES[number % len(SERVICES)])) for number in numbers
    ]
    headers = {"Content-Type": "application/x-ndjson"}
    body = "\n".join(lines)
    reply = system.call("metrics", "POST", "/v1/incidents/batch", content=body, headers=headers)
    assert reply.json()["accepted"] == len(lines)


def listed(system: System, service: str, path: str) -> list[dict[str, Any]]:
    """Every item of a list of `clock.breached`, page after page."""
    items: list[dict[str, Any]] = []
    query: dict[str, Any] = {"type": "clock.breached", "limit": 500}
    while True:
        found = system.get(service, path, **query)
        items += found["items"]
        if found["next_cursor"] is None:
            return items
        query["cursor"] = found["next_cursor"]


@dataclass
class Consumer:
    """Reads signals on, after the last sequence it has seen, as whoever acts on them does."""

    system: System
    signals: list[dict[str, Any]] = field(default_factory=list)

    def has(self, count: int) -> bool:
        """Read what is new; whether it is so many by now. Nothing comes while it cannot answer."""
        after = self.signals[-1]["sequence"] if self.signals else 0
        query = {"type": "clock.breached", "after": after, "limit": 500}
        try:
            self.signals += self.system.get("improvement", "/v1/signals", **query)["items"]
        except (AssertionError, httpx.HTTPError):
            time.sleep(0.5)
        return len(self.signals) >= count


def test_every_breach_arrives_once_and_in_order_after_improvement_was_away(
    system: System, tmp_path: Path
) -> None:
    consumer = Consumer(system)
    push(system, range(1_000))
    with stopped(system, "improvement serve"):
        push(system, range(1_000, RECORDS))
        soon(lambda: waits_for_a_retry(system), within=120)
    soon(lambda: consumer.has(1_500), within=240)
    system.kill("improvement serve")
    system.kill("metrics worker")

    soon(lambda: consumer.has(RECORDS), within=600)

    told = listed(system, "metrics", "/v1/events")
    signals = listed(system, "improvement", "/v1/signals")
    assert [one["id"] for one in consumer.signals] == [one["id"] for one in signals]
    repeated = [name for name, count in Counter(one["id"] for one in signals).items() if count > 1]
    assert repeated == []
    assert len(told) == len(signals) == RECORDS
    assert by_service(signals, "service") == by_service(told, "subject")
    assert len({one["data"]["external_id"] for one in signals}) == RECORDS


def waits_for_a_retry(system: System) -> bool:
    subscriptions = system.get("metrics", "/v1/subscriptions")["items"]
    return any(one["name"] == "improvement-api" and one["failures"] for one in subscriptions)


def by_service(items: list[dict[str, Any]], field: str) -> dict[str, list[str]]:
    """Ids of events in their order, for each service."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in items:
        found[one[field]].append(one["id"])
    return dict(found)
