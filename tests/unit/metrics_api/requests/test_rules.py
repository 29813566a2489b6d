"""Requests of the catalog as records."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics_api.records.fields import RequestIn
from metrics_api.requests.rules import fields_of
from shared.schemas.catalog import RequestSnapshot, RequestState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def snapshot(**fields: Any) -> RequestSnapshot:
    return RequestSnapshot.model_validate(
        {
            "number": "REQ-000001",
            "service": "vpn",
            "offering": "laptop",
            "offering_version": 1,
            "state": "submitted",
            "customer": None,
            "impact": None,
            "urgency": None,
            "priority": None,
            "submitted_at": NOON,
            "due_at": NOON + timedelta(hours=2),
            "started_at": None,
            "fulfilled_at": None,
            "ended_at": None,
            "met": None,
            "steps": [],
            "revision": 1,
            "updated_at": NOON,
        }
        | fields
    )


@pytest.mark.parametrize("state", RequestState)
def test_a_request_is_told_in_the_words_of_records(state: RequestState) -> None:
    fields = fields_of(snapshot(state=state, impact="high"))

    assert (fields["external_id"], fields["version"]) == ("REQ-000001", 1)
    assert (fields["state"], fields["impact"]) == (state.value, "high")
    assert fields["opened_at"] == "2026-03-01T12:00:00Z"


def test_what_records_have_no_field_for_is_kept_beside() -> None:
    assert fields_of(snapshot(offering_version=3))["extra"] == {"offering_version": 3}


def test_every_field_is_one_of_request_records() -> None:
    assert set(fields_of(snapshot())) <= set(RequestIn.__struct_fields__)
