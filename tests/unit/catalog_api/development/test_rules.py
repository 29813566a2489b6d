"""Whether a service is developed far enough, and what is missing."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.development.rules import (
    DEFAULT_CHECKLIST,
    DEFINITIONS,
    Missing,
    facts,
    merged_checklist,
    missing_of,
    needs_record,
)
from shared.schemas.catalog import ServiceKind

NOW = datetime(2027, 3, 11, tzinfo=UTC)
CHANGED_AT = "2027-03-01T00:00:00+00:00"
READY: dict[str, Any] = {
    "design_package": [{"id": "hld", "state": "approved"}],
    "build": {"state": "built"},
    "tests": [{"id": "failover", "result": "passed"}],
    "checklist": [{"id": "monitoring", "text": "It is watched", "done": True}],
    "updated_at": CHANGED_AT,
}


def test_a_record_with_every_part_complete_lacks_nothing() -> None:
    assert missing_of(READY) == []


@pytest.mark.parametrize(
    ("part", "value", "missing"),
    [
        ("design_package", [], Missing("design_package", None, "is empty")),
        (
            "design_package",
            [{"id": "hld", "state": "draft"}],
            Missing("design_package", "hld", "is draft, not approved"),
        ),
        ("build", None, Missing("build", None, "is not recorded")),
        ("build", {"state": "in_progress"}, Missing("build", None, "is in progress")),
        ("tests", [], Missing("tests", None, "is empty")),
        ("tests", [{"id": "t", "result": "failed"}], Missing("tests", "t", "failed")),
        ("tests", [{"id": "t", "result": "not_run"}], Missing("tests", "t", "was not run")),
        ("checklist", [{"id": "c", "done": False}], Missing("checklist", "c", "is not done")),
    ],
)
def test_every_incomplete_part_is_named(part: str, value: Any, missing: Missing) -> None:
    assert missing_of(READY | {part: value}) == [missing]


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_a_checklist_is_complete_when_every_item_is(done: list[bool]) -> None:
    items = [{"id": str(n), "done": is_done} for n, is_done in enumerate(done)]

    missing = missing_of(READY | {"checklist": items})

    assert [one.id for one in missing] == [str(n) for n, is_done in enumerate(done) if not is_done]


def test_an_item_that_says_something_else_is_to_be_done_again() -> None:
    ticked = {"id": "a", "text": "A", "done": True, "done_by": "bea", "done_at": "x", "note": None}

    same, other, new = merged_checklist(
        [ticked, {**ticked, "id": "b"}],
        [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}, {"id": "c", "text": "C"}],
    )

    assert same == ticked
    assert (other["done"], other["done_by"], other["text"]) == (False, None, "B")
    assert (new["id"], new["done"]) == ("c", False)


def test_a_default_checklist_is_offered() -> None:
    assert len(DEFAULT_CHECKLIST) >= 5


def test_only_a_product_skips_the_record() -> None:
    assert {kind for kind in ServiceKind if not needs_record(kind)} == {ServiceKind.PRODUCT}


def told(kind: str, record: Any) -> dict[str, Any]:
    section = {"kind": kind, "record": record}
    return {name: fact.value for name, fact in facts(section, NOW).items()}


def test_every_defined_fact_is_answered() -> None:
    assert told("technical", None).keys() == {one.name for one in DEFINITIONS}


def test_a_product_needs_nothing_and_so_lacks_nothing() -> None:
    product = told("product", None)

    assert (product["development_needed"], product["development_ready"]) == (False, True)
    assert product["development_missing"] == []


def test_a_service_without_a_record_lacks_it() -> None:
    service = told("technical", None)

    assert (service["development_needed"], service["development_ready"]) == (True, False)
    assert service["development_missing"] == ["development record"]


def test_the_parts_are_counted_as_of_the_last_change() -> None:
    tests = [
        {"id": str(number), "result": result}
        for number, result in enumerate(["passed", "failed", "failed", "not_run"])
    ]

    service = told("business", READY | {"tests": tests})
    since = facts({"kind": "business", "record": READY}, NOW)["development_ready"].as_of

    assert (service["tests_failed_count"], service["tests_not_run_count"]) == (2, 1)
    assert (service["development_ready"], service["design_package_approved"]) == (False, True)
    assert "tests 1 failed" in service["development_missing"]
    assert since == datetime.fromisoformat(CHANGED_AT)
