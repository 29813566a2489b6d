"""Requests as the catalog tells of them: repeats and disorder are harmless, every version kept."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response
from pydantic import SecretStr

from metrics_api.attribution.service_queries import get_service_name
from shared.kit.database import transaction
from shared.kit.event_queries import sequence_events
from shared.kit.webhooks import new_secret, signed_request
from tests.support.catalog import Catalog, running_catalog
from tests.support.copies import waiting
from tests.support.metrics import Metrics, running_metrics
from tests.support.postgres import Database

SECRET = new_secret()
NOON = "2026-03-01T12:00:00Z"
STATES = {1: "submitted", 2: "in_fulfilment", 3: "fulfilled"}


@pytest.fixture
async def told(metrics_db: Database, tmp_path: Path) -> AsyncIterator[Metrics]:
    """A metrics-api that the catalog tells of its changes."""
    (tmp_path / "metrics").mkdir()
    settings = {"catalog_event_secret": SecretStr(SECRET)}
    async with running_metrics(metrics_db, tmp_path / "metrics", **settings) as metrics:
        yield metrics


def record(revision: int = 1, **fields: Any) -> dict[str, Any]:
    ended = NOON if revision == 3 else None
    return {
        "number": "REQ-000001",
        "service": "vpn",
        "offering": "laptop",
        "offering_version": 1,
        "state": STATES[revision],
        "customer": None,
        "impact": "high",
        "urgency": "low",
        "priority": 3,
        "submitted_at": NOON,
        "due_at": NOON,
        "started_at": None if revision == 1 else NOON,
        "fulfilled_at": ended,
        "ended_at": ended,
        "met": None if ended is None else True,
        "steps": [
            {
                "id": "check",
                "title": "Check",
                "owner_role": "approver",
                "target_minutes": 30,
                "started_at": None if revision == 1 else NOON,
                "completed_at": ended,
                "minutes": None if ended is None else 0.0,
                "met": None if ended is None else True,
            }
        ],
        "revision": revision,
        "updated_at": NOON,
    } | fields


async def deliver(metrics: Metrics, *events: dict[str, Any]) -> Response:
    body, headers = signed_request(events, SECRET, datetime.now(UTC))
    return await metrics.http.post("/v1/events/catalog", content=body, headers=headers)


async def tell(metrics: Metrics, told: Any, kind: str = "request.step_started") -> Response:
    return await deliver(metrics, event(told, kind))


def event(told: Any, kind: str = "request.step_started") -> dict[str, Any]:
    data = {"resource": "request", "action": "step_started", "record": told}
    return {"specversion": "1.0", "id": uuid4().hex, "type": kind, "data": data}


def of_service(key: str, revision: int, name: str) -> dict[str, Any]:
    data = {
        "key": key,
        "name": name,
        "kind": "business",
        "portfolio": "pool",
        "stage": "operate",
        "criticality": None,
        "revision": revision,
        "references": [],
    }
    return event(None, "service.changed") | {"data": data}


async def stored(metrics: Metrics, number: str = "REQ-000001") -> dict[str, Any]:
    reply = await metrics.http.get(f"/v1/requests/catalog/{number}")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


class TestReceive:
    async def test_a_request_is_kept_with_its_timings(self, told: Metrics) -> None:
        reply = await tell(told, record(3))

        assert (reply.status_code, reply.json()) == (200, {"taken": True})
        kept = await stored(told)
        assert (kept["state"], kept["raw_state"], kept["met"]) == ("closed", "fulfilled", True)
        assert (kept["opened_at"], kept["fulfilled_at"]) == (NOON, NOON)
        assert kept["steps"] == record(3)["steps"]

    @pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
    async def test_the_order_of_arrival_does_not_matter(
        self, told: Metrics, order: tuple[int, ...]
    ) -> None:
        for revision in order:
            await tell(told, record(revision))

        kept = await stored(told)
        assert (kept["raw_state"], kept["version"], kept["versions"]) == ("fulfilled", 3, 3)
        assert kept["ended_at"] == NOON

    async def test_a_repeat_is_harmless(self, told: Metrics) -> None:
        await tell(told, record(2))
        before = await stored(told)

        again = await tell(told, record(2))

        assert again.json() == {"taken": False}
        assert await stored(told) == before

    async def test_every_version_is_kept_as_it_was_told(self, told: Metrics) -> None:
        for revision in (2, 1):
            await tell(told, record(revision))

        url = "/v1/requests/catalog/REQ-000001/versions"
        items = (await told.http.get(url)).json()["items"]

        assert [item["version"] for item in items] == [2, 1]
        assert (items[0]["payload"]["state"], items[0]["payload"]["opened_at"]) == (STATES[2], NOON)
        assert items[0]["payload"]["steps"] == record(2)["steps"]
        assert items[0]["payload"]["extra"] == {"offering_version": 1}

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"state": "lost"}, "/data/record/state"),
            ({"revision": "x"}, "/data/record/revision"),
            ({"due_at": "0001-01-01T00:00:00Z"}, "/data/record/due_at"),
            ({"due_at": "2026-03-01T00:00:00"}, "/data/record/due_at"),
        ],
    )
    async def test_what_is_no_request_is_refused(
        self, told: Metrics, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await tell(told, record() | fields)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_a_batch_tells_of_services_requests_and_copies(self, told: Metrics) -> None:
        batch = [
            event(record(2)),
            of_service("vpn", 2, "VPN"),
            event({}, "calendar.changed"),
            of_service("vpn", 1, "Tunnel"),
            event(record(3)),
            event(record(1) | {"number": "REQ-000002"}),
        ]
        reply = await deliver(told, *batch)

        assert (reply.status_code, reply.json()) == (200, {"taken": True})
        kept = await stored(told)
        assert (kept["service"], kept["raw_state"], kept["versions"]) == ("vpn", "fulfilled", 2)
        assert (await stored(told, "REQ-000002"))["raw_state"] == "submitted"
        async with transaction(told.engine) as session:
            assert await get_service_name(session, "vpn") == "VPN", "the newest revision stands"
        old_copies = [job["kind"] for job in await waiting(told, "refresh_copy")]
        assert old_copies == ["calendar_version", "support_hours"]
        again = await deliver(told, batch[0], batch[1])
        assert again.json() == {"taken": False}

    async def test_of_a_batch_with_a_fault_the_sender_learns_which_event_it_was(
        self, told: Metrics
    ) -> None:
        batch = [event(record(1)), of_service("vpn", 1, "VPN"), event(record(2) | {"state": "?"})]

        reply = await deliver(told, *batch)

        pointer = reply.json()["errors"][0]["pointer"]
        assert (reply.status_code, pointer) == (422, "/2/data/record/state")
        assert (await told.http.get("/v1/requests/catalog/REQ-000001")).status_code == 404
        one_by_one = [await deliver(told, each) for each in batch]
        assert [each.status_code for each in one_by_one] == [200, 200, 422]

    async def test_other_events_are_not_needed(self, told: Metrics) -> None:
        assert (await tell(told, {}, "offering.published")).json() == {"taken": False}

    async def test_an_unsigned_event_is_refused(self, told: Metrics) -> None:
        assert (await told.http.post("/v1/events/catalog", json=record())).status_code == 403

    async def test_no_tool_is_registered_by_the_name_of_the_built_in_source(
        self, told: Metrics
    ) -> None:
        reply = await told.http.post("/v1/sources", json={"key": "catalog", "name": "Mine"})

        assert (reply.status_code, reply.json()["code"]) == (409, "key_taken")


class TestRead:
    @pytest.fixture(autouse=True)
    async def _requests(self, told: Metrics) -> None:
        await tell(told, record())
        await tell(told, record(3, number="REQ-000002", offering="phone", customer="sales"))

    @pytest.mark.parametrize(
        ("filters", "numbers"),
        [
            ({}, ["1", "2"]),
            ({"source": "catalog"}, ["1", "2"]),
            ({"source": "desk"}, []),
            ({"service": "vpn"}, ["1", "2"]),
            ({"offering": "phone"}, ["2"]),
            ({"customer": "sales"}, ["2"]),
            ({"state": "new"}, ["1"]),
            ({"opened_from": NOON}, ["1", "2"]),
            ({"opened_to": NOON}, []),
            ({"fulfilled_from": NOON}, ["2"]),
        ],
    )
    async def test_filters_narrow_the_list(
        self, told: Metrics, filters: dict[str, str], numbers: list[str]
    ) -> None:
        items = (await told.http.get("/v1/requests", params=filters)).json()["items"]

        assert [item["external_id"][-1] for item in items] == numbers

    async def test_the_list_is_paged(self, told: Metrics) -> None:
        first = (await told.http.get("/v1/requests?limit=1")).json()
        query = {"limit": 1, "cursor": first["next_cursor"]}
        second = (await told.http.get("/v1/requests", params=query)).json()

        numbers = [page["items"][0]["external_id"] for page in (first, second)]
        assert (numbers, second["next_cursor"]) == (["REQ-000001", "REQ-000002"], None)

    async def test_an_unknown_request_is_not_found(self, told: Metrics) -> None:
        for url in ("/v1/requests/catalog/REQ-9", "/v1/requests/catalog/REQ-9/versions"):
            assert (await told.http.get(url)).status_code == 404


class TestWithTheCatalog:
    @pytest.fixture
    async def catalog(self, catalog_db: Database, tmp_path: Path) -> AsyncIterator[Catalog]:
        """A catalog with a published offering."""
        async with running_catalog(catalog_db, tmp_path) as running:
            await post(running, "/v1/portfolios", {"key": "workplace", "name": "Workplace"})
            await post(running, "/v1/services/onboard", SERVICE)
            await post(running, "/v1/services/vpn/offerings", OFFERING)
            await post(running, "/v1/offerings/laptop/publish")
            yield running

    async def test_the_timings_of_a_request_reach_its_record(
        self, catalog: Catalog, told: Metrics
    ) -> None:
        desk = {"Authorization": f"Bearer {catalog.token(roles=['desk_agent'])}"}
        made = await post(catalog, "/v1/offerings/laptop/requests", {"answers": {}})
        step = f"/v1/requests/{made['number']}/steps/hand-over"
        for move in ("start", "complete"):
            done = await post(catalog, f"{step}/{move}", None, desk)

        for event in reversed(await events_of(catalog)):
            assert (await deliver(told, event)).status_code == 200

        kept = await stored(told, made["number"])
        assert (kept["raw_state"], kept["versions"]) == ("fulfilled", 3)
        for stamp in ("fulfilled_at", "started_at", "due_at", "updated_at"):
            assert kept[stamp] == done[stamp]
        (timing,) = kept["steps"]
        assert timing == {name: done["steps"][0][name] for name in timing}


SERVICE = {
    "key": "vpn",
    "name": "VPN",
    "portfolio": "workplace",
    "kind": "technical",
    "stage": "operate",
    "reason": "it runs",
    "owners": [{"role": "service_owner", "subject": "ada"}],
}
OFFERING = {
    "key": "laptop",
    "title": "Laptop",
    "audience": {"everyone": True},
    "form": {"type": "object"},
    "fulfilment_plan": [
        {"id": "hand-over", "title": "x", "owner_role": "desk_agent", "target_minutes": 5}
    ],
}


async def post(catalog: Catalog, url: str, body: Any = None, headers: Any = None) -> Any:
    reply = await catalog.http.post(url, json=body, headers=headers)
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


async def events_of(catalog: Catalog) -> list[dict[str, Any]]:
    """What the catalog would deliver; numbering it is the worker's job."""
    async with transaction(catalog.app.state.engine) as session:
        await sequence_events(session)
    items = (await catalog.http.get("/v1/events?limit=500")).json()["items"]
    return [{"specversion": "1.0", **item} for item in items]
