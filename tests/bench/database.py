"""The limits that PostgreSQL itself sets: raw COPY, raw GROUP BY, pgbench upserts."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg

COPIED_TABLES = ("incident", "incident_version", "incident_transition", "cell", "breach")
RAW_REPORT = """
SELECT service, date_trunc('quarter', resolution_at, 'UTC') AS period, count(*),
       avg(extract(epoch FROM resolution_at - opened_at)) / 3600
FROM metrics.incident
WHERE exclusion IS NULL
  AND resolution_at >= '2025-01-01T00:00Z' AND resolution_at < '2025-07-01T00:00Z'
GROUP BY 1, 2
"""
SELECT = r"""
\set n random(1, {services})
SELECT * FROM catalog.service JOIN bench.numbered USING (key) WHERE n = :n;
"""
UPSERT = r"""
\set n random(1, 100000000)
INSERT INTO bench.upsert (source_id, external_id, service, state, title, opened_at, resolved_at)
VALUES (1, 'INC' || :n, 'bench-001', 'closed', 'Something does not work as expected',
        now() - interval '1 hour', now())
ON CONFLICT (source_id, external_id) DO UPDATE
SET state = excluded.state, resolved_at = excluded.resolved_at;
"""


def raw_copy_seconds(connection: psycopg.Connection[tuple[object]], folder: Path) -> float:
    """COPY the rows that ingest left into copies of its tables: same indexes, same durability."""
    connection.execute("DROP SCHEMA IF EXISTS bench CASCADE")
    connection.execute("CREATE SCHEMA bench")
    return sum(_copy_table(connection, table, folder / f"{table}.copy") for table in COPIED_TABLES)


def _copy_table(connection: psycopg.Connection[tuple[object]], table: str, file: Path) -> float:
    with file.open("wb") as out, connection.cursor() as cursor:
        source = f"SELECT * FROM metrics.{table}"
        with cursor.copy(f"COPY ({source}) TO STDOUT") as rows:
            for block in rows:
                out.write(block)
    connection.execute(f"CREATE TABLE bench.{table} (LIKE metrics.{table} INCLUDING ALL)")
    started = time.perf_counter()
    with (
        file.open("rb") as data,
        connection.cursor() as cursor,
        cursor.copy(f"COPY bench.{table} FROM STDIN") as sink,
    ):
        while block := data.read(1 << 20):
            sink.write(block)
    elapsed = time.perf_counter() - started
    file.unlink()
    return elapsed


def raw_report_seconds(connection: psycopg.Connection[tuple[object]], runs: int = 5) -> float:
    """Median time of the GROUP BY that the performance report stands for."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        connection.execute(RAW_REPORT).fetchall()
        times.append(time.perf_counter() - started)
    return sorted(times[1:])[runs // 2]


def pgbench_upserts(pgbench: Path, url: str, folder: Path, seconds: int) -> tuple[float, float]:
    """Single-row upserts at 8 connections: (per second, p99 in ms), committed durably."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
        connection.execute(
            "CREATE TABLE bench.upsert (source_id integer, external_id text, service text,"
            " state text, title text, opened_at timestamptz, resolved_at timestamptz,"
            " PRIMARY KEY (source_id, external_id))"
        )
        connection.execute("CREATE INDEX ON bench.upsert (service, resolved_at)")
    return _pgbench(pgbench, url, folder, UPSERT, seconds, clients=8)


def pgbench_selects(
    pgbench: Path, url: str, folder: Path, seconds: int, services: int
) -> tuple[float, float]:
    """Rows of services by key at 16 connections: (per second, p99 in ms)."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS bench")
        connection.execute(
            "CREATE TABLE bench.numbered AS"
            " SELECT row_number() OVER (ORDER BY key) AS n, key FROM catalog.service"
        )
        connection.execute("ALTER TABLE bench.numbered ADD PRIMARY KEY (n)")
    script = SELECT.format(services=services)
    return _pgbench(pgbench, url, folder, script, seconds, clients=16)


def _pgbench(
    pgbench: Path, url: str, folder: Path, script: str, seconds: int, clients: int
) -> tuple[float, float]:
    file, logs = folder / "pgbench.sql", folder / "pgbench"
    file.write_text(script)
    logs.mkdir()
    subprocess.run(
        [pgbench, "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds),
         "-f", file, "-l", "--log-prefix", logs / "log", url],
        check=True, capture_output=True, env=os.environ,
    )  # fmt: skip
    latencies = sorted(
        int(row.split()[2]) for log in logs.iterdir() for row in log.read_text().splitlines()
    )
    shutil.rmtree(logs)
    return len(latencies) / seconds, latencies[int(len(latencies) * 0.99)] / 1000
