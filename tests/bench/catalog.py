"""Reads of a large catalog: 10,000 services with 40,000 dependencies, at 1 and 16 connections."""

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psycopg

from shared.kit.pagination import encode_cursor
from tests.bench import database
from tests.bench.figures import heading, latencies, line
from tests.bench.load import request_bytes, run_load
from tests.bench.stack import admin_url, until_none
from tests.support.graphs import Graph, load_graph, make_graph
from tests.support.processes import System
from tollgate_local.binaries import find_binaries

SERVICES = int(os.environ.get("BENCH_SERVICES", "10000"))
DEPENDENCIES = int(os.environ.get("BENCH_DEPENDENCIES", "40000"))
CONNECTIONS = (1, 16)
UNTOLD = """
    SELECT FROM catalog.outbox_event e JOIN catalog.subscription s ON s.built_in
    WHERE e.sequence IS NULL OR (e.sequence > s.cursor
        AND (e.type = ANY (s.types) OR split_part(e.type, '.', 1) || '.*' = ANY (s.types)))"""
WORDS = ("application", "midleware", "data 00012", "product 17", "foundation")


def catalog(system: System, folder: Path, seconds: float) -> None:
    """Load the graph through the public API, then read it in every way that portals do."""
    heading(f"Catalog of {SERVICES:,} services with {DEPENDENCIES:,} dependencies")
    graph = make_graph(SERVICES, DEPENDENCIES)
    started = time.perf_counter()
    asyncio.run(_load(system, graph))
    elapsed = time.perf_counter() - started
    rows = len(graph.services) + len(graph.dependencies)
    line("loaded through the bulk operations", f"{rows / elapsed:,.0f} rows/s")
    with psycopg.connect(admin_url(system), autocommit=True) as connection:
        until_none(connection, UNTOLD)
        elapsed = time.perf_counter() - started
        line("metrics-api knows them all", f"{elapsed:,.0f} s after the start")
        connection.execute("VACUUM ANALYZE")  # as autovacuum would soon
    for name, path in _reads(graph):
        for connections in CONNECTIONS:
            _read(system, name, path, connections, seconds)
    per_second, p99 = database.pgbench_selects(
        find_binaries() / "pgbench", admin_url(system), folder, int(seconds), SERVICES
    )
    line("pgbench: the row of a service by key, 16 connections", f"{per_second:,.0f}/s")
    line("  its p99", f"{p99:,.1f} ms")


async def _load(system: System, graph: Graph) -> None:
    headers = {"Authorization": f"Bearer {system.token()}"}
    address = system.url("catalog")
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=120) as http:
        await load_graph(http, graph)


def _reads(graph: Graph) -> list[tuple[str, Callable[[random.Random], str]]]:
    keys = [service["key"] for service in graph.services]
    deep = [key for key in keys if key.startswith("product")]
    carrying = [key for key in keys if key.startswith(("foundation", "infrastructure"))]
    return [
        ("a service by key", lambda dice: f"/v1/services/{dice.choice(keys)}"),
        ("a page of 100 services", lambda dice: f"/v1/services?cursor={_cursor(dice, keys)}"),
        ("search, misspelt words among them", lambda dice: f"/v1/services?q={_words(dice)}"),
        ("the service document", lambda dice: f"/v1/services/{dice.choice(keys)}/document"),
        (
            "impact down to full depth",
            lambda dice: f"/v1/services/{dice.choice(deep)}/impact?direction=down",
        ),
        (
            "impact up to full depth, most needed services",
            lambda dice: f"/v1/services/{dice.choice(carrying)}/impact?direction=up",
        ),
    ]


def _words(dice: random.Random) -> str:
    return dice.choice(WORDS).replace(" ", "+")


def _cursor(dice: random.Random, keys: list[str]) -> str:

    return encode_cursor([dice.choice(keys)])


def _read(
    system: System,
    name: str,
    path: Callable[[random.Random], str],
    connections: int,
    seconds: float,
) -> None:
    dice = [random.Random(number) for number in range(connections)]

    def following(connection: int, _: int) -> bytes:
        return request_bytes("GET", path(dice[connection]), system.token())

    figures = run_load(system.ports["catalog"], connections, seconds, following)
    failed = {status: count for status, count in figures.statuses.items() if status >= 300}
    if failed:
        raise RuntimeError(f"catalog-api answered {failed} for {name}")
    latencies(
        f"{name}, {connections} connection{'s' if connections > 1 else ''}",
        figures,
        "aim: p99 50 ms" if connections == 1 else "",
    )
