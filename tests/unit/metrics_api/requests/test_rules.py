"""Requests of the catalog as records."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.requests.rules import STATES, order_of, record_of
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
def test_every_state_of_the_catalog_has_a_canonical_one_beside_its_own_word(
    state: RequestState,
) -> None:
    record = record_of(snapshot(state=state))

    assert (record["state"], record["raw_state"]) == (STATES[state], state.value)


@given(st.lists(st.integers(1, 50), min_size=2, unique=True))
def test_the_greatest_revision_stands_whatever_the_stamps_say(revisions: list[int]) -> None:
    told = [
        snapshot(revision=each, updated_at=NOON - timedelta(seconds=each)) for each in revisions
    ]

    assert max(told, key=order_of).revision == max(revisions)


def test_the_same_content_has_the_same_place() -> None:
    assert order_of(snapshot()) == order_of(snapshot())
    assert order_of(snapshot()) != order_of(snapshot(customer=uuid4().hex))
