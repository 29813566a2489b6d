"""Customers: reviews, periods that do not overlap, who must be there, retention."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.customers.rules import (
    Period,
    check_active,
    check_free,
    check_may_leave,
    check_not_over,
    check_order,
    check_represented,
    check_reviewed,
    facts,
    is_overdue,
    retention,
    review_due_on,
)
from shared.errors import Conflict, Invalid

TODAY = date(2026, 3, 1)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
RUNNING = Period(YESTERDAY, None)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(st.integers(0, 12))
    length = draw(st.none() | st.integers(0, 8))
    begun = TODAY + timedelta(days=start)
    return Period(begun, None if length is None else begun + timedelta(days=length))


def days(period: Period) -> set[int]:
    return {day for day in range(30) if period.covers(TODAY + timedelta(days=day))}


@given(periods(), periods())
def test_periods_overlap_when_they_share_a_day(one: Period, other: Period) -> None:
    assert one.overlaps(other) == bool(days(one) & days(other))


def test_the_end_is_the_first_day_without() -> None:
    period = Period(YESTERDAY, TODAY)

    assert (period.covers(YESTERDAY), period.covers(TODAY)) == (True, False)
    assert period.has_ended(TODAY)


def test_the_first_review_is_due_a_cadence_after_the_customer_was_added() -> None:
    assert review_due_on(None, TODAY, 30) == date(2026, 3, 31)
    assert review_due_on(date(2026, 3, 20), TODAY, 30) == date(2026, 4, 19)


@pytest.mark.parametrize(
    ("due", "active", "overdue"),
    [(TODAY, True, False), (YESTERDAY, True, True), (YESTERDAY, False, False)],
)
def test_a_review_is_overdue_the_day_after(due: date, active: bool, overdue: bool) -> None:
    assert is_overdue(due, TODAY, active=active) is overdue


def test_a_review_to_come_was_not_held() -> None:
    check_reviewed(TODAY, TODAY)
    check_reviewed(None, TODAY)

    with pytest.raises(Invalid):
        check_reviewed(TOMORROW, TODAY)


def test_nothing_ends_before_it_starts() -> None:
    check_order(Period(TODAY, TODAY), "/engaged_to")

    with pytest.raises(Invalid) as refused:
        check_order(Period(TODAY, YESTERDAY), "/engaged_to")

    assert refused.value.errors[0].pointer == "/engaged_to"


def test_an_overlap_is_refused_with_the_other_period() -> None:
    check_free(Period(TODAY, None), [Period(YESTERDAY, TODAY)], "it")

    with pytest.raises(Conflict) as refused:
        check_free(Period(TODAY, None), [RUNNING], "it")

    assert refused.value.extra == {"overlapping_from": YESTERDAY, "overlapping_to": None}


def test_an_end_that_has_passed_cannot_be_moved() -> None:
    check_not_over(Period(YESTERDAY, TOMORROW), TODAY, "engagement")

    with pytest.raises(Conflict, match="ended on 2026-03-01 already"):
        check_not_over(Period(YESTERDAY, TODAY), TODAY, "engagement")


def test_who_has_left_asks_for_nothing_new() -> None:
    check_active("sales", True)

    with pytest.raises(Conflict, match="not active"):
        check_active("sales", False)


def test_who_still_has_something_cannot_leave() -> None:
    check_may_leave("sales", {"services": [], "vital_activities": []})

    with pytest.raises(Conflict, match="still has vital activities: bills, orders") as refused:
        check_may_leave("sales", {"services": [], "vital_activities": ["bills", "orders"]})

    assert refused.value.extra["missing"] == {"vital_activities": ["bills", "orders"]}


@pytest.mark.parametrize(
    ("representatives", "services"),
    [([RUNNING], ["vpn"]), ([], []), ([Period(TOMORROW, None)], ["vpn"])],
)
def test_a_customer_of_live_services_has_somebody_to_speak(
    representatives: list[Period], services: list[str]
) -> None:
    check_represented("sales", representatives, TODAY, services)


@pytest.mark.parametrize("representatives", [[], [Period(YESTERDAY, TODAY)]])
def test_nobody_left_to_speak_is_refused(representatives: list[Period]) -> None:
    with pytest.raises(Conflict) as refused:
        check_represented("sales", representatives, TODAY, ["vpn"])

    assert refused.value.extra["missing"] == "representative"


def test_retention_is_the_share_that_stayed() -> None:
    assert retention(8, 6).ratio == 0.75


def test_of_nobody_nobody_can_stay() -> None:
    found = retention(0, 0)

    assert (found.ratio, found.reason) == (None, "no customer was engaged on the first day")


def test_facts_are_as_of_today() -> None:
    now = datetime(2026, 3, 1, 8, tzinfo=UTC)
    section = {"engaged_count": 3, "review_overdue_count": 1, "unrepresented_count": 0}

    found = facts(section, now)

    assert {name: fact.value for name, fact in found.items()} == {
        "engaged_customer_count": 3,
        "customer_review_overdue_count": 1,
        "unrepresented_customer_count": 0,
    }
    assert {fact.as_of for fact in found.values()} == {now}
