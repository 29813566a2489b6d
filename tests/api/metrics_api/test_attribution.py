"""Which service a record belongs to: by references, names and records, early and late."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import Response
from pydantic import SecretStr

from metrics_api.indicators.queries import cells_that_differ
from shared.kit.database import transaction
from shared.kit.webhooks import new_secret, signed_request
from tests.support.metrics import Metrics, running_metrics
from tests.support.plumbing import make_key
from tests.support.postgres import Database

SECRET = new_secret()
OPENED = "2026-03-01T08:00:00Z"
RESOLVED = "2026-03-02T08:00:00Z"


class Catalog:
    """What the catalog answers to metrics-api; without services it is away."""

    def __init__(self) -> None:
        self.services: dict[str, dict[str, Any]] | None = {}

    def has(self, key: str, *names: str, revision: int = 1, source: str | None = "desk") -> None:
        assert self.services is not None
        self.services[key] = {
            "key": key,
            "name": key.title(),
            "kind": "business",
            "portfolio": "demo",
            "stage": "operate",
            "criticality": None,
            "revision": revision,
            "references": [{"source": source, "name": name} for name in names],
        }

    def answer(self, request: httpx.Request) -> Response:
        if self.services is None:
            return Response(503)
        if request.url.path == "/v1/services":
            return Response(
                200, json={"items": list(map(whole, self.services.values())), "next_cursor": None}
            )
        return Response(404)


def whole(service: dict[str, Any]) -> dict[str, Any]:
    """The service as the catalog's list shows it."""
    identity = "00000000-0000-0000-0000-000000000000"
    return {
        **{name: value for name, value in service.items() if name != "references"},
        "external_references": [{"id": identity, **each} for each in service["references"]],
        "description": "",
        "portfolio_name": "Demo",
        "support_hours": None,
        "tags": [],
        "owners": [],
        "onboarded": True,
        "created_at": OPENED,
        "updated_at": OPENED,
    }


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()


@pytest.fixture
async def desk(metrics_db: Database, tmp_path: Path, catalog: Catalog) -> Any:
    settings = {
        "catalog_event_secret": SecretStr(SECRET),
        "identity_key_file": make_key(tmp_path, "metrics-api"),
    }
    transport = httpx.MockTransport(catalog.answer)
    async with running_metrics(metrics_db, tmp_path, transport=transport, **settings) as metrics:
        source = {"key": "desk", "name": "Desk"}
        assert (await metrics.http.post("/v1/sources", json=source)).status_code == 201
        yield metrics


async def push(metrics: Metrics, external_id: str, service: str | None, **fields: Any) -> Any:
    """A resolved incident that names its service so."""
    body = {
        "source": "desk",
        "external_id": external_id,
        "updated_at": RESOLVED,
        "state": "resolved",
        "opened_at": OPENED,
        "resolved_at": RESOLVED,
        "service": service,
    }
    reply = await metrics.http.post("/v1/incidents", json=body | fields)
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


async def refresh(metrics: Metrics) -> Any:
    reply = await metrics.http.post("/v1/references/refresh")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def attribute(metrics: Metrics, **body: Any) -> Response:
    return await metrics.http.post("/v1/attributions", json=body)


async def service_of(metrics: Metrics, external_id: str) -> Any:
    return (await metrics.http.get(f"/v1/incidents/desk/{external_id}")).json()["service"]


async def deliver(metrics: Metrics, event_id: str, data: Any, secret: str = SECRET) -> Response:
    event = {"specversion": "1.0", "id": event_id, "type": "service.changed", "data": data}
    body, headers = signed_request([event], secret, datetime.now(UTC))
    return await metrics.http.post("/v1/events/catalog", content=body, headers=headers)


async def assert_cells_agree(metrics: Metrics) -> None:
    """Cells, deltas included, equal what is recomputed from the incidents."""
    async with transaction(metrics.engine) as session:
        assert await cells_that_differ(session) == []


class TestAtIngest:
    async def test_the_name_in_the_tools_words_finds_its_service(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        catalog.has("network", "Network & VPN")
        await refresh(desk)

        assert (await push(desk, "1", " network & vpn "))["service"] == "network"

    async def test_the_key_of_a_service_names_it(self, desk: Metrics, catalog: Catalog) -> None:
        catalog.has("network")
        await refresh(desk)

        assert (await push(desk, "1", "network"))["service"] == "network"

    async def test_a_reference_of_the_source_stands_above_a_general_one(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        catalog.has("general", "Mail", source=None)
        catalog.has("own", "Mail", source="desk")
        await refresh(desk)

        assert (await push(desk, "1", "Mail"))["service"] == "own"

    async def test_ingest_goes_on_while_the_catalog_is_away(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        catalog.services = None

        assert (await push(desk, "1", "Network"))["service"] is None
        assert (await desk.http.post("/v1/references/refresh")).status_code == 503


class TestLater:
    async def test_what_names_no_known_service_is_listed_by_name(self, desk: Metrics) -> None:
        for external_id, name in (("1", "Mail"), ("2", "Mail"), ("3", "?"), ("4", None), ("5", "")):
            await push(desk, external_id, name)

        groups = (await desk.http.get("/v1/unattributed")).json()["items"]
        records = (await desk.http.get("/v1/unattributed/records?service_name=Mail")).json()

        assert [(each["service_name"], each["count"]) for each in groups] == [
            (None, 3),
            ("Mail", 2),
        ]
        assert [each["external_id"] for each in records["items"]] == ["1", "2"]

    async def test_unattributed_groups_are_paged(self, desk: Metrics) -> None:
        for name in "abc":
            await push(desk, name, name)

        first = (await desk.http.get("/v1/unattributed?limit=2")).json()
        path = f"/v1/unattributed?source=desk&limit=2&cursor={first['next_cursor']}"
        rest = (await desk.http.get(path)).json()

        assert [each["service_name"] for each in first["items"] + rest["items"]] == ["a", "b", "c"]

    async def test_a_refresh_attributes_what_the_catalog_knows_by_now(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        await push(desk, "1", "Mail")
        await push(desk, "2", "mail")
        catalog.has("mail-service", "Mail")

        reply = await refresh(desk)

        assert (reply["services"], reply["attributed"], reply["unattributed"]) == (1, 2, 0)
        assert await service_of(desk, "2") == "mail-service"
        await assert_cells_agree(desk)

    async def test_a_name_is_attributed_in_one_call_now_and_from_now_on(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        catalog.has("network")
        await refresh(desk)
        await push(desk, "1", "Netz")

        reply = await attribute(desk, source="desk", service_name="Netz", service="network")

        assert (reply.status_code, reply.json()["attributed"]) == (201, 1)
        assert await service_of(desk, "1") == "network"
        assert (await push(desk, "2", "netz"))["service"] == "network"
        await assert_cells_agree(desk)

    async def test_a_name_attributed_anew_takes_its_records_along(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        catalog.has("old", "Mail")
        catalog.has("new")
        await refresh(desk)
        await push(desk, "1", "Mail")

        reply = await attribute(desk, source="desk", service_name="mail", service="new")

        assert reply.json()["attributed"] == 1
        assert await service_of(desk, "1") == "new"
        await assert_cells_agree(desk)

    async def test_records_are_attributed_one_by_one_and_stay_so(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        catalog.has("network", "Mail")
        catalog.has("special")
        await refresh(desk)
        await push(desk, "1", "Mail")
        record = {"source": "desk", "external_id": "1"}

        reply = await attribute(desk, records=[record], service="special")

        assert reply.json()["attributed"] == 1
        again = await push(desk, "1", "Mail", updated_at="2026-03-03T08:00:00Z")
        assert again["service"] == "special"
        await assert_cells_agree(desk)

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"source": "desk", "service_name": "Mail", "service": "nowhere"}, "/service"),
            ({"source": "none", "service_name": "Mail", "service": "network"}, "/source"),
            (
                {"records": [{"source": "none", "external_id": "1"}], "service": "network"},
                "/records/0/source",
            ),
            (
                {"records": [{"source": "desk", "external_id": "1"}], "service": "network"},
                "/records",
            ),
            ({"source": "desk", "service": "network"}, ""),
            (
                {"source": "desk", "service_name": "a", "records": [], "service": "network"},
                "/records",
            ),
        ],
    )
    async def test_what_cannot_be_attributed_is_422(
        self, desk: Metrics, catalog: Catalog, body: dict[str, Any], pointer: str
    ) -> None:
        catalog.has("network")
        await refresh(desk)

        reply = await attribute(desk, **body)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)


class TestEvents:
    async def test_an_event_brings_a_service_and_its_references(
        self, desk: Metrics, catalog: Catalog
    ) -> None:
        catalog.has("network", "Netz")
        assert catalog.services is not None

        reply = await deliver(desk, "e1", catalog.services["network"])

        assert (reply.status_code, reply.json()) == (200, {"taken": True})
        assert (await push(desk, "1", "Netz"))["service"] == "network"

    async def test_an_event_is_taken_in_once(self, desk: Metrics, catalog: Catalog) -> None:
        catalog.has("network")
        assert catalog.services is not None
        await deliver(desk, "e1", catalog.services["network"])

        again = await deliver(desk, "e1", catalog.services["network"])

        assert again.json() == {"taken": False}

    async def test_an_older_revision_changes_nothing(self, desk: Metrics, catalog: Catalog) -> None:
        catalog.has("network", "New", revision=2)
        assert catalog.services is not None
        await deliver(desk, "e2", catalog.services["network"])
        catalog.has("network", "Old", revision=1)

        await deliver(desk, "e1", catalog.services["network"])

        assert (await push(desk, "1", "Old"))["service"] is None
        assert (await push(desk, "2", "New"))["service"] == "network"

    async def test_a_wrong_signature_is_403(self, desk: Metrics, catalog: Catalog) -> None:
        catalog.has("network")
        assert catalog.services is not None

        reply = await deliver(desk, "e1", catalog.services["network"], secret=new_secret())

        assert reply.status_code == 403

    async def test_an_event_of_another_shape_is_422(self, desk: Metrics) -> None:
        shapes: list[Any] = [None, [], {"key": "network"}]
        for data in shapes:
            assert (await deliver(desk, "e1", data)).status_code == 422
