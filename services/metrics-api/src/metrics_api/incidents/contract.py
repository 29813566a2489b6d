"""Request bodies of the pushes in the contract: msgspec reads them, so FastAPI cannot know."""

from collections.abc import Callable
from typing import Any

from metrics_api.incidents.bodies import ARRAY_LIMIT, JSON, NDJSON
from metrics_api.incidents.updates import field_schema

_SCHEMA, _COMPONENTS = field_schema()
EXAMPLE = {
    "source": "servicenow",
    "external_id": "INC0042",
    "version": 3,
    "updated_at": "2026-03-01T09:40:00Z",
    "state": "resolved",
    "title": "VPN drops every few minutes",
    "service": "Network Infrastructure",
    "priority": 2,
    "channel": "phone",
    "assignment_group": "Network Operations",
    "reassignment_count": 1,
    "opened_at": "2026-03-01T08:30:00Z",
    "resolved_at": "2026-03-01T09:40:00Z",
}
SINGLE_BODY: dict[str, Any] = {
    "required": True,
    "content": {JSON: {"schema": _SCHEMA, "example": EXAMPLE}},
}
BATCH_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        NDJSON: {
            "schema": {"type": "string", "description": "One IncidentIn a line, any number"},
        },
        JSON: {
            "schema": {"type": "array", "maxItems": ARRAY_LIMIT, "items": _SCHEMA},
            "example": [EXAMPLE],
        },
    },
}


def describing_incidents(contract: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """The app's contract, with the schema that the bodies refer to."""

    def described() -> dict[str, Any]:
        document = contract()
        document["components"]["schemas"].update(_COMPONENTS)
        return document

    return described
