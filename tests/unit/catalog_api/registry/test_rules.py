"""What an update changes, and what the wire models accept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog_api.registry.rules import after_of, before_of, changes, repeated_keys
from catalog_api.registry.schemas import ServicePatch, ServiceUpsert
from shared.schemas.catalog import ServiceCreate, SupportHours

records = st.fixed_dictionaries({"a": st.integers(0, 2), "b": st.none() | st.integers(0, 1)})


@given(records, records)
def test_applying_the_changes_gives_what_was_wanted(
    present: dict[str, Any], wanted: dict[str, Any]
) -> None:
    changed = changes(present, wanted)

    assert present | after_of(changed) == wanted
    assert wanted | before_of(changed) == present


@given(records)
def test_wanting_what_is_changes_nothing(present: dict[str, Any]) -> None:
    assert changes(present, present) == {}


def test_a_field_that_is_not_named_stays() -> None:
    assert changes({"a": 1, "b": 2}, {"b": 2}) == {}


def test_a_key_that_stands_twice_is_found_at_its_repetition() -> None:
    assert repeated_keys(["vpn", "mail", "vpn", "vpn"]) == [2, 3]


@pytest.mark.parametrize("model", [ServiceCreate, ServicePatch, ServiceUpsert])
def test_no_write_accepts_a_stage_and_the_refusal_says_how_it_moves(model: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(
            {
                "key": "vpn",
                "name": "VPN",
                "portfolio": "workplace",
                "kind": "technical",
                "stage": "strategy",
            }
        )

    problem = next(error for error in refused.value.errors() if error["loc"] == ("stage",))
    assert "/v1/services/{key}/transitions" in problem["msg"]


@pytest.mark.parametrize("field", ["name", "portfolio", "kind", "description", "tags"])
def test_a_field_that_is_always_there_cannot_be_set_to_null(field: str) -> None:
    with pytest.raises(ValidationError):
        ServicePatch.model_validate({field: None})


@pytest.mark.parametrize("field", ["criticality", "support_hours"])
def test_a_field_that_may_be_absent_is_cleared_by_null(field: str) -> None:
    patch = ServicePatch.model_validate({field: None})

    assert patch.model_dump(exclude_unset=True) == {field: None}


def hours(*intervals: tuple[str, str, str], zone: str = "Europe/Zurich") -> SupportHours:
    weekly = [{"day": day, "start": start, "end": end} for day, start, end in intervals]
    return SupportHours.model_validate({"timezone": zone, "weekly": weekly})


def test_support_hours_may_run_to_midnight_and_touch() -> None:
    hours(("monday", "08:00", "12:00"), ("monday", "12:00", "24:00"), ("friday", "00:00", "24:00"))


@pytest.mark.parametrize(
    "interval", [("monday", "18:00", "08:00"), ("monday", "08:00", "08:00"), ("monday", "8", "9")]
)
def test_an_interval_of_support_hours_ends_after_it_starts(interval: tuple[str, str, str]) -> None:
    with pytest.raises(ValidationError):
        hours(interval)


def test_intervals_of_support_hours_do_not_overlap() -> None:
    with pytest.raises(ValidationError, match="overlap"):
        hours(("monday", "10:00", "18:00"), ("monday", "08:00", "12:00"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "\x00"])
def test_support_hours_are_in_a_known_time_zone(zone: str) -> None:
    with pytest.raises(ValidationError):
        hours(("monday", "08:00", "12:00"), zone=zone)
