"""Buckets of durations, and percentiles of them."""

from math import ceil, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.indicators.sketches import (
    LN_GAMMA,
    NO_TIME,
    SHARES,
    duration_in,
    percentiles_between,
)

TEN_THOUSAND_YEARS = 10_000 * 366 * 86_400_000_000
durations = st.integers(1, TEN_THOUSAND_YEARS)


def bucket_of(microseconds: int) -> int:
    """As live.bucket_of says it in SQL."""
    return ceil(log(microseconds) / LN_GAMMA)


@given(durations)
def test_a_bucket_stands_for_each_of_its_durations_within_one_percent(duration: int) -> None:
    assert duration_in(bucket_of(duration)) == pytest.approx(duration, rel=0.01)


@given(durations, durations)
def test_longer_durations_are_in_no_lower_bucket(one: int, other: int) -> None:
    assert (bucket_of(one) <= bucket_of(other)) or one > other


def test_all_durations_there_are_need_few_buckets() -> None:
    assert bucket_of(TEN_THOUSAND_YEARS) < 2_300


def test_no_time_at_all_is_kept_apart() -> None:
    assert duration_in(NO_TIME) == 0


@given(st.lists(durations, min_size=1, max_size=30))
def test_percentiles_are_interpolated_between_neighbours(some: list[int]) -> None:
    ordered = sorted(some)
    places = [share * (len(some) - 1) for share in SHARES]
    lows = [ordered[int(place)] for place in places]
    highs = [ordered[ceil(place)] for place in places]
    exact = [
        low + (high - low) * (place % 1)
        for place, low, high in zip(places, lows, highs, strict=True)
    ]
    found = percentiles_between(
        len(some), [bucket_of(low) for low in lows], [bucket_of(high) for high in highs]
    )
    assert list(found) == pytest.approx(exact, rel=0.01)
