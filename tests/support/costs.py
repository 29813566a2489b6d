"""Costs as tests record and read them."""

from typing import Any

from tests.support.catalog import Catalog

LABOUR = {
    "kind": "opex",
    "name": "Administrators",
    "category": "labour",
    "amount": "1000",
    "currency": "EUR",
    "per": "month",
    "starts_on": "2024-01-01",
}
SERVERS = {
    "kind": "capex",
    "name": "Servers",
    "category": "hardware",
    "amount": "3600",
    "currency": "EUR",
    "starts_on": "2025-01-20",
    "amortisation_months": 36,
}


async def post(catalog: Catalog, path: str, body: Any) -> dict[str, Any]:
    reply = await catalog.http.post(path, json=body)
    assert reply.status_code in (200, 201), reply.text
    made: dict[str, Any] = reply.json()
    return made


async def cost_item(catalog: Catalog, service: str = "vpn", **fields: Any) -> dict[str, Any]:
    kind = SERVERS if fields.get("kind") == "capex" else LABOUR
    return await post(catalog, f"/v1/services/{service}/cost-items", kind | fields)


async def depends(catalog: Catalog, consumer: str, kind: str, key: str, share: str) -> None:
    body = {"provider": {"kind": kind, "key": key}, "strength": "hard", "cost_share": share}
    await post(catalog, f"/v1/services/{consumer}/dependencies", body)


def value(figure: Any) -> Any:
    return figure["value"]
