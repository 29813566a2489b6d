"""Evaluations of a rich service; alone: `python -m tests.bench.evaluations`."""

import os
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import heading, latencies, line
from tests.bench.load import request_bytes, run_burst, run_load
from tests.support.processes import System, running_system

# Of the demo: with agreement, costs, continuity, a year of incidents, plan, goal, measured effect.
RICH = "partner-portal"
CHECKS = 200
SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))


def main() -> int:
    """On a stack of its own, with nothing but the demo."""
    with (
        tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder,
        running_system(Path(folder) / "data") as system,
    ):
        evaluations(system, SECONDS)
    return 0


def evaluations(system: System, seconds: float) -> None:
    """One after the other, and many at once, with how often the owners of facts are asked."""
    heading("Tollgate evaluations of a rich service (facts of three services)")
    loaded = system.tollgate("demo", within=600)
    if loaded.returncode:
        raise RuntimeError(f"the demo cannot be loaded: {loaded.stderr}")
    for gate in ("operate-to-improve", "improve-to-operate", "transition-to-operate"):
        one = _check(system, RICH, gate)
        before = _questions(system)
        figures = run_load(system.ports["improvement"], 1, seconds, lambda *_, one=one: one)
        _all_made(figures.statuses)
        made = sum(figures.statuses.values())
        asked = {owner: n - before[owner] for owner, n in _questions(system).items()}
        latencies(f"POST evaluation of {gate}, 1 connection", figures, "aim: p99 50 ms")
        each = ", ".join(f"{owner} {n / made:.2f}" for owner, n in asked.items())
        line("questions to other services in each", each, "aim: at most 1")
    checks = _check(system, RICH, "operate-to-improve")
    burst = run_burst(system.ports["improvement"], CHECKS, lambda *_: checks)
    _all_made(burst.statuses)
    latencies(f"{CHECKS} checks at once, all answered 201", burst)


def _check(system: System, service: str, gate: str) -> bytes:
    return request_bytes("POST", f"/v1/services/{service}/gates/{gate}/evaluations", system.token())


def _all_made(statuses: dict[int, int]) -> None:
    if set(statuses) != {201}:
        raise RuntimeError(f"evaluations were answered {statuses}")


def _questions(system: System) -> dict[str, int]:
    """How often the owners of facts were asked about a service so far."""
    return {
        owner: sum(
            int(float(figure.rsplit(" ", 1)[1]))
            for figure in system.call(owner, "GET", "/metrics").text.splitlines()
            if figure.startswith("http_requests_total") and '{key}/facts"' in figure
        )
        for owner in ("catalog", "metrics")
    }


if __name__ == "__main__":
    sys.exit(main())
