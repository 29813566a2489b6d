"""Verdicts, the periods they are of, and what of them is news."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_api.indicators.periods import Grain
from metrics_api.judgements.rules import (
    Measured,
    Verdict,
    full_periods,
    is_news,
    judge,
    worth_telling,
)
from shared.schemas.metrics import Comparator

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("comparator", "at", "beyond"),
    [
        (Comparator.LTE, Verdict.MET, Verdict.MISSED),
        (Comparator.LT, Verdict.MISSED, Verdict.MISSED),
        (Comparator.GTE, Verdict.MET, Verdict.MET),
        (Comparator.GT, Verdict.MISSED, Verdict.MET),
    ],
)
def test_a_figure_is_compared_with_the_target(
    comparator: Comparator, at: Verdict, beyond: Verdict
) -> None:
    assert judge(Measured(0.1, 3, None), comparator, Decimal("0.1")).verdict is at
    assert judge(Measured(0.2, 3, None), comparator, Decimal("0.1")).verdict is beyond


def test_without_a_figure_the_verdict_is_unknown_and_says_why() -> None:
    judged = judge(Measured(None, 0, "nothing_resolved"), Comparator.LTE, Decimal(5))

    assert (judged.verdict, judged.reason) == (Verdict.UNKNOWN, "nothing_resolved")


@pytest.mark.parametrize("grain", list(Grain))
def test_the_periods_judged_are_over_and_follow_one_another(grain: Grain) -> None:
    periods = full_periods(grain, ZoneInfo("Europe/Vienna"), NOW)

    assert NOW - timedelta(days=366) < periods[-1].end <= NOW
    ends = [period.end for period in periods]
    assert ends[:-1] == [period.start for period in periods][1:]


def test_a_month_is_over_when_it_is_in_its_own_time_zone() -> None:
    midnight = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)

    assert full_periods(Grain.MONTH, ZoneInfo("Europe/Vienna"), midnight)[-1].label == "2026-02"
    assert full_periods(Grain.MONTH, ZoneInfo("UTC"), midnight)[-1].label == "2026-01"


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        (None, Verdict.MET, True),
        (None, Verdict.UNKNOWN, False),
        ("met", Verdict.MET, False),
        ("met", Verdict.MISSED, True),
        ("unknown", Verdict.MISSED, True),
        ("missed", Verdict.UNKNOWN, False),
    ],
)
def test_a_verdict_is_news_when_it_says_something_else(
    before: str | None, after: Verdict, news: bool
) -> None:
    assert is_news(before, after) is news


def judged(target: str, first_day: str) -> dict[str, Any]:
    first = date.fromisoformat(first_day)
    return {"target_id": target, "first_day": first, "last_day": first + timedelta(days=27)}


def test_of_history_only_the_newest_period_of_each_target_is_told() -> None:
    old, newest, recent = (judged("a", f"{day}-01") for day in ("2019-01", "2019-02", "2026-02"))
    other = judged("b", "2018-05-01")

    assert worth_telling([old, newest, other], NOW) == [newest, other]
    assert worth_telling([old, newest, recent], NOW) == [recent]
