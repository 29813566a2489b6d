"""What the benchmarks need to be there: services in the catalog, a source, targets."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg

from tests.bench.incidents import SERVICES, SOURCE, service_key
from tests.support.processes import System

# Clocks run in office hours, so that what ingest does for them is part of what is measured.
CALENDAR = {
    "key": "bench",
    "name": "Office hours",
    "timezone": "Europe/Vienna",
    "country": "AT",
    "weekly": [
        {"day": day, "start": "08:00", "end": "18:00"}
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
    ],
}
SCHEME = {
    "key": "bench",
    "name": "Bench",
    "impacts": ["high", "low"],
    "urgencies": ["high", "low"],
    "matrix": {"high": {"high": 1, "low": 2}, "low": {"high": 3, "low": 4}},
    "priorities": [
        {
            "priority": number,
            "name": f"Priority {number}",
            "response_minutes": 120 * number,
            "resolution_minutes": 2_000 * number,
            "calendar": "bench",
        }
        for number in range(1, 6)
    ],
}


def client(system: System, service: str) -> httpx.Client:
    """A client of one of the three services, with all scopes."""
    return httpx.Client(
        base_url=f"http://127.0.0.1:{system.ports[service]}",
        headers={"Authorization": f"Bearer {system.token()}"},
        timeout=120,
    )


def prepare(system: System) -> None:
    """A portfolio of live services that metrics-api knows, and the source of the incidents."""
    with client(system, "catalog") as catalog, client(system, "metrics") as metrics:
        _ok(catalog.post("/v1/portfolios", json={"key": "bench", "name": "Benchmark"}))
        _ok(catalog.post("/v1/calendars", json=CALENDAR))
        _ok(catalog.post("/v1/priority-schemes", json=SCHEME))
        for body in _services():
            _ok(catalog.post("/v1/services/onboard", json=body))
        _ok(metrics.post("/v1/sources", json={"key": SOURCE, "name": "Bench", "kind": "generic"}))
        _ok(metrics.post("/v1/references/refresh"))
        for number in range(0, SERVICES, 2):
            target = {
                "service": service_key(number),
                "kpi": "mttr",
                "comparator": "lte",
                "value": 60,
                "valid_from": "2025-01-01",
            }
            _ok(metrics.post("/v1/targets", json=target))


def await_promises(connection: psycopg.Connection[tuple[object, ...]], limit_s: float = 60) -> None:
    """Until metrics-api knows the scheme that holds for every service."""
    deadline = time.monotonic() + limit_s
    while not connection.execute(
        "SELECT 1 FROM metrics.catalog_copy WHERE kind = 'scheme_choice' AND ended_at IS NULL"
    ).fetchone():
        if time.monotonic() > deadline:
            raise RuntimeError("metrics-api did not copy the priority scheme in time")
        time.sleep(0.5)


def _services() -> Iterator[dict[str, Any]]:
    for number in range(SERVICES):
        yield {
            "key": service_key(number),
            "name": f"Benchmark service {number}",
            "description": "A service that only benchmarks use",
            "kind": "business",
            "portfolio": "bench",
            "stage": "operate",
            "reason": "benchmark",
            "owners": [{"role": "service_owner", "subject": "bench-owner"}],
        }


def _ok(reply: httpx.Response) -> None:
    if reply.is_error:
        raise RuntimeError(f"{reply.request.method} {reply.request.url}: {reply.text}")
