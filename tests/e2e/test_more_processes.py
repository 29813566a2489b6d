"""A service may run as many processes as one likes: what one of them stored, the others know."""

import asyncio
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from subprocess import DEVNULL, Popen
from sys import executable
from typing import Any

import httpx
import psutil
import pytest

from tests.support.eventually import soon
from tests.support.processes import PLAIN_HTTP, System, free_ports, running_system
from tests.support.receiver import receiving

pytestmark = pytest.mark.slow

UPDATES = 60
OPENED, RESOLVED = "2026-03-02T08:00:00Z", "2026-03-02T11:00:00Z"


@dataclass
class Doubled:
    """The running product with a second metrics-api, of two workers each with catalog-api."""

    system: System
    metrics: tuple[str, str]

    def send(self, process: int, method: str, path: str, **request: Any) -> httpx.Response:
        """A request to the first or the second process of metrics-api."""
        headers = {"Authorization": f"Bearer {self.system.token()}", **request.pop("headers", {})}
        url = f"{self.metrics[process]}{path}"
        reply = httpx.request(method, url, timeout=60, headers=headers, **PLAIN_HTTP, **request)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply

    def push(self, process: int, external_id: str, **fields: Any) -> Any:
        known = {"source": "desk", "external_id": external_id, "opened_at": OPENED}
        return self.send(process, "POST", "/v1/incidents", json=known | fields).json()


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubled]:
    directory = tmp_path_factory.mktemp("more")
    with (
        running_system(directory, CATALOG_ALLOW_PRIVATE_SUBSCRIBERS="1") as system,
        ExitStack() as more,
    ):
        (port,) = free_ports(1)
        more.enter_context(another(system, "metrics", "serve", METRICS_PORT=str(port)))
        more.enter_context(another(system, "metrics", "worker"))
        more.enter_context(another(system, "catalog", "worker"))
        second = f"http://127.0.0.1:{port}"
        soon(lambda: is_ready(second), within=60)
        system.call("catalog", "POST", "/v1/portfolios", json={"key": "desks", "name": "Desks"})
        service = {
            "key": "mail",
            "name": "Mail",
            "portfolio": "desks",
            "kind": "business",
            "stage": "operate",
            "criticality": "high",
            "owners": [{"role": "service_owner", "subject": "ada"}],
            "reason": "Used for years",
        }
        system.call("catalog", "POST", "/v1/services/onboard", json=service)
        running = Doubled(system, (system.url("metrics"), second))
        running.send(0, "POST", "/v1/references/refresh")
        running.send(1, "POST", "/v1/sources", json={"key": "desk", "name": "Desk"})
        yield running


@contextmanager
def another(system: System, service: str, verb: str, **environment: str) -> Iterator[None]:
    """One more process with the environment of the one there is."""
    first = psutil.Process(system.pid(f"{service} {verb}"))
    process = Popen(
        [executable, "-m", f"{service}_api", verb],
        env=first.environ() | environment,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, **PLAIN_HTTP).is_success
    except httpx.HTTPError:
        return False


def test_what_a_name_means_holds_at_once_everywhere(doubled: Doubled) -> None:
    for process in (0, 1):
        assert doubled.push(process, f"before-{process}", service="Post room")["service"] is None

    decided = {"service": "mail", "source": "desk", "service_name": "Post room"}
    doubled.send(0, "POST", "/v1/attributions", json=decided)

    assert doubled.push(1, "after", service="post room")["service"] == "mail"
    before = doubled.send(1, "GET", "/v1/incidents/desk/before-1").json()
    assert before["service"] == "mail"


def test_a_request_that_is_repeated_at_another_process_is_done_once(doubled: Doubled) -> None:
    target = {
        "service": "mail",
        "kpi": "mttr",
        "comparator": "lte",
        "value": "4",
        "valid_from": "2026-01-01",
        "owner": "ada",
    }
    key = {"Idempotency-Key": "set-the-target"}

    first, again = (
        doubled.send(process, "POST", "/v1/targets", json=target, headers=key) for process in (0, 1)
    )

    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    targets = doubled.send(1, "GET", "/v1/targets", params={"service": "mail"}).json()["items"]
    assert [each["id"] for each in targets] == [first.json()["id"]]


def test_updates_of_one_incident_through_both_come_to_one_end_state(doubled: Doubled) -> None:
    updates = [
        {"service": "mail", "version": number, "priority": number % 5 + 1, "state": "in_progress"}
        for number in range(1, UPDATES)
    ]
    last = {"service": "mail", "version": UPDATES, "priority": 2, "state": "resolved"}
    updates.append(last | {"resolved_at": RESOLVED})
    random.Random(4).shuffle(updates)

    with ThreadPoolExecutor(8) as pool:
        sent = [
            pool.submit(doubled.push, number % 2, "often", **fields)
            for number, fields in enumerate(updates)
        ]
        for one in sent:
            one.result()

    path = "/v1/services/mail/kpis?kpi=mttr&periods=2026-03"
    for process in (0, 1):
        found = doubled.send(process, "GET", "/v1/incidents/desk/often").json()
        assert (found["state"], found["priority"], found["versions"]) == ("resolved", 2, UPDATES)
        (mttr,) = doubled.send(process, "GET", path).json()["kpis"][0]["values"]
        assert (mttr["value"], mttr["count"]) == (3.0, 1)


async def test_two_workers_deliver_each_event_once_and_in_order(doubled: Doubled) -> None:
    async with receiving() as receiver:
        await asyncio.to_thread(change_often, doubled.system, receiver.url)
        await asyncio.to_thread(soon, lambda: len(receiver.events) >= UPDATES, within=60)

    sequences = [int(event["sequence"]) for event in receiver.events]
    assert sequences == sorted(set(sequences))
    assert len(sequences) == UPDATES


def change_often(system: System, told_to: str) -> None:
    subscription = {"name": "portal", "url": told_to, "types": ["service.*"]}
    system.call("catalog", "POST", "/v1/subscriptions", json=subscription)
    for number in range(UPDATES):
        change = {"description": f"Mail, edition {number}"}
        system.call("catalog", "PATCH", "/v1/services/mail", json=change, headers={"If-Match": "*"})
