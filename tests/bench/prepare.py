"""What the benchmarks need to be there: services in the catalog, a source, targets."""

from collections.abc import Iterator
from typing import Any

import httpx

from tests.bench.incidents import SERVICES, SOURCE, service_key
from tests.support.processes import System


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
