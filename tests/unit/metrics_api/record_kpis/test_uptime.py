"""The support hours that the statement of availability is told."""

from datetime import UTC, date, datetime

import pytest

from metrics_api.indicators.periods import Span
from metrics_api.record_kpis.uptime import support_parameters
from shared.calendars import Calendar, calendar_from
from shared.schemas.catalog import SupportInterval, Weekday

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = [Span(0, MONDAY, MONDAY.replace(day=4)), Span(1, MONDAY.replace(day=4), MONDAY)]
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def mornings(zone: str = "UTC", years: tuple[int | None, int | None] = (None, None)) -> Calendar:
    weekly = [SupportInterval(day=Weekday.MONDAY, start="08:00", end="12:00")]
    return calendar_from(zone, weekly, [date(2026, 1, 1)], years)


def test_open_time_is_told_once_for_each_calendar_and_span() -> None:
    calendars = {"mail": mornings(), "web": mornings(), "shop": mornings("Europe/Vienna")}
    told = support_parameters(["mail", "web", "shop", ""], calendars, WEEK[:1], NOW)
    assert told["service_calendar"] == [0, 0, 1, None]
    assert (told["hours_calendar"], told["hours_n"]) == ([0, 1], [0, 0])
    assert told["hours"] == [
        "{[2026-03-02T08:00:00+00:00,2026-03-02T12:00:00+00:00)}",
        "{[2026-03-02T07:00:00+00:00,2026-03-02T11:00:00+00:00)}",
    ]


def test_an_empty_span_has_no_open_time() -> None:
    told = support_parameters(["mail"], {"mail": mornings()}, WEEK[1:], NOW)
    assert told["hours"] == ["{}"]


@pytest.mark.parametrize(("years", "known"), [((2025, 2025), 0), ((2025, 2026), 1)])
def test_a_year_whose_holidays_are_unknown_has_no_hours(years: tuple[int, int], known: int) -> None:
    told = support_parameters(["mail"], {"mail": mornings(years=years)}, WEEK[:1], NOW)
    assert len(told["hours"]) == known
