"""Periods of reviews, when the next is due, and what closes one."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.service_reviews.periods import bounds_of, days_of, periods_until, zone_of
from improvement_api.service_reviews.rules import (
    ActionState,
    Planned,
    check_approver,
    check_may_close,
    hash_of,
    is_overdue,
    next_due,
)
from shared.errors import Conflict, Forbidden, Invalid

YEARS = st.integers(1900, 2199)
LABELS = st.one_of(
    YEARS.map(lambda year: f"{year}"),
    st.tuples(YEARS, st.integers(1, 4)).map(lambda one: f"{one[0]}-Q{one[1]}"),
    st.tuples(YEARS, st.integers(1, 12)).map(lambda one: f"{one[0]}-{one[1]:02}"),
)
DAYS = st.dates(date(1950, 1, 1), date(2150, 1, 1))


class TestPeriods:
    @pytest.mark.parametrize(
        ("label", "first", "following"),
        [
            ("2026", date(2026, 1, 1), date(2027, 1, 1)),
            ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
            ("2026-02", date(2026, 2, 1), date(2026, 3, 1)),
        ],
    )
    def test_have_a_first_day_and_one_after_them(
        self, label: str, first: date, following: date
    ) -> None:
        assert days_of(label) == (first, following)

    @pytest.mark.parametrize(
        "label", ["", "26", "2026-Q5", "2026-13", "2026-00", "2026-W05", "1899", "2200", "２０２６"]
    )
    def test_that_are_none_are_422(self, label: str) -> None:
        with pytest.raises(Invalid) as refused:
            days_of(label)
        assert refused.value.errors[0].pointer == "/period"

    @given(LABELS, st.integers(1, 8))
    def test_before_one_end_where_it_begins(self, label: str, count: int) -> None:
        labels = periods_until(label, count)

        assert (len(labels), labels[-1]) == (count, label)
        if days_of(label)[0].year > 1908:
            for earlier, later in pairwise(labels):
                assert days_of(earlier)[1] == days_of(later)[0]

    def test_begin_at_local_midnight(self) -> None:
        start, end = bounds_of("2026-Q2", zone_of("Europe/Vienna"))

        assert start == datetime(2026, 3, 31, 22, tzinfo=UTC)
        assert end == datetime(2026, 6, 30, 22, tzinfo=UTC)

    @pytest.mark.parametrize("name", ["Vienna", "", "../etc/passwd", "a\x00b", "/etc"])
    def test_time_zones_that_are_none_are_422(self, name: str) -> None:
        with pytest.raises(Invalid):
            zone_of(name)


class TestNextReview:
    def test_is_due_by_cadence_or_by_the_first_agreement_whichever_is_earlier(self) -> None:
        held = date(2026, 1, 10)

        assert next_due(held, 90, []) == date(2026, 4, 10)
        assert next_due(held, 90, [date(2026, 3, 1), date(2026, 6, 1)]) == date(2026, 3, 1)
        assert next_due(held, None, [date(2026, 6, 1)]) == date(2026, 6, 1)
        assert next_due(held, None, [date(2026, 1, 10)]) is None

    @given(DAYS, st.none() | st.integers(1, 3660), st.lists(DAYS))
    def test_lies_ahead_of_this_one(
        self, held: date, cadence: int | None, dates: list[date]
    ) -> None:
        due = next_due(held, cadence, dates)

        assert due is None or due > held
        if cadence is not None:
            assert due is not None
            assert due <= held + timedelta(days=cadence)


class TestClosing:
    def test_needs_minutes_that_were_approved(self) -> None:
        with pytest.raises(Conflict) as refused:
            check_may_close(False, [])
        assert refused.value.code == "minutes_not_approved"

    def test_needs_owner_and_date_of_every_action_and_names_what_lacks(self) -> None:
        day = date(2026, 1, 1)
        actions = [Planned("a", "ada", day), Planned("b", None, None), Planned("c", "ada", None)]

        with pytest.raises(Conflict) as refused:
            check_may_close(True, actions)

        assert refused.value.extra["actions"] == {"b": ["owner", "due_on"], "c": ["due_on"]}
        check_may_close(True, actions[:1])


class TestApproval:
    def test_is_the_chairs_in_person_of_the_text_that_was_read(self) -> None:
        text_hash = hash_of("All well.")
        right = {
            "subject": "rosa",
            "kind": "user",
            "acting_for": None,
            "chair": "rosa",
            "seen": text_hash,
            "text_hash": text_hash,
        }

        check_approver(**right)  # type: ignore[arg-type]
        for change in ({"subject": "ada"}, {"kind": "service"}, {"acting_for": "rosa"}):
            with pytest.raises(Forbidden):
                check_approver(**(right | change))  # type: ignore[arg-type]
        with pytest.raises(Conflict):
            check_approver(**(right | {"seen": hash_of("All well")}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "due", "overdue"),
    [
        (ActionState.OPEN, date(2026, 1, 1), True),
        (ActionState.OPEN, date(2026, 1, 2), False),
        (ActionState.OPEN, None, False),
        (ActionState.DONE, date(2025, 1, 1), False),
        (ActionState.CANCELLED, date(2025, 1, 1), False),
    ],
)
def test_an_open_action_is_overdue_from_the_day_after(
    state: ActionState, due: date | None, overdue: bool
) -> None:
    assert is_overdue(state, due, date(2026, 1, 2)) is overdue
