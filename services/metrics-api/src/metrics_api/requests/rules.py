"""Requests of the catalog in the words of records. Pure.

Their states are words of the built-in source, whose mapping the migrations made.
"""

from typing import Any

from shared.schemas.catalog import RequestSnapshot

AS_THEY_ARE = (
    "service",
    "offering",
    "customer",
    "impact",
    "urgency",
    "priority",
    "due_at",
    "started_at",
    "fulfilled_at",
    "ended_at",
    "met",
    "updated_at",
    "steps",
)


def fields_of(snapshot: RequestSnapshot) -> dict[str, Any]:
    """The update that a snapshot is: `RequestIn` as JSON."""
    told = snapshot.model_dump(mode="json")
    return {name: told[name] for name in AS_THEY_ARE} | {
        "external_id": snapshot.number,
        "version": snapshot.revision,
        "state": snapshot.state.value,
        "opened_at": told["submitted_at"],
        "extra": {"offering_version": snapshot.offering_version},
    }
