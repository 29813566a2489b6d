"""Tools that push records of any kind, one at a time, and what is read of them."""

from typing import Any

from httpx import Response

from shared.kit.database import transaction
from shared.schemas.metrics import RecordKind
from tests.support.copies import add_copy
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.records import PATHS, sent


async def knowing_tools(metrics: Metrics) -> Metrics:
    """A metrics-api that knows two sources, `desk` and `feed`, and the service `mail`."""
    for source in ({"key": "desk"}, {"key": "feed", "delivery": "event"}):
        body = {"name": "Tool", "state_mapping": {"Awaiting Vendor": "on_hold"}, **source}
        assert (await metrics.http.post("/v1/sources", json=body)).status_code == 201
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail", criticality="critical")
        await add_copy(
            session, "vendor_product", "sap", {"key": "sap", "name": "SAP ERP", "vendor": "SAP"}
        )
        await add_copy(session, "customer", "hr", {"key": "hr", "name": "People", "active": True})
    return metrics


async def push(
    metrics: Metrics, kind: RecordKind, hours: float = 0, /, *, by: str = "desk", **fields: Any
) -> Response:
    body = {"source": by, **sent(kind, hours, **fields)}
    return await metrics.http.post(f"/v1/{PATHS[kind]}", json=body)


async def pushed(
    metrics: Metrics, kind: RecordKind, hours: float = 0, /, **fields: Any
) -> dict[str, Any]:
    reply = await push(metrics, kind, hours, **fields)
    assert reply.status_code in (200, 201), reply.text
    found: dict[str, Any] = reply.json()
    return found


async def items(metrics: Metrics, path: str, **query: Any) -> list[dict[str, Any]]:
    reply = await metrics.http.get(f"/v1/{path}", params=query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found
