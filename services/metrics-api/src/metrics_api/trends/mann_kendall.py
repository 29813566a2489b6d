"""The test for a trend and the slope of a series, by numpy and pymannkendall. Pure.

Takes a second to import: only jobs and routes that need it import it, when they need it.

Mann (1945), Kendall (1975): S = Σ sign(xj − xi) over i < j, Z = (S ∓ 1)/√Var(S); Hirsch, Slack and
Smith (1982): S and Var(S) summed over the seasons; Hamed and Rao (1998): Var(S) times n/n*;
Theil (1950), Sen (1968), Gilbert (1987): median of the slopes, its interval by their ranks.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import pymannkendall

from metrics_api.trends.rules import MINIMAL_N, Line

_QUANTILE: Final = NormalDist().inv_cdf(0.975)
_LAGS: Final = 3
"""Hamed and Rao's own choice; further lags of short series are mostly noise."""
_SEASONAL_N: Final = 10
"""Of fewer, two years of quarters, no figures are significant in the seasonal test."""
_ROUNDING: Final = 1e-12
"""What is left of a straight line, of its size, is the rounding of its doubles."""

_Array = Any


@dataclass(frozen=True)
class Outcome:
    """What the test says of `n` figures."""

    n: int
    method: str
    s: float
    z: float
    p_value: float
    line: Line


def find_trend(values: Sequence[float | None], season: int) -> Outcome | None:
    """Test figures at equal distances, None where there is none; None for fewer than MINIMAL_N.

    `season`: after so many figures the season comes again; it counts from two full turns on,
    and from _SEASONAL_N figures.
    """
    series = np.array([math.nan if value is None else value for value in values], dtype=float)
    positions = np.flatnonzero(~np.isnan(series))
    figures = series[positions]
    n = len(figures)
    if n < MINIMAL_N:
        return None
    seasonal = season > 1 and n >= max(2 * season, _SEASONAL_N)
    seasons = positions % season if seasonal else np.zeros(n, dtype=int)
    slopes = _slopes(positions, figures, seasons)
    slope = float(np.median(slopes))
    s, variance = _score(series, season if seasonal else 1)
    factor = _dependence(positions, figures, seasons, slope)
    variance *= factor
    z = 0.0 if variance == 0 else (s - math.copysign(min(1.0, abs(s)), s)) / math.sqrt(variance)
    low, high = _interval(slopes, variance)
    return Outcome(
        n=n,
        method=("seasonal_kendall" if seasonal else "mann_kendall")
        + ("_hamed_rao" if factor > 1 else ""),
        s=s,
        z=z,
        p_value=math.erfc(abs(z) / math.sqrt(2)),
        line=Line(slope, low, high, float(np.median(positions)), float(np.median(figures))),
    )


def _score(series: _Array, season: int) -> tuple[float, float]:
    """S and its variance, of all figures or summed over the seasons."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Where all figures of a season are alike, its tau and Z are 0/0; they are not used.
        warnings.simplefilter("ignore")
        found = (
            pymannkendall.original_test(series)
            if season == 1
            else pymannkendall.seasonal_test(series, period=season)
        )
    return float(found.s), float(found.var_s)


def _slopes(positions: _Array, figures: _Array, seasons: _Array) -> _Array:
    """The slopes of all pairs of the same season, in order."""
    first, second = np.triu_indices(len(figures), 1)
    alike = seasons[first] == seasons[second]
    first, second = first[alike], second[alike]
    rises = figures[second] - figures[first]
    return np.sort(rises / (positions[second] - positions[first]))


def _interval(slopes: _Array, variance: float) -> tuple[float, float]:
    """The 95 % interval of the slope: as many ranks from the middle as S may deviate."""
    width = _QUANTILE * math.sqrt(variance)
    last = len(slopes) - 1
    low = max(round((len(slopes) - width) / 2) - 1, 0)
    high = min(round((len(slopes) + width) / 2), last)
    return float(slopes[low]), float(slopes[high])


def _dependence(positions: _Array, figures: _Array, seasons: _Array, slope: float) -> float:
    """n/n* after Hamed and Rao, from the ranks of what is left without trend and season.

    Never below 1: figures that alternate would make the test more certain, and on short series
    that is chance far more often than not.
    """
    rest = figures - slope * positions
    for one in np.unique(seasons):
        rest[seasons == one] -= np.median(rest[seasons == one])
    if np.ptp(rest) <= _ROUNDING * np.max(np.abs(figures)):
        return 1.0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        corrected = pymannkendall.hamed_rao_modification_test(rest, lag=_LAGS).var_s
        plain = pymannkendall.original_test(rest).var_s
    factor = float(corrected) / float(plain)
    return max(1.0, factor) if math.isfinite(factor) else 1.0
