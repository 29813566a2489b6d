"""Plans of services as tests write, submit and approve them."""

from typing import Any

import httpx

from tests.support.catalog import ALL_SCOPES, Catalog, Make

STRATEGY = {
    "kind": "strategy",
    "why": "People work anywhere.",
    "outcomes": ["Nobody waits for a desk"],
    "objectives": ["grow"],
    "target_customers": ["sales"],
    "available_from": "2027-01-01",
    "requirements": [{"id": "open-api", "text": "Has an open API", "weight": 3}],
}
ITEM = {
    "id": "sso",
    "capability": "Sign in once",
    "target_date": "2027-06-30",
    "cost": "12000.00",
    "currency": "EUR",
    "status": "planned",
}
ROADMAP = {"kind": "roadmap", "items": [ITEM]}
TARGETS = {
    "kind": "targets",
    "quality_targets": [{"kpi": "mttr", "comparator": "lte", "value": "4.0"}],
    "finance_targets": [
        {
            "measure": "full_cost",
            "comparator": "lte",
            "value": "90000.00",
            "currency": "EUR",
            "period": "2027",
        }
    ],
    "critical_success_factors": [
        {"id": "quick", "statement": "Quick repair", "kpis": ["mttr"], "objective": "grow"}
    ],
}
ROADMAPS = "/v1/services/vpn/plans/roadmap/versions"


async def make_plannable(catalog: Catalog, make_service: Make) -> None:
    """Create the service vpn, owned by bea, with what its plans refer to."""
    await make_service(owners=[{"role": "service_owner", "subject": "bea"}])
    objective = {"key": "grow", "name": "Grow", "layer": "corporate", "owner": "cal"}
    customer = {"key": "sales", "name": "Sales", "kind": "internal", "relationship_owner": "cal"}
    for path, body in (("objectives", objective), ("customers", customer)):
        reply = await catalog.http.post(f"/v1/{path}", json=body)
        assert reply.status_code == 201, reply.text


async def post(catalog: Catalog, url: str, body: Any = None, **caller: Any) -> httpx.Response:
    """As ada, unless another subject is named."""
    headers = person(catalog, **caller) if caller else {}
    return await catalog.http.post(url, json=body, headers=headers)


def person(catalog: Catalog, subject: str, roles: tuple[str, ...] = (), **claims: Any) -> Any:
    token = catalog.token(subject, ALL_SCOPES, roles=list(roles), **claims)
    return {"Authorization": f"Bearer {token}"}


async def draft(catalog: Catalog, url: str = ROADMAPS, **fields: Any) -> dict[str, Any]:
    reply = await post(catalog, url, {"text": ROADMAP} | fields)
    assert reply.status_code == 201, reply.text
    return {**reply.json(), "url": reply.headers["Location"], "etag": reply.headers["ETag"]}


async def in_review(catalog: Catalog, url: str = ROADMAPS, **fields: Any) -> dict[str, Any]:
    version = await draft(catalog, url, **fields)
    reply = await post(catalog, f"{version['url']}/submission")
    assert reply.status_code == 200, reply.text
    return {**reply.json(), "url": version["url"]}


async def approve(
    catalog: Catalog, version: dict[str, Any], subject: str = "bea", **fields: Any
) -> httpx.Response:
    roles = fields.pop("roles", ())
    body = {"text_hash": version["text_hash"]} | fields
    return await post(catalog, f"{version['url']}/approvals", body, subject=subject, roles=roles)


async def approved(catalog: Catalog, url: str = ROADMAPS, **fields: Any) -> dict[str, Any]:
    version = await in_review(catalog, url, **fields)
    reply = await approve(catalog, version)
    assert reply.json()["state"] == "approved", reply.text
    return {**reply.json(), "url": version["url"]}


async def superseded(catalog: Catalog) -> dict[str, Any]:
    first = await approved(catalog)
    await approved(catalog)
    return first


IN_STATE = {
    "draft": draft,
    "in_review": in_review,
    "approved": approved,
    "superseded": superseded,
}
