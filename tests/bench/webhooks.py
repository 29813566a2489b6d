"""Native webhooks per second: signed by the tool's own scheme, stored, answered 202."""

import hashlib
import hmac
import time

import orjson
import psycopg

from tests.bench.figures import Figures, heading, latencies, line
from tests.bench.incidents import service_key
from tests.bench.load import run_load
from tests.bench.prepare import client
from tests.support.processes import System

SOURCE = "bench-pager"
SECRET = "bench-signing-secret"
CONNECTIONS = (8, 32)


def webhooks(
    system: System,
    connection: psycopg.Connection[tuple[object, ...]],
    seconds: float,
    upserts_per_second: float,
) -> None:
    """PagerDuty's deliveries at some connections, beside pgbench's upserts of the same run."""
    heading("Signed webhooks (PagerDuty), each another incident")
    with client(system, "metrics") as http:
        source = {"key": SOURCE, "name": "Bench pager", "kind": "pagerduty"}
        http.post("/v1/sources", json=source).raise_for_status()
        secret = {"secret": SECRET}
        http.post(f"/v1/sources/{SOURCE}/secrets", json=secret).raise_for_status()
    for connections in CONNECTIONS:
        figures = run_load(system.ports["metrics"], connections, seconds, _request)
        if set(figures.statuses) != {202}:
            raise RuntimeError(f"metrics-api answered {figures.statuses}")
        _show(connections, figures, upserts_per_second)
    line("processed, after the last was answered", f"{_processed(connection):,.1f} s later")


def _show(connections: int, figures: Figures, upserts_per_second: float) -> None:
    latencies(f"POST of a delivery, {connections} connections", figures)
    line("  ratio to pgbench", f"{figures.per_second / upserts_per_second:.2f}", "aim: 0.3")


def _request(connection: int, count: int) -> bytes:
    number = f"{time.time_ns()}-{connection}-{count}"
    body = orjson.dumps(
        {
            "event": {
                "id": f"event-{number}",
                "event_type": "incident.triggered",
                "resource_type": "incident",
                "occurred_at": "2026-01-05T10:00:00.000Z",
                "agent": None,
                "client": None,
                "data": {
                    "id": f"P{number}",
                    "type": "incident",
                    "number": count,
                    "status": "triggered",
                    "title": "Something does not work as expected",
                    "created_at": "2026-01-05T10:00:00Z",
                    "service": {"id": "PS1", "summary": service_key(count % 10)},
                    "urgency": "high",
                    "priority": None,
                },
            }
        }
    )
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /v1/sources/{SOURCE}/events HTTP/1.1\r\nHost: localhost\r\n"
        f"X-PagerDuty-Signature: v1={signature}\r\nX-Webhook-Id: {number}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _processed(connection: psycopg.Connection[tuple[object, ...]], limit_s: float = 300) -> float:
    """Seconds until no delivery waits any more."""
    started = time.monotonic()
    while connection.execute(
        "SELECT 1 FROM metrics.receipt WHERE state = 'pending' LIMIT 1"
    ).fetchone():
        if time.monotonic() - started > limit_s:
            raise RuntimeError("deliveries were not processed in time")
        time.sleep(0.2)
    return time.monotonic() - started
