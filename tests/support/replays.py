"""A source whose deliveries are read wrongly first, and what came of them."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from metrics_api.attribution.actions import take_over
from metrics_api.attribution.rules import Memory
from metrics_api.attribution.schemas import ServiceData
from metrics_api.inbox.processing import process_some
from metrics_api.indicators.queries import cells_that_differ
from shared.kit.database import transaction
from tests.support.metrics import Metrics
from tests.support.promises import weekly

RIGHT = {
    "external_id": "id",
    "kind": "sort",
    "state": "state",
    "opened_at": "opened",
    "updated_at": "changed",
    "service": "svc",
    "priority": "prio",
}
WRONG = {**RIGHT, "service": "wrong_svc", "priority": "wrong_prio"}
FAULT = {
    "id": "A",
    "sort": "fault",
    "state": "new",
    "opened": "2016-03-01T08:00:00Z",
    "changed": "2016-03-01T09:00:00Z",
    "svc": "mail",
    "wrong_svc": "network",
    "prio": 1,
    "wrong_prio": 4,
}
SERVICES = ["mail", "network"]
ALL_WEEK = weekly("00:00", "24:00") + weekly("00:00", "24:00", ("saturday", "sunday"))
RECEIVED = {"source", "first_received_at", "last_received_at"}


class Desk:
    """A home-made tool's source, read by a mapping that can be changed."""

    def __init__(self, metrics: Metrics, key: str) -> None:
        self.metrics, self.http, self.key = metrics, metrics.http, key

    async def deliver(self, *bodies: dict[str, Any]) -> None:
        for body in bodies:
            path, named = f"/v1/sources/{self.key}/events", {"webhook-id": uuid4().hex}
            reply = await self.http.post(path, json=body, headers=named)
            assert reply.status_code == 202, reply.text
        await self.process()

    async def process(self) -> None:
        while await process_some(self.metrics.engine, Memory()):
            pass

    async def read_by(self, mapping: dict[str, str], **more: Any) -> None:
        body = {"field_mapping": mapping, **more}
        path = f"/v1/sources/{self.key}"
        reply = await self.http.patch(path, json=body, headers={"If-Match": "*"})
        assert reply.status_code == 200, reply.text

    async def replay(self, **which: Any) -> int:
        body = {"states": ["processed", "ignored", "failed"], **which}
        reply = await self.http.post(f"/v1/sources/{self.key}/receipts/replay", json=body)
        assert reply.status_code == 202, reply.text
        await self.process()
        count: int = reply.json()["receipts"]
        return count

    async def record(self, external_id: str = "A", path: str = "incidents") -> Any:
        reply = await self.http.get(f"/v1/{path}/{self.key}/{external_id}")
        return None if reply.status_code == 404 else reply.json()

    async def versions(self, external_id: str = "A", path: str = "incidents") -> list[Any]:
        reply = await self.http.get(f"/v1/{path}/{self.key}/{external_id}/versions")
        assert reply.status_code == 200, reply.text
        found: list[Any] = reply.json()["items"]
        return found

    async def superseded(self, external_id: str = "A", path: str = "incidents") -> list[bool]:
        return [version["superseded"] for version in await self.versions(external_id, path)]

    async def push(self, **fields: Any) -> None:
        """What FAULT comes to by the wrong mapping, pushed in our own form."""
        body = {
            "source": self.key,
            "external_id": "A",
            "state": "new",
            "opened_at": FAULT["opened"],
            "updated_at": FAULT["changed"],
            "service": "network",
            "priority": "4",
        }
        reply = await self.http.post("/v1/incidents", json={**body, **fields})
        assert reply.status_code in (200, 201), reply.text

    async def end_states(self) -> tuple[list[Any], list[Any]]:
        """All incidents with their moves, but for what depends on when they came."""
        query: dict[str, Any] = {"source": self.key, "limit": 100}
        items = (await self.http.get("/v1/incidents", params=query)).json()["items"]
        moves = []
        for item in items:
            path = f"/v1/incidents/{self.key}/{item['external_id']}/transitions"
            moves.append((await self.http.get(path)).json()["items"])
        return [{k: v for k, v in item.items() if k not in RECEIVED} for item in items], moves


async def new_desk(metrics: Metrics, mapping: dict[str, str], **more: Any) -> Desk:
    """A source whose words for services are those of `more`'s suffix."""
    suffix, key = more.pop("suffix", ""), f"desk-{uuid4().hex[:12]}"
    source = {"key": key, "name": key, "kind": "generic", "kind_mapping": {"fault": "incident"}}
    body = {**source, "field_mapping": mapping, **more}
    made = await metrics.http.post("/v1/sources", json=body)
    assert made.status_code == 201, made.text
    for name in SERVICES:
        means = {"source": key, "service_name": name, "service": name + suffix}
        reply = await metrics.http.post("/v1/attributions", json=means)
        assert reply.status_code in (200, 201), reply.text
    return Desk(metrics, key)


async def tell_services(metrics: Metrics, keys: list[str]) -> None:
    """As events of the catalog do, so that they are known as of any moment from now on."""
    facts: dict[str, Any] = {
        "kind": "business",
        "portfolio": "demo",
        "stage": "operate",
        "criticality": None,
    }
    told = [{"key": key, "name": key, "revision": 1, "references": [], **facts} for key in keys]
    async with transaction(metrics.engine) as session:
        await take_over(session, [ServiceData.model_validate(one) for one in told])


async def figures(metrics: Metrics, service: str, as_of: datetime | None = None) -> Any:
    """KPIs of a service, but for why there is no number: as of a moment that is said more
    generally, and unattributed records of other services decide it."""
    asked = {"periods": "2016-03,2016-04", "kpi": ["mttr", "incident_count", "backlog"]}
    then = {} if as_of is None else {"as_of": as_of.isoformat()}
    reply = await metrics.http.get(f"/v1/services/{service}/kpis", params={**asked, **then})
    assert reply.status_code == 200, reply.text
    kpis = reply.json()["kpis"]
    for value in (each for kpi in kpis for each in kpi["values"]):
        del value["reason"]
    return kpis


async def counted(metrics: Metrics, service: str, as_of: datetime | None = None) -> Any:
    """How many incidents of the service were opened."""
    return (await figures(metrics, service, as_of))[1]["values"][0]["value"] or 0


async def assert_cells_agree(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        assert await cells_that_differ(session) == []
