"""Steps of the stories about agreements: what one needs, a text, and its way to being active."""

from datetime import date, datetime, timedelta
from typing import Any

import httpx

from catalog_api.agreements.advancing import advance
from shared.kit import clock
from tests.support.catalog import Catalog

ALWAYS = {"key": "always", "name": "Always", "timezone": "UTC", "always_open": True}
OBJECTIVE = {"key": "growth", "name": "Growth", "owner": "ada", "layer": "corporate"}
CUSTOMER = {"key": "finance", "name": "Finance", "kind": "internal", "relationship_owner": "ada"}


def today() -> date:
    return clock.now().date()


async def prepare(catalog: Catalog) -> None:
    """A calendar, an objective and a customer to agree with."""
    for path, body in (("calendars", ALWAYS), ("objectives", OBJECTIVE), ("customers", CUSTOMER)):
        reply = await catalog.http.post(f"/v1/{path}", json=body)
        assert reply.status_code == 201, reply.text


def target(**fields: Any) -> dict[str, Any]:
    """A SMART target: availability at least 0.99 a month."""
    return {
        "id": "availability",
        "kpi": "availability",
        "comparator": "gte",
        "value": 0.99,
        "period": "month",
        "objectives": ["growth"],
    } | fields


def sla(**fields: Any) -> dict[str, Any]:
    """The text of an SLA between IT (ada) and the customer finance (cleo) about mail."""
    return {
        "provider": {"kind": "it", "name": "IT", "signatories": ["ada", "alan"]},
        "customer": {
            "kind": "customer",
            "key": "finance",
            "name": "Finance",
            "signatories": ["cleo"],
        },
        "services": ["mail"],
        "hours": {"calendar": "always"},
        "targets": [target()],
        "valid_from": today().isoformat(),
        "review_date": (today() + timedelta(days=180)).isoformat(),
    } | fields


async def draft(catalog: Catalog, key: str = "mail-sla", **fields: Any) -> dict[str, Any]:
    """Create an SLA."""
    body = {"key": key, "name": key, "kind": "sla", **sla(**fields)}
    reply = await catalog.http.post("/v1/agreements", json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


def url(version: dict[str, Any]) -> str:
    return f"/v1/agreements/{version['agreement']}/versions/{version['version']}"


async def act(catalog: Catalog, version: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
    return await catalog.http.post(f"{url(version)}/{verb}", json=body or None)


async def submit(catalog: Catalog, version: dict[str, Any]) -> dict[str, Any]:
    reply = await act(catalog, version, "submit")
    assert reply.status_code == 200, reply.text
    submitted: dict[str, Any] = reply.json()
    return submitted


async def sign(
    catalog: Catalog, version: dict[str, Any], person: str, side: str, **fields: Any
) -> httpx.Response:
    body = {"side": side, "text_hash": version["text_hash"]} | fields
    headers = catalog.caller(person)
    return await catalog.http.post(f"{url(version)}/signatures", json=body, headers=headers)


async def sign_both(catalog: Catalog, version: dict[str, Any]) -> httpx.Response:
    """Submit, and let the first signatory of each side sign; the last answer counts."""
    submitted = await submit(catalog, version)
    provider = submitted["text"]["provider"]["signatories"][0]
    customer = submitted["text"]["customer"]["signatories"][0]
    first = await sign(catalog, submitted, provider, "provider")
    assert first.status_code == 201, first.text
    return await sign(catalog, submitted, customer, "customer")


async def read(catalog: Catalog, version: dict[str, Any]) -> dict[str, Any]:
    reply = await catalog.http.get(url(version))
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def pass_time(catalog: Catalog, until: datetime | None = None) -> None:
    """Run the job as it would run then."""
    await advance(catalog.app.state.engine, until or clock.now())


async def activate(catalog: Catalog, version: dict[str, Any]) -> dict[str, Any]:
    """From draft to active."""
    reply = await sign_both(catalog, version)
    assert reply.status_code == 201, reply.text
    await pass_time(catalog)
    active = await read(catalog, version)
    assert active["state"] == "active", active
    return active


async def depend(catalog: Catalog, consumer: str, provider: str) -> None:
    """Let a service need another one hard."""
    body = {"provider": {"kind": "service", "key": provider}, "strength": "hard"}
    reply = await catalog.http.post(f"/v1/services/{consumer}/dependencies", json=body)
    assert reply.status_code == 201, reply.text
