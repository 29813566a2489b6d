"""The test for a trend, against other implementations and on series whose truth is known."""

import math
from collections import Counter
from fractions import Fraction
from itertools import combinations
from statistics import median

import numpy as np
import pymannkendall
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import mstats

from metrics_api.trends.mann_kendall import Outcome, find_trend

series = st.lists(st.none() | st.integers(0, 50).map(float), min_size=8, max_size=40).filter(
    lambda values: sum(value is not None for value in values) >= 8
)


def found(values: list[float | None], season: int = 1) -> Outcome:
    tested = find_trend(values, season)
    assert tested is not None
    return tested


@given(series)
@settings(max_examples=60)
def test_s_is_counted_pair_by_pair_and_the_slope_is_the_median_of_pairs(
    values: list[float | None],
) -> None:
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    pairs = list(combinations(known, 2))

    tested = found(values)

    assert tested.s == sum(np.sign(later[1] - earlier[1]) for earlier, later in pairs)
    slopes = [(b - a) / (m - n) for (n, a), (m, b) in pairs]
    assert tested.line.slope == pytest.approx(float(np.median(slopes)), abs=1e-12)


@given(st.lists(st.floats(-100, 100), min_size=10, max_size=40, unique=True))
@settings(max_examples=30)
def test_the_slope_and_its_interval_are_those_of_scipy(values: list[float]) -> None:
    tested = found(list(values))

    if tested.method == "mann_kendall":  # scipy corrects nothing
        slope, _, low, high = stats.theilslopes(values, alpha=0.95)
        assert (tested.line.slope, tested.line.low, tested.line.high) == pytest.approx(
            (slope, low, high)
        )


def by_hand(values: list[float | None], season: int) -> tuple[float, float, float]:
    """S, Z and the slope of the plain or the seasonal test, from the formulas, pair by pair."""
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    turns = season if len(known) >= max(2 * season, 10) else 1
    score, variance, slopes = 0, Fraction(0), []
    for first in range(turns):
        figures = [(n, value) for n, value in known if n % turns == first]
        pairs = list(combinations(figures, 2))
        score += sum((b > a) - (b < a) for (_, a), (_, b) in pairs)
        slopes += [(b - a) / (later - n) for (n, a), (later, b) in pairs]
        ties = Counter(value for _, value in figures).values()
        spread = sum(m * (m - 1) * (2 * m + 5) for m in ties)
        n = len(figures)
        variance += Fraction(n * (n - 1) * (2 * n + 5) - spread, 18)
    z = (score - (score > 0) + (score < 0)) / math.sqrt(variance) if variance else 0.0
    return score, z, median(slopes)


@given(series, st.sampled_from([1, 4, 7, 12]))
@settings(max_examples=60, deadline=None)
def test_ties_gaps_and_seasons_come_out_as_by_hand(values: list[float | None], season: int) -> None:
    tested = found(values, season)

    score, z, slope = by_hand(values, season)
    assert (tested.s, tested.line.slope) == pytest.approx((score, slope), abs=1e-12)
    if tested.method.endswith("hamed_rao"):
        assert abs(tested.z) <= abs(z)
    else:
        assert tested.z == pytest.approx(z, abs=1e-9)
        assert tested.p_value == pytest.approx(2 * stats.norm.sf(abs(z)))


def dependence(values: list[float]) -> float:
    """n/n* of Hamed and Rao by their formula, over the first three lags that are significant."""
    n = len(values)
    slope = median((b - a) / (j - i) for (i, a), (j, b) in combinations(enumerate(values), 2))
    ranks = stats.rankdata([value - slope * i for i, value in enumerate(values)]) - (n + 1) / 2
    total = 0.0
    for lag in (1, 2, 3):
        rho = sum(ranks[lag:] * ranks[:-lag]) / sum(ranks * ranks)
        if abs(rho) > stats.norm.ppf(0.975) / math.sqrt(n):
            total += (n - lag) * (n - lag - 1) * (n - lag - 2) * rho
    return 1 + 2 / (n * (n - 1) * (n - 2)) * total


def test_the_variance_grows_with_dependence_as_by_hand() -> None:
    rng = np.random.default_rng(8)
    for _ in range(30):
        values = np.cumsum(rng.normal(size=30)).tolist()
        tested, factor = found(values), max(1.0, dependence(values))

        _, z, _ = by_hand(values, 1)
        # The two figures whose slope is the median tie but for rounding.
        assert tested.z == pytest.approx(z / math.sqrt(factor), rel=0.01)


@given(st.floats(0.01, 9), st.floats(0, 99), st.integers(8, 36))
@settings(max_examples=30, deadline=None)
def test_the_rounding_of_a_straight_line_is_no_dependence(
    slope: float, level: float, length: int
) -> None:
    tested = found([level + slope * n for n in range(length)])

    assert tested.method == "mann_kendall"


def test_p_is_close_to_that_of_kendalls_tau() -> None:
    rng = np.random.default_rng(5)
    values = list(0.02 * np.arange(60) + rng.normal(size=60))

    tested = found(values)

    exact = stats.kendalltau(range(60), values, method="asymptotic").pvalue
    assert tested.method == "mann_kendall"
    assert tested.p_value == pytest.approx(exact, rel=0.1)
    assert tested.p_value == pytest.approx(pymannkendall.original_test(values).p)


def test_the_seasonal_test_and_slope_are_those_of_others() -> None:
    rng = np.random.default_rng(6)
    values = [3 * math.sin(n * math.pi / 6) + 0.02 * n + rng.normal() for n in range(48)]

    tested = found(list(values), 12)

    other = pymannkendall.seasonal_test(values, period=12)
    _, overall = mstats.sen_seasonal_slopes(np.array(values).reshape(4, 12))
    assert (tested.method, tested.s, tested.z) == pytest.approx(
        ("seasonal_kendall", other.s, other.z)
    )
    assert tested.line.slope == pytest.approx(other.slope / 12)
    assert tested.line.slope == pytest.approx(float(overall) / 12)


def rate(values: np.ndarray, season: int) -> float:
    """The share of series (rows) in which a trend is found."""
    return float(np.mean([found(list(row), season).p_value < 0.05 for row in values]))


def test_noise_is_called_a_trend_in_one_of_twenty_cases_at_most() -> None:
    noise = np.random.default_rng(1).normal(size=(250, 24))

    # Two standard errors above 5 %; and not never, or the test would test nothing.
    assert 0.01 < rate(noise, 1) < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 250)


def test_seasons_without_a_trend_are_no_trend() -> None:
    season = 5 * np.sin(np.arange(36) * math.pi / 6)
    values = season + np.random.default_rng(2).normal(size=(150, 36))

    assert rate(values, 12) < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 150)


def test_a_trend_under_strong_seasons_is_found_where_the_plain_test_sees_none() -> None:
    season = 5 * np.sin(np.arange(48) * math.pi / 6) + 0.05 * np.arange(48)
    values = season + np.random.default_rng(3).normal(size=(40, 48))

    assert rate(values, 12) > 0.8
    assert rate(values, 1) < 0.2


def test_figures_that_follow_one_another_are_mistaken_less_often_than_uncorrected() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=(80, 40))
    for n in range(1, 40):
        values[:, n] += 0.6 * values[:, n - 1]

    uncorrected = np.mean([pymannkendall.original_test(row).p < 0.05 for row in values])

    assert rate(values, 1) < 0.7 * uncorrected


@pytest.mark.parametrize(("season", "length"), [(1, 20), (12, 36)])
def test_a_known_slope_lies_in_its_interval(season: int, length: int) -> None:
    rng = np.random.default_rng(7)
    seasons = 4 * np.sin(np.arange(length) * math.pi / 6) if season > 1 else 0
    lines = [
        found(list(0.2 * np.arange(length) + seasons + rng.normal(size=length)), season).line
        for _ in range(60)
    ]

    assert np.mean([line.low <= 0.2 <= line.high for line in lines]) > 0.89
    assert np.mean([line.slope for line in lines]) == pytest.approx(0.2, abs=0.02)


@given(series)
@settings(max_examples=30)
def test_a_series_turned_round_has_the_opposite_trend(values: list[float | None]) -> None:
    forth, back = found(values), found(values[::-1])

    assert (forth.s, forth.line.slope) == pytest.approx((-back.s, -back.line.slope))
    assert (forth.line.low, forth.line.high) == pytest.approx(
        (-back.line.high, -back.line.low)
    ) or (forth.method != back.method)


def test_a_straight_line_with_gaps_has_its_slope_exactly() -> None:
    values: list[float | None] = [2.0 * n + 1 for n in range(30)]
    values[3] = values[11] = values[12] = None

    tested = found(values)

    assert (tested.n, tested.line.slope, tested.line.at(29)) == (27, 2.0, 59.0)
    assert tested.p_value < 1e-9


@pytest.mark.parametrize("quarters", range(8, 21))
def test_quarters_that_rise_all_the_time_are_a_trend_from_eight_on(quarters: int) -> None:
    assert found([2.0 + 0.5 * n for n in range(quarters)], 4).p_value < 0.05


def test_figures_that_are_all_alike_are_no_trend() -> None:
    tested = found([4.0] * 30, 12)

    assert (tested.p_value, tested.line.slope, tested.line.at(29)) == (1.0, 0.0, 4.0)


def test_of_fewer_than_eight_figures_nothing_is_said() -> None:
    assert find_trend([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, None, None], 1) is None
