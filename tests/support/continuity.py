"""Continuity plans as tests write and approve them: bea writes, ada owns the services."""

from typing import Any

import httpx

from tests.support.catalog import Catalog

TEXT: dict[str, Any] = {
    "tier": 2,
    "rto_hours": 4,
    "rpo_hours": 1,
    "mtpd_hours": 24,
    "strategy": "Fail over to the second site.",
    "steps": [{"action": "Switch DNS", "role": "network_operator", "within_hours": 0.5}],
    "contacts": [{"name": "Duty", "role": "network_operator", "reach": "+43 1 000"}],
    "test_cadence_days": 180,
}


async def draft(catalog: Catalog, key: str = "vpn", **fields: Any) -> dict[str, Any]:
    path = f"/v1/services/{key}/continuity-plans"
    reply = await catalog.http.post(path, json=TEXT | fields, headers=author(catalog))
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


def author(catalog: Catalog) -> dict[str, str]:
    return catalog.caller("bea")


async def act(catalog: Catalog, plan: dict[str, Any], verb: str, **headers: str) -> httpx.Response:
    """Submit, return or approve a version; ada owns the services."""
    path = f"/v1/services/{plan['service']}/continuity-plans/{plan['version']}/{verb}"
    body = {"text_hash": plan["text_hash"]} if verb == "approval" else None
    return await catalog.http.post(path, json=body, headers=headers)


async def approved(catalog: Catalog, key: str = "vpn", **fields: Any) -> dict[str, Any]:
    plan = await draft(catalog, key, **fields)
    await act(catalog, plan, "submission")
    reply = await act(catalog, plan, "approval")
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()
    return made
