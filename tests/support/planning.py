"""Steps of the stories about planning: objectives with what serves them, customers who engage."""

from datetime import timedelta
from typing import Any

import httpx

from shared.kit.clock import now
from tests.support.catalog import Catalog

ANY = {"If-Match": "*"}


def day(offset: int = 0) -> str:
    """A day relative to today, in UTC."""
    return (now().date() + timedelta(days=offset)).isoformat()


async def create(catalog: Catalog, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await catalog.http.post(f"/v1/{path}", json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def make_objective(catalog: Catalog, key: str = "growth", **fields: Any) -> dict[str, Any]:
    """Create an objective, corporate if nothing else is said."""
    body = {"key": key, "name": key, "owner": "ada", "layer": "corporate"} | fields
    return await create(catalog, "objectives", body)


async def make_cascade(catalog: Catalog) -> None:
    """growth → sales → web-shop."""
    await make_objective(catalog, "growth")
    await make_objective(catalog, "sales", layer="business_area", parent="growth")
    await make_objective(catalog, "web-shop", layer="operations", parent="sales")


async def move_objective(catalog: Catalog, key: str, state: str) -> httpx.Response:
    body = {"state": state, "reason": "because"}
    return await catalog.http.post(f"/v1/objectives/{key}/state", json=body, headers=ANY)


async def link_objective(
    catalog: Catalog, key: str, target: str, kind: str = "service"
) -> httpx.Response:
    body = {"kind": kind, "target": target}
    return await catalog.http.post(f"/v1/objectives/{key}/links", json=body)


async def make_customer(catalog: Catalog, key: str = "sales", **fields: Any) -> dict[str, Any]:
    """Add an internal customer that cal looks after."""
    body = {"key": key, "name": key, "kind": "internal", "relationship_owner": "cal"} | fields
    return await create(catalog, "customers", body)


async def represent(catalog: Catalog, subject: str = "rea", **fields: Any) -> httpx.Response:
    """Let somebody speak for the customer `sales`."""
    body = {"subject": subject, "role": "key_user"} | fields
    return await catalog.http.post("/v1/customers/sales/representatives", json=body)


async def engage(
    catalog: Catalog, service: str = "vpn", customer: str = "sales", **fields: Any
) -> httpx.Response:
    url = f"/v1/customers/{customer}/engagements"
    return await catalog.http.post(url, json={"service": service} | fields)


async def end(
    catalog: Catalog, made: httpx.Response, engaged_to: str | None = None
) -> httpx.Response:
    """End an engagement."""
    body = {"engaged_to": engaged_to, "reason": "moved on"}
    return await catalog.http.post(f"{made.headers['Location']}/end", json=body, headers=ANY)
