"""The demo's data: the worked example to the digit, and a year that could be real."""

from collections import defaultdict
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest

from tollgate.demo.content import SERVICES, Update
from tollgate.demo.history import history, incident_id
from tollgate.demo.worked_example import worked_example

UNTIL = date(2026, 3, 1)


def test_the_worked_example_averages_to_the_digit() -> None:
    hours = defaultdict(list)
    for update in worked_example():
        if update["state"] == "closed":
            opened = datetime.fromisoformat(update["opened_at"])
            resolved = datetime.fromisoformat(update["resolved_at"])
            seconds = Fraction((resolved - opened).total_seconds())
            hours[update["service"], resolved.year, (resolved.month + 2) // 3].append(
                seconds / 3600
            )

    assert {key: sum(values) / len(values) for key, values in hours.items()} == {
        ("Application Support", 2025, 1): Fraction("6.5"),
        ("Application Support", 2025, 2): Fraction("4.8"),
        ("Network Infrastructure", 2025, 1): Fraction("3.1"),
        ("Network Infrastructure", 2025, 2): Fraction("2.9"),
    }


def test_the_history_is_always_the_same() -> None:
    assert list(history(UNTIL, 200)) == list(history(UNTIL, 200))


@pytest.fixture(scope="module")
def year() -> list[Update]:
    return list(history(UNTIL))


def test_the_history_is_a_year_that_ends_at_the_given_day(year: list[Update]) -> None:
    stamps = [datetime.fromisoformat(update["updated_at"]) for update in year]

    assert max(stamps) < datetime(2026, 3, 1, tzinfo=UTC)
    assert min(stamps) > datetime(2025, 2, 20, tzinfo=UTC)


def test_the_history_has_what_a_service_desk_has(year: list[Update]) -> None:
    last = {update["external_id"]: update for update in year}

    states = {update["state"] for update in last.values()}
    known = {service.name for service in SERVICES}
    unattributed = [update for update in last.values() if update["service"] not in known]
    assert incident_id(3000) in last
    assert {"closed", "cancelled", "resolved", "in_progress"} <= states
    assert sum(update["reopen_count"] > 0 for update in last.values()) > 100
    assert 0 < len(unattributed) < 20


def test_versions_of_an_incident_are_in_the_order_of_time(year: list[Update]) -> None:
    lives = defaultdict(list)
    for update in year:
        lives[update["external_id"]].append(datetime.fromisoformat(update["updated_at"]))

    assert all(life == sorted(life) for life in lives.values())
