"""Events delivered per second: to a stranger, to improvement-api, and beside a thousand dead."""

import os
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.bench.figures import heading, line
from tests.bench.stack import admin_url
from tests.support.processes import System, running_system

EVENTS = int(os.environ.get("BENCH_EVENTS", "5000"))
DEAD = int(os.environ.get("BENCH_DEAD", "1000"))
# Subscribers on loopback are refused otherwise.
ENVIRONMENT = {"METRICS_ALLOW_PRIVATE_SUBSCRIBERS": "1"}
PATIENCE_S = 600
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

Connection = psycopg.Connection[tuple[object]]


@dataclass
class Endpoint:
    """A subscriber on loopback; a dead one takes requests and never answers."""

    url: str
    arrivals: list[float] = field(default_factory=list)
    connections: int = 0


def events(system: System, connection: Connection) -> None:
    """All figures of deliveries; the system was started with ENVIRONMENT."""
    heading(f"Deliveries of {EVENTS:,} events, strictly in sequence")
    with _endpoint() as live, _subscribed(system, live, "bench.alive"):
        elapsed = _delivered(connection, "bench.alive", live)
        line("to a stranger that answers at once", f"{EVENTS / elapsed:,.0f}/s")
        line("connections for them", f"{live.connections:,}")
    elapsed = _received(connection)
    line("to improvement-api, which keeps each", f"{EVENTS / elapsed:,.0f}/s")
    _beside_the_dead(system, connection)


def _beside_the_dead(system: System, connection: Connection) -> None:
    heading(f"The same with {DEAD:,} subscribers that never answer (5 s each)")
    with (
        _endpoint() as live,
        _endpoint(dead=True) as dead,
        _subscribed(system, live, "bench.shared"),
        _subscribed(system, dead, "bench.shared"),
    ):
        _among_the_dead(connection, live, dead)
        connection.execute("DELETE FROM metrics.subscription WHERE name LIKE 'bench-%-%'")


def _among_the_dead(connection: Connection, live: Endpoint, dead: Endpoint) -> None:
    _copy_dead(connection, dead.url)
    first = _first_arrival(connection, live)
    line("the first event, nobody known to be dead", f"{first:,.1f} s")
    waits = []
    for _ in range(20):
        waits.append(_first_arrival(connection, live))
        time.sleep(0.5)
    line("a later event, slowest of 20", f"{max(waits) * 1000:,.0f} ms")
    elapsed = _delivered(connection, "bench.shared", live)
    line("events to the living one", f"{EVENTS / elapsed:,.0f}/s")


def _delivered(connection: Connection, kind: str, live: Endpoint) -> float:
    """Seconds from the events' commit to the last one's arrival."""
    before, started = len(live.arrivals), time.perf_counter()
    _cause(connection, kind, EVENTS)
    _until(lambda: len(live.arrivals) >= before + EVENTS)
    return live.arrivals[-1] - started


def _received(connection: Connection) -> float:
    """Seconds until improvement-api has kept them all."""
    count = "SELECT count(*) FROM improvement.signal WHERE type = 'clock.bench'"

    def kept() -> int:
        row = connection.execute(count).fetchone()
        return int(str(row[0])) if row else 0

    before, started = kept(), time.perf_counter()
    _cause(connection, "clock.bench", EVENTS)
    _until(lambda: kept() >= before + EVENTS)
    return time.perf_counter() - started


def _first_arrival(connection: Connection, live: Endpoint) -> float:
    before, started = len(live.arrivals), time.perf_counter()
    _cause(connection, "bench.shared", 1)
    _until(lambda: len(live.arrivals) > before)
    return live.arrivals[before] - started


def _cause(connection: Connection, kind: str, count: int) -> None:
    """Commit events as a service does, in one transaction with the job that publishes them."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO metrics.outbox_event (id, type, subject, data, occurred_at)"
            " SELECT gen_random_uuid(), %s, 'bench-' || lpad((n %% 100)::text, 3, '0'),"
            " jsonb_build_object('service', 'bench-000', 'n', n), now()"
            " FROM generate_series(1, %s) AS n",
            [kind, count],
        )
        connection.execute(
            "INSERT INTO metrics_jobs.procrastinate_jobs (queue_name, task_name, args)"
            " VALUES ('metrics', 'publish_events', '{}')"
        )


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        if time.monotonic() > deadline:
            raise RuntimeError("the events were not delivered in time")
        time.sleep(0.002)


@contextmanager
def _subscribed(system: System, endpoint: Endpoint, kind: str) -> Iterator[None]:
    name = f"bench-{uuid.uuid4().hex[:8]}"
    body = {"name": name, "url": endpoint.url, "types": [kind]}
    made = system.call("metrics", "POST", "/v1/subscriptions", json=body).json()
    yield
    system.call("metrics", "DELETE", f"/v1/subscriptions/{made['id']}")


def _copy_dead(connection: Connection, url: str) -> None:
    """More of the dead subscriber that was made over HTTP, called after it: bench-…-2 and so on."""
    connection.execute(
        "INSERT INTO metrics.subscription (id, name, url, types, secret, state, built_in, cursor,"
        " failures, created_at, created_by)"
        " SELECT gen_random_uuid(), name || '-' || n, url, types, secret, state, built_in, cursor,"
        " failures, created_at, created_by"
        " FROM metrics.subscription, generate_series(2, %s) AS n WHERE url = %s",
        [DEAD, url],
    )


@contextmanager
def _endpoint(*, dead: bool = False) -> Iterator[Endpoint]:
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as server:
        made = Endpoint(f"http://127.0.0.1:{server.getsockname()[1]}/hook")
        if not dead:
            threading.Thread(target=_serve, args=(server, made), daemon=True).start()
        yield made


def _serve(server: socket.socket, endpoint: Endpoint) -> None:
    while True:
        try:
            wire, _ = server.accept()
        except OSError:
            return
        endpoint.connections += 1
        threading.Thread(target=_answer, args=(wire, endpoint), daemon=True).start()


def _answer(wire: socket.socket, endpoint: Endpoint) -> None:
    received = b""
    with wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while block := wire.recv(65536):
            received += block
            head, end, body = received.partition(b"\r\n\r\n")
            length = next(
                int(row.split(b":")[1])
                for row in head.split(b"\r\n")
                if row.lower().startswith(b"content-length")
            )
            if end and len(body) >= length:
                received = body[length:]
                endpoint.arrivals.append(time.perf_counter())
                wire.sendall(_ANSWER)


def main() -> int:
    """Only these figures, on a stack of their own."""
    with (
        tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder,
        running_system(Path(folder) / "data", **ENVIRONMENT) as system,
        psycopg.connect(admin_url(system), autocommit=True) as connection,
    ):
        events(system, connection)
    return 0


if __name__ == "__main__":
    sys.exit(main())
