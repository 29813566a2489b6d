"""Cost items over HTTP."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

ITEMS = "/v1/services/vpn/cost-items"
ADMINS = {
    "kind": "opex",
    "name": "Two administrators",
    "category": "labour",
    "amount": "12000.00",
    "currency": "EUR",
    "per": "month",
    "starts_on": "2026-01-01",
}
SERVERS = {
    "kind": "capex",
    "name": "Servers",
    "category": "hardware",
    "amount": "36000",
    "currency": "EUR",
    "starts_on": "2026-01-15",
    "amortisation_months": 36,
    "residual_value": "3600",
}


@pytest.fixture(autouse=True)
async def vpn(make_service: Make) -> None:
    await make_service("vpn")


async def record(catalog: Catalog, body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    reply = await catalog.http.post(ITEMS, json=body | fields)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


class TestRecord:
    @pytest.mark.parametrize("body", [ADMINS, SERVERS])
    async def test_an_item_shows_what_its_kind_has(
        self, catalog: Catalog, body: dict[str, Any]
    ) -> None:
        reply = await catalog.http.post(ITEMS, json=body)

        assert reply.status_code == 201
        found = (await catalog.http.get(reply.headers["Location"])).json()
        assert (found["per"] is None) == (found["amortisation_months"] is not None)
        assert found["name"] == body["name"]

    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            (ADMINS, {"amortisation_months": 12}),
            (ADMINS, {"per": "week"}),
            (ADMINS, {"amount": "-1"}),
            (ADMINS, {"amount": "NaN"}),
            (ADMINS, {"category": "fun"}),
            (ADMINS, {"ends_on": "2025-12-30"}),
            (SERVERS, {"per": "month"}),
            (SERVERS, {"residual_value": "36000.01"}),
            (SERVERS, {"amortisation_months": 0}),
            (SERVERS, {"kind": "lease"}),
        ],
    )
    async def test_what_does_not_fit_its_kind_is_refused(
        self, catalog: Catalog, body: dict[str, Any], wrong: dict[str, Any]
    ) -> None:
        assert (await catalog.http.post(ITEMS, json=body | wrong)).status_code == 422

    async def test_an_unknown_service_has_no_costs(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/services/nowhere/cost-items", json=ADMINS)

        assert reply.status_code == 404

    async def test_recording_needs_its_scope(self, catalog: Catalog) -> None:
        writer = catalog.caller(scope="catalog:read catalog:write")

        reply = await catalog.http.post(ITEMS, json=ADMINS, headers=writer)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "finance:write")


class TestChange:
    async def test_an_item_ends_and_stays_in_the_list(self, catalog: Catalog) -> None:
        item = await record(catalog, ADMINS)

        ended = await catalog.http.patch(
            f"{ITEMS}/{item['id']}", json={"ends_on": "2026-06-30"}, headers={"If-Match": '"1"'}
        )

        assert (ended.status_code, ended.json()["ends_on"]) == (200, "2026-06-30")
        listed = await catalog.http.get(ITEMS)
        running = await catalog.http.get(ITEMS, params={"on": "2026-07-01"})
        assert len(listed.json()["items"]) == 1
        assert running.json()["items"] == []

    @pytest.mark.parametrize(
        ("patch", "pointer"),
        [
            ({"amortisation_months": 12}, "/amortisation_months"),
            ({"residual_value": "1"}, "/residual_value"),
            ({"ends_on": "2025-01-01"}, ""),
        ],
    )
    async def test_a_change_that_does_not_fit_the_kind_is_refused(
        self, catalog: Catalog, patch: dict[str, Any], pointer: str
    ) -> None:
        item = await record(catalog, ADMINS)

        reply = await catalog.http.patch(
            f"{ITEMS}/{item['id']}", json=patch, headers={"If-Match": '"1"'}
        )

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_the_same_again_changes_nothing(self, catalog: Catalog) -> None:
        item = await record(catalog, SERVERS)

        reply = await catalog.http.patch(
            f"{ITEMS}/{item['id']}", json={"amount": "36000.00"}, headers={"If-Match": '"1"'}
        )

        assert reply.headers["ETag"] == '"1"'

    async def test_a_change_needs_the_version_that_was_read(self, catalog: Catalog) -> None:
        item = await record(catalog, ADMINS)
        address, body = f"{ITEMS}/{item['id']}", {"name": "One administrator"}

        blind = await catalog.http.patch(address, json=body)
        stale = await catalog.http.patch(address, json=body, headers={"If-Match": '"9"'})

        assert (blind.status_code, stale.status_code) == (428, 412)

    async def test_another_service_does_not_have_the_item(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("mail")
        item = await record(catalog, ADMINS)

        reply = await catalog.http.get(f"/v1/services/mail/cost-items/{item['id']}")

        assert reply.status_code == 404

    async def test_the_audit_trail_says_who_changed_which_field(self, catalog: Catalog) -> None:
        item = await record(catalog, ADMINS)
        await catalog.http.patch(
            f"{ITEMS}/{item['id']}", json={"amount": "12500"}, headers={"If-Match": '"1"'}
        )

        reply = await catalog.http.get(
            "/v1/audit", params={"resource": "cost_item", "key": item["id"]}
        )

        changed = reply.json()["items"][0]
        assert (changed["actor"], changed["action"]) == ("ada", "changed")
        assert (changed["before"], changed["after"]) == (
            {"amount": "12000.0000"},
            {"amount": "12500"},
        )


async def test_items_are_listed_by_first_day_and_filtered(catalog: Catalog) -> None:
    await record(catalog, SERVERS)
    await record(catalog, ADMINS)

    page = (await catalog.http.get(ITEMS, params={"limit": 1})).json()
    rest = (await catalog.http.get(ITEMS, params={"cursor": page["next_cursor"]})).json()
    capex = (await catalog.http.get(ITEMS, params={"kind": "capex"})).json()
    labour = (await catalog.http.get(ITEMS, params={"category": "labour"})).json()

    assert [page["items"][0]["kind"], rest["items"][0]["kind"]] == ["opex", "capex"]
    assert [one["kind"] for one in capex["items"]] == ["capex"]
    assert [one["category"] for one in labour["items"]] == ["labour"]
