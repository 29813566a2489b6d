"""How strongly services support vital activities."""

from datetime import UTC, datetime

import pytest

from catalog_api.vital_activities.rules import Strength, at_least, check_needed, facts
from shared.errors import Conflict

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("weakest", "counted"),
    [
        (Strength.ESSENTIAL, {"essential"}),
        (Strength.IMPORTANT, {"essential", "important"}),
        (Strength.HELPFUL, {"essential", "important", "helpful"}),
    ],
)
def test_weaker_support_does_not_count(weakest: Strength, counted: set[str]) -> None:
    assert set(at_least(weakest)) == counted


def test_what_is_no_longer_done_needs_no_support() -> None:
    check_needed("orders", True)

    with pytest.raises(Conflict) as refused:
        check_needed("orders", False)

    assert refused.value.extra["missing"] == "active"


def test_facts_are_as_old_as_the_last_change() -> None:
    changed = "2026-01-02T00:00:00+00:00"
    section = {
        "supported_count": 3,
        "essential_count": 2,
        "critical_count": 1,
        "changed_at": changed,
    }

    found = facts(section, NOW)

    assert {name: fact.value for name, fact in found.items()} == {
        "vital_activities_supported_count": 3,
        "essential_vital_activity_count": 2,
        "critical_vital_activity_count": 1,
    }
    assert {fact.as_of for fact in found.values()} == {datetime.fromisoformat(changed)}


def test_supporting_nothing_is_known_now() -> None:
    section = {"supported_count": 0, "essential_count": 0, "critical_count": 0, "changed_at": None}

    assert {fact.as_of for fact in facts(section, NOW).values()} == {NOW}
