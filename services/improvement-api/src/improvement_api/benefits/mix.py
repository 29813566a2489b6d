"""Mix as a rival explanation: a KPI with the mix of before held fixed.

Direct standardisation: Σ over groups of (share of the group before) · (figure of the group in the
period). With it a shift towards easy records is no improvement (Kitagawa 1955).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LEAST_KNOWN: Final = 0.8
"""Of the records of a period, the share that must belong to groups with a figure before and
after; below it nothing is standardised."""


@dataclass(frozen=True)
class Cell:
    """The figure of a group in a period and the records it is of."""

    value: float
    count: int


@dataclass(frozen=True)
class Standardised:
    """`counts` are effective ones: a period that hardly saw a large group tells little."""

    values: list[float]
    counts: list[float]
    shares: Mapping[str, float]


def standardised(cells: Sequence[Mapping[str, Cell]], after: Sequence[bool]) -> Standardised | None:
    """The series with the mix of before; None where there is no mix to speak of.

    A group without records in a period has the mean of its side there: it takes no part in the
    contrast and does not spoil the period.
    """
    before_means = _means([cell for cell, late in zip(cells, after, strict=True) if not late])
    after_means = _means([cell for cell, late in zip(cells, after, strict=True) if late])
    groups = sorted(before_means.keys() & after_means.keys())
    known = sum(before_means[group].count for group in groups)
    total = sum(one.count for one in before_means.values())
    if len(groups) < 2 or known < LEAST_KNOWN * total:
        return None
    shares = {group: before_means[group].count / known for group in groups}
    values, counts = [], []
    for found, late in zip(cells, after, strict=True):
        means = after_means if late else before_means
        values.append(sum(share * found.get(g, means[g]).value for g, share in shares.items()))
        seen = {g: found[g].count for g in groups if g in found}
        counts.append(_effective(shares, seen))
    return Standardised(values, counts, shares)


def _means(cells: Sequence[Mapping[str, Cell]]) -> dict[str, Cell]:
    sums: dict[str, tuple[float, int]] = {}
    for found in cells:
        for group, cell in found.items():
            if cell.count > 0:
                total, count = sums.get(group, (0.0, 0))
                sums[group] = (total + cell.value * cell.count, count + cell.count)
    return {group: Cell(total / count, count) for group, (total, count) in sums.items()}


def _effective(shares: Mapping[str, float], seen: Mapping[str, int]) -> float:
    """1 / Σ share² / n over the groups seen, scaled to the shares they stand for (Kish 1965)."""
    part = sum(shares[group] for group in seen)
    spread = sum(shares[group] ** 2 / count for group, count in seen.items() if count)
    return part**2 / spread if spread else 1.0
