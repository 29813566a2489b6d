"""What saying something of a practice takes, and what it tells tollgates."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from catalog_api.practices.rules import DEFINITIONS, Adoption, adoption_problem, facts

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = date(2026, 4, 1)


def taken_up(adoption: str, due_on: str | None = None) -> dict[str, Any]:
    return {
        "adoption": adoption,
        "due_on": due_on,
        "process": "service_catalog_management",
        "updated_at": "2026-02-01T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("adoption", "reason", "due_on", "problem"),
    [
        (Adoption.ADOPTED, None, None, None),
        (Adoption.ADOPTED, "it helps", None, None),
        (Adoption.ADOPTED, None, DAY, "due_on"),
        (Adoption.PLANNED, None, DAY, None),
        (Adoption.PLANNED, None, None, "due_on"),
        (Adoption.NOT_APPLICABLE, "no desk", None, None),
        (Adoption.NOT_APPLICABLE, None, None, "reason"),
        (Adoption.NOT_APPLICABLE, "no desk", DAY, "due_on"),
    ],
)
def test_what_does_not_apply_has_a_reason_and_what_is_planned_a_date(
    adoption: Adoption, reason: str | None, due_on: date | None, problem: str | None
) -> None:
    assert adoption_problem(adoption, reason, due_on) == problem


def test_a_service_that_says_nothing_has_adopted_nothing() -> None:
    found = facts([], NOW)

    assert found.keys() == {definition.name for definition in DEFINITIONS}
    assert (found["practices_adopted_count"].value, found["practices_adopted_count"].as_of) == (
        0,
        NOW,
    )


def test_practices_are_counted_by_what_is_said_of_them() -> None:
    section = [
        taken_up("adopted"),
        taken_up("planned", "2026-02-28"),
        taken_up("planned", "2026-03-01"),
        taken_up("not_applicable"),
    ]

    found = {name: fact.value for name, fact in facts(section, NOW).items()}

    assert found == {
        "practices_adopted_count": 1,
        "practices_planned_count": 2,
        "practices_overdue_count": 1,
        "practices_adopted_processes": ["service_catalog_management"],
    }
