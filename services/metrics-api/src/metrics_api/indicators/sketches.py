"""Sketches of durations: counts by logarithmic bucket. Pure.

DDSketch (C. Masson, J. E. Rim, H. K. Lee, DDSketch: a fast and fully-mergeable quantile sketch
with relative-error guarantees, PVLDB 12(12), 2019): with γ = (1 + α) / (1 − α), bucket i holds the
durations in (γ^(i−1), γ^i], and 2γ^i / (γ + 1) is within α of each of them. Buckets of two
sketches are simply added. No bucket is ever collapsed: all durations from a microsecond to ten
thousand years need fewer than 2,300.
"""

from collections.abc import Sequence
from math import log
from typing import Final

ACCURACY: Final = 0.009
"""α: a little less than the 1 % that is promised, for what doubles round."""
GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
LN_GAMMA: Final = log(GAMMA)
NO_TIME: Final = -1
"""The bucket of durations of less than a microsecond."""
SHARES: Final = (0.5, 0.9, 0.95)


def duration_in(bucket: int) -> float:
    """Microseconds within α of each duration of a bucket."""
    return 0.0 if bucket == NO_TIME else 2 * GAMMA**bucket / (GAMMA + 1)


def percentiles_between(
    count: int, lows: Sequence[int], highs: Sequence[int]
) -> tuple[float, float, float]:
    """p50, p90 and p95 of `count` durations, of the buckets of the neighbours of each.

    Interpolated as percentile_cont does: between two numbers that are each within α, so is what
    lies between them.
    """
    p50, p90, p95 = (
        _between(share * (count - 1) % 1, duration_in(low), duration_in(high))
        for share, low, high in zip(SHARES, lows, highs, strict=True)
    )
    return p50, p90, p95


def _between(fraction: float, low: float, high: float) -> float:
    return low + (high - low) * fraction
