"""What is asked of a Prometheus server, and what its answers mean as samples."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.prometheus.rules import (
    MOST_POINTS,
    SETTLING,
    BadAnswer,
    next_span,
    points_of,
    samples_of,
)
from metrics_api.slis.rules import RatioParts

NOW = datetime(2026, 3, 1, 12, 0, 17, tzinfo=UTC)
AT = datetime(2026, 3, 1, 11, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def answer(*series: list[tuple[float, str]]) -> dict[str, Any]:
    result = [{"metric": {}, "values": [list(pair) for pair in values]} for values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


@given(st.integers(1, 86_400), st.integers(0, 10**6), st.integers(0, 10**7))
def test_rounds_ask_for_every_step_once(step: int, rounds_later: int, first: int) -> None:
    now = AT + timedelta(seconds=first)
    asked = next_span(None, now, step)
    if asked is None:
        return
    following = next_span(asked.end, now + timedelta(seconds=rounds_later), step)

    assert asked.end <= now - SETTLING
    assert (asked.end - asked.start) / timedelta(seconds=step) < MOST_POINTS
    assert following is None or following.start == asked.end + timedelta(seconds=step)


def test_nothing_is_asked_for_before_it_has_settled() -> None:
    assert next_span(datetime(2026, 3, 1, 11, 59, tzinfo=UTC), NOW, 60) is None


def test_numbers_are_read_by_their_moments_and_what_is_no_number_is_left_out() -> None:
    found = points_of(answer([(AT.timestamp(), "1.5"), (AT.timestamp() + 60, "NaN")]))

    assert found == {AT: 1.5}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"status": "error", "error": "parse error"}, "parse error"),
        (answer([(0, "1")], [(0, "2")]), "2 series"),
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, "no range"),
        (answer([(0, "x")]), "pairs of numbers"),
        ([], "refused"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(bad: Any, said: str) -> None:
    with pytest.raises(BadAnswer, match=said):
        points_of(bad)


@given(JSON)
def test_no_answer_whatever_fails_otherwise(reply: Any) -> None:
    with pytest.raises(BadAnswer):
        points_of(reply)


def test_a_total_without_good_ones_counts_none() -> None:
    (sample,) = samples_of(RatioParts.GOOD_TOTAL, {"good": {}, "total": {AT: 10.0}}, NOW)

    assert (sample.part, sample.total) == (Decimal(0), Decimal(10))


def test_more_good_than_total_is_a_rounding_and_cut() -> None:
    answers = {"good": {AT: 10.2}, "total": {AT: 10.0}}

    (sample,) = samples_of(RatioParts.GOOD_TOTAL, answers, NOW)

    assert sample.part == sample.total


def test_a_good_one_without_a_total_says_nothing() -> None:
    assert samples_of(RatioParts.BAD_TOTAL, {"bad": {AT: 1.0}, "total": {}}, NOW) == []


def test_a_raw_ratio_beyond_one_is_no_sample() -> None:
    assert samples_of(RatioParts.RAW_SUCCESS, {"raw": {AT: 1.7}}, NOW) == []


def test_a_threshold_keeps_its_value() -> None:
    (sample,) = samples_of(None, {"threshold": {AT: 512.0}}, NOW)

    assert (sample.at, sample.value) == (AT, 512.0)
