"""Corrections of `network` for tests, over the API: ada asks for them, grace decides."""

from typing import Any

from tests.support.metrics import Metrics
from tests.support.slos import ago, made

PATH = "/v1/corrections"


def body(**fields: Any) -> dict[str, Any]:
    return {
        "service": "network",
        "category": "scheduled_maintenance",
        "reason": "New switches",
        "start": ago(30).isoformat(),
        "duration_minutes": 20,
        **fields,
    }


async def requested(metrics: Metrics, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = await made(metrics, PATH, body(**fields))
    return found


async def act(
    metrics: Metrics, correction: dict[str, Any], act: str, who: str = "grace", version: int = 1
) -> Any:
    return await metrics.http.post(
        f"{PATH}/{correction['id']}/{act}",
        json={},
        headers={**metrics.caller(who), "If-Match": f'"{version}"'},
    )


async def approved(metrics: Metrics, **fields: Any) -> dict[str, Any]:
    correction = await requested(metrics, **fields)
    reply = await act(metrics, correction, "approve")
    assert reply.status_code == 200, reply.text
    return correction
