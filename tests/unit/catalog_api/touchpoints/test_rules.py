"""What a touchpoint must say, and the facts about where a service is met."""

from datetime import UTC, datetime

import pytest

from catalog_api.touchpoints.rules import check_one_kind_of_hours, check_open, facts
from shared.errors import Conflict, Invalid

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "calendar"), [(None, None), ("8 to 5", None), (None, "office")])
def test_hours_are_said_in_one_way_or_not_at_all(hours: str | None, calendar: str | None) -> None:
    check_one_kind_of_hours(hours, calendar)


def test_hours_said_twice_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        check_one_kind_of_hours("8 to 5", "office")

    assert refused.value.errors[0].pointer == "/calendar"


def test_nothing_new_is_offered_where_nobody_is() -> None:
    check_open("hotline", True)

    with pytest.raises(Conflict) as refused:
        check_open("hotline", False)

    assert refused.value.extra["missing"] == "active"


def test_facts_are_as_old_as_the_last_change() -> None:
    changed = "2026-01-02T00:00:00+00:00"
    section = {
        "active_count": 2,
        "channels": ["chat", "phone"],
        "without_hours_count": 1,
        "changed_at": changed,
    }

    found = facts(section, NOW)

    assert {name: fact.value for name, fact in found.items()} == {
        "touchpoint_count": 2,
        "touchpoint_channels": ["chat", "phone"],
        "touchpoints_without_hours_count": 1,
    }
    assert {fact.as_of for fact in found.values()} == {datetime.fromisoformat(changed)}


def test_being_met_nowhere_is_known_now() -> None:
    section = {"active_count": 0, "channels": [], "without_hours_count": 0, "changed_at": None}

    assert {fact.as_of for fact in facts(section, NOW).values()} == {NOW}
