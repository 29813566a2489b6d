# ruff: noqa: DTZ001 - hypothesis adds the zone
"""What a sample may be."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.samples import rules
from metrics_api.samples.rules import Refused, Sample, SampleIn
from metrics_api.slis.rules import RatioParts

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def sent(**fields: Any) -> SampleIn:
    return SampleIn(**{"at": NOW, **fields})


def test_good_and_total_are_kept_to_the_digit() -> None:
    kept = rules.sample_of(sent(good=0.1, total=3), RatioParts.GOOD_TOTAL, NOW)
    assert (kept.part, kept.total, kept.value) == (Decimal("0.1"), Decimal(3), None)


@pytest.mark.parametrize(
    ("fields", "parts", "pointer"),
    [
        ({"good": 1}, RatioParts.GOOD_TOTAL, "/total"),
        ({"total": 1}, RatioParts.GOOD_TOTAL, "/good"),
        ({"good": 2, "total": 1}, RatioParts.GOOD_TOTAL, "/good"),
        ({"bad": 1, "total": 1}, RatioParts.GOOD_TOTAL, "/bad"),
        ({"good": 1, "total": 1}, RatioParts.BAD_TOTAL, "/good"),
        ({"good": -1, "total": 1}, RatioParts.GOOD_TOTAL, "/good"),
        ({"good": 1, "total": 1e16}, RatioParts.GOOD_TOTAL, "/total"),
        ({"good": 1, "total": float("inf")}, RatioParts.GOOD_TOTAL, "/total"),
        ({"good": 1, "total": 10**400}, RatioParts.GOOD_TOTAL, "/total"),
        ({}, RatioParts.RAW_SUCCESS, "/value"),
        ({"value": 1.01}, RatioParts.RAW_SUCCESS, "/value"),
        ({"value": float("nan")}, None, "/value"),
        ({"value": 10**400}, None, "/value"),
        ({"value": 1, "total": 1}, None, "/total"),
        ({"value": 1, "at": NOW.replace(tzinfo=None)}, None, "/at"),
        ({"value": 1, "at": NOW + timedelta(hours=2)}, None, "/at"),
        ({"value": 1, "at": NOW.replace(year=1)}, None, "/at"),
        ({"value": 1, "series": "a\x00"}, None, "/series"),
    ],
)
def test_a_bad_field_is_named(
    fields: dict[str, Any], parts: RatioParts | None, pointer: str
) -> None:
    with pytest.raises(Refused) as refused:
        rules.sample_of(sent(**fields), parts, NOW)
    assert refused.value.pointer == pointer


def test_of_one_identity_the_last_one_stays() -> None:
    first, last = (Sample("", NOW, None, None, value) for value in (1.0, 2.0))
    assert rules.newest_of_each([first, last]) == [last]


@given(
    st.lists(
        st.datetimes(datetime(2025, 1, 1), datetime(2025, 1, 9), timezones=st.just(UTC)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([rules.MINUTE, 7 * rules.MINUTE, rules.HOUR, rules.DAY]),
)
def test_stretches_hold_all_that_was_touched_and_do_not_overlap(
    moments: list[datetime], width: timedelta
) -> None:
    starts = rules.starts_of(moments, width)
    found = rules.stretches_of(starts, width)
    for moment in moments:
        assert sum(low <= moment < high for low, high in found) == 1
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert {low for low, _ in found} <= set(starts)
