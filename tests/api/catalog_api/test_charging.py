"""Charging models, consumption and charges over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

VPN = "/v1/services/vpn"
MODELS, CHARGES = f"{VPN}/charging-models", f"{VPN}/charges"
PER_USER = {"kind": "per_user", "amount": "12.50"}
TIERED = {
    "kind": "tiered",
    "unit": "mailbox",
    "tiers": [
        {"above": 0, "up_to": 100, "amount": "2"},
        {"above": 100, "amount": "1.5"},
    ],
}
CHARGE = {"month": "2026-01", "reference": "INV-1", "amount": "99.90", "currency": "EUR"}
STATES = ("invoiced", "recovered", "cancelled")


@pytest.fixture(autouse=True)
async def vpn(make_service: Make) -> None:
    await make_service("vpn")


async def begin(catalog: Catalog, month: str = "2026-01", **terms: Any) -> httpx.Response:
    body = {"valid_from": month, "currency": "EUR", "terms": terms or PER_USER}
    return await catalog.http.post(MODELS, json=body)


async def customer(catalog: Catalog, name: str = "Sales") -> str:
    body = {"name": name, "kind": "internal", "relationship_owner": "ada"}
    reply = await catalog.http.post("/v1/customers", json=body)
    assert reply.status_code == 201, reply.text
    key: str = reply.json()["key"]
    return key


async def charge(catalog: Catalog, **fields: Any) -> dict[str, Any]:
    reply = await catalog.http.post(CHARGES, json=CHARGE | fields)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def move(catalog: Catalog, charge: dict[str, Any], **body: Any) -> httpx.Response:
    tag = {"If-Match": f'"{charge["revision"]}"'}
    return await catalog.http.patch(f"{CHARGES}/{charge['id']}", json=body, headers=tag)


class TestModels:
    @pytest.mark.parametrize("terms", [{"kind": "none"}, PER_USER, TIERED])
    async def test_a_model_holds_from_a_month_on(
        self, catalog: Catalog, terms: dict[str, Any]
    ) -> None:
        reply = await begin(catalog, **terms)

        assert reply.status_code == 201
        found = (await catalog.http.get(reply.headers["Location"])).json()
        assert (found["kind"], found["valid_from"]) == (terms["kind"], "2026-01")

    @pytest.mark.parametrize(
        "terms",
        [
            {"kind": "flat"},
            {"kind": "per_user", "amount": "-1"},
            {"kind": "none", "amount": "1"},
            {"kind": "tiered", "unit": "GB", "tiers": []},
            {"kind": "tiered", "unit": "GB", "tiers": [{"above": 1, "amount": "1"}]},
            {"kind": "auction"},
        ],
    )
    async def test_parameters_that_do_not_fit_the_kind_are_refused(
        self, catalog: Catalog, terms: dict[str, Any]
    ) -> None:
        assert (await begin(catalog, **terms)).status_code == 422

    @pytest.mark.parametrize("month", ["2026-01", "2025-12"])
    async def test_what_was_agreed_is_not_rewritten(self, catalog: Catalog, month: str) -> None:
        await begin(catalog)

        reply = await begin(catalog, month, kind="none")

        assert (reply.status_code, reply.json()["code"]) == (409, "not_after_newest")
        assert reply.json()["newest"] == "2026-01"

    async def test_a_model_that_has_begun_is_replaced_not_removed(self, catalog: Catalog) -> None:
        past, future = await begin(catalog), await begin(catalog, "2199-01", kind="none")

        kept = await catalog.http.delete(past.headers["Location"])
        removed = await catalog.http.delete(future.headers["Location"])

        assert (kept.status_code, kept.json()["code"]) == (409, "already_in_force")
        assert removed.status_code == 204
        listed = (await catalog.http.get(MODELS)).json()["items"]
        assert [one["valid_from"] for one in listed] == ["2026-01"]


class TestPreview:
    async def test_it_shows_how_a_charge_comes_about(self, catalog: Catalog) -> None:
        await begin(catalog, **TIERED)

        shown = (await catalog.http.get(f"{VPN}/charge-preview", params={"units": 130})).json()

        assert (shown["amount"], shown["currency"]) == ("245.00", "EUR")
        lines = [(one["quantity"], one["price"], one["amount"]) for one in shown["lines"]]
        assert lines == [("100.0000", "2.0000", "200.00"), ("30.0000", "1.5000", "45.00")]

    async def test_the_model_of_the_month_is_used(self, catalog: Catalog) -> None:
        await begin(catalog)
        await begin(catalog, "2026-03", kind="flat", amount="7")
        address = f"{VPN}/charge-preview"

        amounts = [
            (await catalog.http.get(address, params={"users": 2, "month": month})).json()["amount"]
            for month in ("2026-02", "2026-03")
        ]

        assert amounts == ["25.00", "7.00"]

    async def test_without_a_model_there_is_no_charge(self, catalog: Catalog) -> None:
        reply = await catalog.http.get(f"{VPN}/charge-preview", params={"users": 2})

        assert (reply.status_code, reply.json()["code"]) == (404, "no_charging_model")


class TestConsumption:
    async def test_saying_it_again_is_harmless_and_a_correction_replaces(
        self, catalog: Catalog
    ) -> None:
        key = await customer(catalog)
        entries = [
            {"month": "2026-01", "customer": key, "users": 5, "units": "7.5"},
            {"month": "2026-01", "users": 1, "units": 0},
        ]
        address = f"{VPN}/consumption"

        first = await catalog.http.put(address, json=entries)
        again = await catalog.http.put(address, json=entries)
        entries[0]["users"] = 6
        corrected = await catalog.http.put(address, json=entries)

        outcomes = [list(reply.json().values()) for reply in (first, again, corrected)]
        assert outcomes == [[2, 0, 0], [0, 0, 2], [0, 1, 1]]
        shown = (await catalog.http.get(address, params={"customer": key})).json()["items"]
        assert [(one["users"], one["units"]) for one in shown] == [(6, "7.5000")]

    async def test_every_bad_entry_is_named_and_none_is_taken(self, catalog: Catalog) -> None:
        good = {"month": "2026-01", "users": 1, "units": 1}
        entries = [
            good,
            good,
            {**good, "month": "2199-01"},
            {**good, "month": "2026-02", "customer": "nobody"},
        ]

        reply = await catalog.http.put(f"{VPN}/consumption", json=entries)

        assert reply.status_code == 422
        assert {(one["pointer"], one["code"]) for one in reply.json()["errors"]} == {
            ("/1", "repeated"),
            ("/2/month", "in_the_future"),
            ("/3/customer", "unknown_customer"),
        }
        assert (await catalog.http.get(f"{VPN}/consumption")).json()["items"] == []

    async def test_it_is_listed_by_month(self, catalog: Catalog) -> None:
        months = ("2026-02", "2026-01")
        entries = [{"month": month, "users": 1, "units": 1} for month in months]
        address = f"{VPN}/consumption"
        await catalog.http.put(address, json=entries)

        first = (await catalog.http.get(address, params={"limit": 1})).json()
        rest = (await catalog.http.get(address, params={"cursor": first["next_cursor"]})).json()
        one = (await catalog.http.get(address, params={"month": "2026-02"})).json()

        assert [row["month"] for row in first["items"] + rest["items"]] == ["2026-01", "2026-02"]
        assert [row["month"] for row in one["items"]] == ["2026-02"]


class TestCharges:
    async def test_a_reference_is_charged_once(self, catalog: Catalog) -> None:
        made = await charge(catalog)

        reply = await catalog.http.post(CHARGES, json=CHARGE)

        assert made["state"] == "invoiced"
        assert (reply.status_code, reply.json()["code"]) == (409, "reference_taken")

    async def test_what_is_paid_already_is_recovered(self, catalog: Catalog) -> None:
        made = await charge(catalog, recovered_on="2026-02-01")

        assert (made["state"], made["recovered_on"]) == ("recovered", "2026-02-01")

    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize("to", STATES)
    async def test_a_charge_makes_only_the_moves_it_may(
        self, catalog: Catalog, state: str, to: str
    ) -> None:
        paid = {"recovered_on": "2026-02-01"}
        made = await charge(catalog, **(paid if state == "recovered" else {}))
        if state == "cancelled":
            made = (await move(catalog, made, state="cancelled")).json()
        allowed = {"invoiced": STATES, "recovered": STATES[1:], "cancelled": STATES[2:]}[state]

        reply = await move(catalog, made, state=to, **(paid if to == "recovered" else {}))

        assert reply.status_code == (200 if to in allowed else 409)
        if to not in allowed:
            assert set(reply.json()["allowed"]) == set(allowed) - {state}

    @pytest.mark.parametrize(
        "body",
        [
            {"state": "recovered"},
            {"state": "cancelled", "recovered_on": "2026-02-01"},
            {"state": "recovered", "recovered_on": "2199-01-01"},
        ],
    )
    async def test_what_is_recovered_has_the_day_it_was_paid(
        self, catalog: Catalog, body: dict[str, str]
    ) -> None:
        reply = await move(catalog, await charge(catalog), **body)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == "/recovered_on"

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            ({"customer": "nobody"}, "unknown_customer"),
            ({"month": "2199-01"}, "in_the_future"),
            (
                {"recovered_on": (datetime.now(UTC) + timedelta(days=2)).date().isoformat()},
                "in_the_future",
            ),
        ],
    )
    async def test_what_cannot_be_is_refused(
        self, catalog: Catalog, wrong: dict[str, str], code: str
    ) -> None:
        reply = await catalog.http.post(CHARGES, json=CHARGE | wrong)

        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, code)

    async def test_charges_are_listed_by_month_and_state(self, catalog: Catalog) -> None:
        await charge(catalog, reference="B", month="2026-02")
        await charge(catalog, reference="A", recovered_on="2026-02-01")

        first = (await catalog.http.get(CHARGES, params={"limit": 1})).json()
        rest = (await catalog.http.get(CHARGES, params={"cursor": first["next_cursor"]})).json()
        open_ones = (await catalog.http.get(CHARGES, params={"state": "invoiced"})).json()

        assert [one["reference"] for one in first["items"] + rest["items"]] == ["A", "B"]
        assert [one["reference"] for one in open_ones["items"]] == ["B"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("charging-models", {"valid_from": "2026-01", "currency": "EUR", "terms": PER_USER}),
        ("charges", CHARGE),
    ],
)
async def test_recording_needs_its_scope_and_a_service(
    catalog: Catalog, path: str, body: dict[str, Any]
) -> None:
    writer = catalog.caller(scope="catalog:read catalog:write")

    refused = await catalog.http.post(f"{VPN}/{path}", json=body, headers=writer)
    unknown = await catalog.http.post(f"/v1/services/nowhere/{path}", json=body)

    assert (refused.status_code, refused.json()["missing_scope"]) == (403, "finance:write")
    assert unknown.status_code == 404
