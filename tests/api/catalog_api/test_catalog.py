"""The customer-facing catalog: what can be requested, found by words, with what stands behind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.kit.database import transaction
from tests.support import agreements
from tests.support.catalog import Catalog, Make

STEPS = [
    {"id": "check", "title": "Check", "owner_role": "approver", "target_minutes": 30},
    {"id": "hand-over", "title": "Hand over", "owner_role": "desk_agent", "target_minutes": 90},
]
EVERYONE = {"everyone": True}


async def offer(catalog: Catalog, key: str, service: str = "vpn", **fields: Any) -> None:
    """A published offering."""
    body = {
        "key": key,
        "title": key,
        "audience": EVERYONE,
        "form": {"type": "object"},
        "fulfilment_plan": STEPS,
    } | fields
    made = await catalog.http.post(f"/v1/services/{service}/offerings", json=body)
    assert made.status_code == 201, made.text
    assert (await catalog.http.post(f"/v1/offerings/{key}/publish")).status_code == 200


async def found(catalog: Catalog, **params: Any) -> list[str]:
    reply = await catalog.http.get("/v1/catalog", params=params)
    assert reply.status_code == 200, reply.text
    return [item["key"] for item in reply.json()["items"]]


async def retire(catalog: Catalog, service: str = "vpn") -> None:
    decision = catalog.decision(service, "to-retirement", "operate", "retirement")
    url = f"/v1/services/{service}/transitions"
    assert (await catalog.http.post(url, json={"decision": decision})).status_code == 201


@pytest.fixture(autouse=True)
async def services(catalog: Catalog, onboard: Make) -> None:
    await catalog.http.post("/v1/portfolios", json={"key": "finance", "name": "Finance"})
    await onboard("vpn")
    await onboard("erp", portfolio="finance")


class TestBrowse:
    async def test_what_can_be_requested_is_listed_by_key(self, catalog: Catalog) -> None:
        for key in ("phone", "laptop"):
            await offer(catalog, key)
        body = {"title": "Draft", "audience": EVERYONE}
        await catalog.http.post("/v1/services/vpn/offerings", json=body)

        assert await found(catalog) == ["laptop", "phone"]

    async def test_what_is_withdrawn_or_retired_is_not(self, catalog: Catalog) -> None:
        await offer(catalog, "laptop")
        await offer(catalog, "invoice", "erp")
        await catalog.http.post("/v1/offerings/invoice/withdraw")
        await retire(catalog)

        assert await found(catalog) == []

    async def test_it_shows_what_is_promised_what_it_costs_and_how_long_it_takes(
        self, catalog: Catalog
    ) -> None:
        price = {"amount": "12.5", "currency": "CHF", "per": "request"}
        promise = {"text": "In two days", "target": None}
        await offer(catalog, "laptop", price=price, promises=[promise])

        (item,) = (await catalog.http.get("/v1/catalog")).json()["items"]

        assert (item["price"], item["promises"]) == (price, [promise])
        assert (item["fulfilment_minutes"], item["requestable"]) == (120, True)
        assert (item["service_name"], item["portfolio"]) == ("vpn", "workplace")

    @pytest.mark.parametrize(
        ("filters", "keys"),
        [
            ({"service": "erp"}, ["invoice"]),
            ({"portfolio": "workplace"}, ["laptop"]),
            ({"tag": "money"}, ["invoice"]),
            ({"customer": "sales"}, ["invoice", "laptop"]),
            ({"role": "buyer"}, ["laptop"]),
            ({"role": "pilot", "customer": "sales"}, ["invoice", "laptop"]),
            ({"unit": "zurich"}, ["laptop"]),
        ],
    )
    async def test_filters_narrow_it_and_everyone_belongs_to_every_audience(
        self, catalog: Catalog, filters: dict[str, str], keys: list[str]
    ) -> None:
        await offer(catalog, "laptop")
        await offer(catalog, "invoice", "erp", tags=["money"])
        async with transaction(catalog.app.state.engine) as session:
            await session.execute(
                text(
                    "UPDATE catalog.offering SET everyone = false, customers = '{sales}'"
                    " WHERE key = 'invoice'"
                )
            )

        assert await found(catalog, **filters) == keys

    @pytest.mark.parametrize(
        ("starts", "ends", "shown"), [(-1, 1, True), (None, None, True), (1, None, False)]
    )
    async def test_an_announcement_is_shown_in_its_time(
        self, catalog: Catalog, starts: int | None, ends: int | None, shown: bool
    ) -> None:
        def day(offset: int | None) -> str | None:
            moment = datetime.now(UTC) + timedelta(days=offset or 0)
            return None if offset is None else moment.isoformat()

        news = {"text": "New models", "starts_at": day(starts), "ends_at": day(ends)}
        await offer(catalog, "laptop", announcement=news)

        entry = (await catalog.http.get("/v1/catalog/laptop")).json()

        assert (entry["announcement"] is not None) == shown


class TestSearch:
    @pytest.fixture(autouse=True)
    async def _offerings(self, catalog: Catalog) -> None:
        await offer(catalog, "a-phone", title="Mobile phone", summary="Not a laptop")
        await offer(catalog, "b-laptop", title="Laptop", summary="A light machine")
        await offer(catalog, "c-desk", title="Standing desk", description="For your laptop")

    async def test_the_title_stands_above_the_summary_and_that_above_the_description(
        self, catalog: Catalog
    ) -> None:
        assert await found(catalog, q="laptop") == ["b-laptop", "a-phone", "c-desk"]

    @pytest.mark.parametrize("words", ["labtop", "laptpo", "lapto"])
    async def test_near_misses_find_the_title(self, catalog: Catalog, words: str) -> None:
        assert (await found(catalog, q=words))[0] == "b-laptop"

    async def test_words_nothing_has_find_nothing(self, catalog: Catalog) -> None:
        assert await found(catalog, q="submarine") == []

    async def test_filters_narrow_what_is_found(self, catalog: Catalog) -> None:
        assert await found(catalog, q="laptop", service="erp") == []

    async def test_it_is_paged_best_first(self, catalog: Catalog) -> None:
        keys: list[str] = []
        query: dict[str, Any] = {"q": "laptop", "limit": 1}
        while query.get("cursor", "") is not None:
            page = (await catalog.http.get("/v1/catalog", params=query)).json()
            keys += [item["key"] for item in page["items"]]
            query["cursor"] = page["next_cursor"]

        assert keys == ["b-laptop", "a-phone", "c-desk"]

    async def test_what_is_changed_is_found_by_its_new_words(self, catalog: Catalog) -> None:
        await catalog.http.patch(
            "/v1/offerings/c-desk", json={"title": "Aquarium"}, headers={"If-Match": "*"}
        )

        assert await found(catalog, q="aquarium") == ["c-desk"]


class TestEntry:
    async def test_it_has_the_form_to_fill_in(self, catalog: Catalog) -> None:
        form = {"type": "object", "required": ["model"]}
        await offer(catalog, "laptop", form=form, description="Light")

        entry = (await catalog.http.get("/v1/catalog/laptop")).json()

        assert (entry["form"], entry["version"], entry["description"]) == (form, 1, "Light")

    async def test_without_agreements_and_costs_it_says_why_there_is_no_figure(
        self, catalog: Catalog
    ) -> None:
        await offer(catalog, "laptop")

        behind = (await catalog.http.get("/v1/catalog/laptop")).json()["provider"]

        assert behind["agreed_targets"] == []
        assert behind["availability"]["promised"] is None
        assert behind["full_cost"]["value"] is None
        assert behind["full_cost"]["reason"]

    async def test_what_the_service_costs_stands_beside_the_price(self, catalog: Catalog) -> None:
        await offer(catalog, "laptop")
        month = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
        item = {
            "name": "People",
            "category": "labour",
            "kind": "opex",
            "amount": "1200",
            "currency": "CHF",
            "per": "once",
            "starts_on": f"{month}-01",
        }
        made = await catalog.http.post("/v1/services/vpn/cost-items", json=item)

        behind = (await catalog.http.get("/v1/catalog/laptop")).json()["provider"]

        assert made.status_code == 201, made.text
        assert (behind["currency"], behind["full_cost"]["value"]) == ("CHF", "1200.00")

    async def test_that_of_a_retired_service_says_that_it_cannot_be_requested(
        self, catalog: Catalog
    ) -> None:
        await offer(catalog, "laptop")
        await retire(catalog)

        entry = (await catalog.http.get("/v1/catalog/laptop")).json()

        assert (entry["requestable"], entry["obstacle"]) == (
            False,
            "its service is at retirement",
        )

    async def test_a_draft_is_not_in_the_catalog(self, catalog: Catalog) -> None:
        body = {"key": "draft", "title": "Draft", "audience": EVERYONE}
        await catalog.http.post("/v1/services/vpn/offerings", json=body)

        assert (await catalog.http.get("/v1/catalog/draft")).status_code == 404

    async def test_agreed_targets_in_force_stand_beside_the_promises(
        self, catalog: Catalog
    ) -> None:
        await offer(catalog, "laptop")
        await agreements.prepare(catalog)
        await agreements.draft(catalog, key="other", services=["vpn"])
        active = await agreements.draft(catalog, key="vpn-sla", services=["vpn"])
        await agreements.activate(catalog, active)

        behind = (await catalog.http.get("/v1/catalog/laptop")).json()["provider"]

        assert [
            (one["agreement"], one["agreement_version"], one["target"]["kpi"])
            for one in behind["agreed_targets"]
        ] == [("vpn-sla", 1, "availability")]
        assert behind["availability"]["promised"] == 0.99
