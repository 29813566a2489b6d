"""Requests of the catalog as records: canonical state, and which update is the newest. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from shared.schemas.catalog import RequestSnapshot, RequestState
from shared.schemas.metrics import IncidentState

# Records share the canonical states; the catalog's own word is kept beside it.
STATES: Mapping[RequestState, IncidentState] = {
    RequestState.SUBMITTED: IncidentState.NEW,
    RequestState.IN_FULFILMENT: IncidentState.IN_PROGRESS,
    RequestState.FULFILLED: IncidentState.CLOSED,
    RequestState.CANCELLED: IncidentState.CANCELLED,
    RequestState.REJECTED: IncidentState.CANCELLED,
}


class Identity(NamedTuple):
    source: str
    external_id: str


class Order(NamedTuple):
    """Records rule 1: the source's number, then its stamp, then the digest; the greatest stands."""

    version: int
    updated_at: datetime
    digest: bytes


def payload_of(snapshot: RequestSnapshot) -> dict[str, Any]:
    """The update as it is kept, in the words of the catalog."""
    return snapshot.model_dump(mode="json")


def order_of(snapshot: RequestSnapshot) -> Order:
    """The place of an update among those of its record."""
    canonical = orjson.dumps(payload_of(snapshot), option=orjson.OPT_SORT_KEYS)
    return Order(snapshot.revision, snapshot.updated_at, hashlib.sha256(canonical).digest())


def record_of(snapshot: RequestSnapshot) -> dict[str, Any]:
    """The record that a snapshot describes: it replaces whatever was known before."""
    return {
        "service": snapshot.service,
        "offering": snapshot.offering,
        "customer": snapshot.customer,
        "state": STATES[snapshot.state],
        "raw_state": snapshot.state.value,
        "impact": snapshot.impact,
        "urgency": snapshot.urgency,
        "priority": snapshot.priority,
        "opened_at": snapshot.submitted_at,
        "due_at": snapshot.due_at,
        "started_at": snapshot.started_at,
        "fulfilled_at": snapshot.fulfilled_at,
        "ended_at": snapshot.ended_at,
        "met": snapshot.met,
        "steps": payload_of(snapshot)["steps"],
    }
