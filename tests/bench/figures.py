"""Latencies of a load, and the lines that `make bench` prints."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What a load measured; latencies in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]


def summarise(latencies_s: Sequence[float], elapsed_s: float, statuses: Counter[int]) -> Figures:
    """Percentiles are the nearest rank of the sorted latencies."""
    ordered = sorted(latencies_s)
    return Figures(
        per_second=len(ordered) / elapsed_s,
        p50_ms=_rank(ordered, 0.50) * 1000,
        p99_ms=_rank(ordered, 0.99) * 1000,
        statuses=dict(statuses),
    )


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def line(name: str, value: str, aim: str = "") -> None:
    """One row of the table."""
    print(f"  {name:<58} {value:>22}   {aim}", flush=True)


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def latencies(name: str, figures: Figures, aim: str = "") -> None:
    """The row of a load."""
    line(
        name,
        f"{figures.per_second:,.0f}/s",
        f"p50 {figures.p50_ms:,.1f} ms, p99 {figures.p99_ms:,.1f} ms" + (f", {aim}" if aim else ""),
    )
