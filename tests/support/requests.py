"""Steps of the stories about requests: one is made for a laptop, and walked or given up."""

from typing import Any

from httpx import Response

from tests.support.catalog import Catalog

FORM = {
    "type": "object",
    "properties": {"model": {"type": "string", "enum": ["light", "strong"]}},
    "required": ["model"],
    "additionalProperties": False,
}
STEPS = [
    {"id": "check", "title": "Check", "owner_role": "approver", "target_minutes": 30},
    {"id": "hand-over", "title": "Hand over", "owner_role": "desk_agent", "target_minutes": 90},
]
GOOD = {"answers": {"model": "light"}}


def as_role(catalog: Catalog, *roles: str, subject: str = "worker") -> dict[str, str]:
    return {"Authorization": f"Bearer {catalog.token(subject, roles=list(roles))}"}


async def submit(catalog: Catalog, headers: Any = None, **fields: Any) -> Response:
    return await catalog.http.post(
        "/v1/offerings/laptop/requests", json=GOOD | fields, headers=headers
    )


async def act(catalog: Catalog, number: str, act: str, headers: Any = None) -> Response:
    """start or complete of a step, cancel or reject."""
    body = None if "/" in act else {"reason": "no longer needed"}
    url = f"/v1/requests/{number}/{'steps/' if '/' in act else ''}{act}"
    return await catalog.http.post(url, json=body, headers=headers)
