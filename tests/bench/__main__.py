"""`make bench`: every figure from one run, each beside the limit it is measured against."""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import orjson
import psycopg

from tests.bench import database, evaluations, events, prepare
from tests.bench.catalog import catalog
from tests.bench.figures import Figures, heading, latencies, line
from tests.bench.growth import grow
from tests.bench.incidents import SERVICES, SOURCE, incident, service_key, write_lines
from tests.bench.load import post_file, request_bytes, run_load
from tests.bench.memory import watching
from tests.bench.stack import admin_url, peak_memory_mb, until_none
from tests.bench.webhooks import webhooks
from tests.support.processes import System, running_system
from tollgate_local.binaries import find_binaries

BULK_ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
GROWTH = int(os.environ.get("BENCH_GROWTH", "10"))
LOAD_SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
_SIZES = """takes half an hour; its sizes are read from the environment: BENCH_ROWS (1000000
incidents of the bulk ingest), BENCH_SHUFFLED (these in no order of time), BENCH_GROWTH (10 times
that for the reads), BENCH_SECONDS (10, of each load)"""
KPI = "?kpi=mttr&periods=2025-Q2"
REPORT = "/v1/reports/performance?kpi=mttr&periods=2025-Q1,2025-Q2&limit=500"


def main() -> int:
    """Run all benchmarks on a stack of their own and print the table."""
    with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
        print("starting Tollgate with durable settings ...", flush=True)
        with running_system(Path(folder) / "data", **events.ENVIRONMENT) as system:
            prepare.prepare(system)
            with psycopg.connect(admin_url(system), autocommit=True) as connection:
                prepare.await_promises(connection)
                bulk_ingest(system, connection, Path(folder))
                reads(system, connection, BULK_ROWS)
                line("grown inside PostgreSQL", f"{grow(connection, GROWTH):,.0f} s")
                reads(system, connection, BULK_ROWS * GROWTH)
                upserts = single_posts(system, Path(folder))
                webhooks(system, connection, LOAD_SECONDS, upserts)
                events.events(system, connection)
            catalog(system, Path(folder), LOAD_SECONDS)
    # On a stack of their own: the demo's agreements do not go with the scheme of the others.
    return evaluations.main()


def bulk_ingest(
    system: System, connection: psycopg.Connection[tuple[object, ...]], folder: Path
) -> None:
    """A million lines in one request, then raw COPY of what it left."""
    heading(f"Bulk ingest of {BULK_ROWS:,} incidents in one HTTP request")
    file = folder / "incidents.ndjson"
    write_lines(file, BULK_ROWS)
    started = time.perf_counter()
    with watching(system.pid("metrics serve")) as memory:
        status, body = post_file(
            system.ports["metrics"], "/v1/incidents/batch", system.token(), file
        )
    elapsed = time.perf_counter() - started
    reply = orjson.loads(body)
    if status != 200 or reply["accepted"] != BULK_ROWS:
        raise RuntimeError(f"the ingest answered {status}: {body[:500]!r}")
    line("incidents per second over HTTP", f"{BULK_ROWS / elapsed:,.0f}/s")
    line(
        "peak memory of metrics-api in that import",
        f"{peak_memory_mb(system, 'metrics serve'):,.0f} MB",
        "aim: under 300 MB",
    )
    line(
        "its memory in the second and in the last tenth",
        f"{memory.tenth(2):,.0f} MB, {memory.tenth(10):,.0f} MB",
        "aim: flat",
    )
    until_none(connection, "SELECT FROM metrics.cell_delta")
    raw = database.raw_copy_seconds(connection, folder)
    line("raw COPY of the same rows into the same tables", f"{BULK_ROWS / raw:,.0f}/s")
    line("ratio", f"{raw / elapsed:.2f}", "aim: 0.35")
    connection.execute("DROP SCHEMA bench CASCADE")
    connection.execute("VACUUM ANALYZE metrics.incident")
    file.unlink()


def reads(
    system: System, connection: psycopg.Connection[tuple[object, ...]], incidents: int
) -> None:
    """The report of all services beside its raw GROUP BY, and the KPI of one service."""
    heading(f"Reads over {incidents:,} incidents of {SERVICES} services, nothing else at work")
    for left_behind in ("cell_delta", "sketch_pending"):
        until_none(connection, f"SELECT FROM metrics.{left_behind}")
    raw = database.raw_report_seconds(connection)
    one = request_bytes("GET", REPORT, system.token())
    figures = _load(system, "metrics", 1, lambda *_: one)
    line("raw GROUP BY of two quarters (median)", f"{raw * 1000:,.1f} ms")
    latencies("performance report of all, 1 connection", figures, "aim: p99 50 ms")
    line("times faster (median)", f"{raw * 1000 / figures.p50_ms:,.0f}", "aim: 100")
    dice = random.Random(3)

    def of_one_service(*_: int) -> bytes:
        path = f"/v1/services/{service_key(dice.randrange(SERVICES))}/kpis{KPI}"
        return request_bytes("GET", path, system.token())

    figures = _load(system, "metrics", 1, of_one_service)
    latencies("MTTR of one service by quarter", figures, "aim: p99 10 ms, flat")


def single_posts(system: System, folder: Path) -> float:
    """Upserts per second of pgbench beside it."""
    heading("Single POSTs at 8 connections")
    chance = random.Random(11)

    def following(connection: int, count: int) -> bytes:
        number = 10_000_000 + connection * 1_000_000 + count
        record = incident(number, chance.random(), chance)
        return request_bytes("POST", "/v1/incidents", system.token(), orjson.dumps(record))

    figures = _load(system, "metrics", 8, following)
    latencies("POST /v1/incidents, all new", figures)
    per_second, p99 = database.pgbench_upserts(
        find_binaries() / "pgbench", admin_url(system), folder, int(LOAD_SECONDS)
    )
    line("pgbench single-row upserts", f"{per_second:,.0f}/s, p99 {p99:,.1f} ms")
    line("ratio", f"{figures.per_second / per_second:.2f}", "aim: 0.3")
    return per_second


def _load(system: System, service: str, connections: int, following: object) -> Figures:
    figures = run_load(system.ports[service], connections, LOAD_SECONDS, following)  # type: ignore[arg-type]
    failed = {status: n for status, n in figures.statuses.items() if status >= 300}
    if failed:
        raise RuntimeError(f"{service}-api answered {failed}")
    return figures


if __name__ == "__main__":
    argparse.ArgumentParser("tests.bench", description=__doc__, epilog=_SIZES).parse_args()
    print(f"source {SOURCE}, seed fixed; every ratio is measured in this run", flush=True)
    sys.exit(main())
