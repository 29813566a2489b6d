"""Offerings over HTTP: written, published, withdrawn, changed."""

from typing import Any

import pytest
from httpx import Response

from tests.support.catalog import Catalog, Make

FORM = {
    "type": "object",
    "properties": {"model": {"type": "string", "enum": ["light", "strong"]}},
    "required": ["model"],
    "additionalProperties": False,
}
STEP = {"id": "hand-over", "title": "Hand over", "owner_role": "desk_agent", "target_minutes": 60}
ANY = {"If-Match": "*"}


async def draft(catalog: Catalog, service: str = "vpn", **fields: Any) -> Response:
    body = {"key": "laptop", "title": "Laptop", "audience": {"everyone": True}} | fields
    return await catalog.http.post(f"/v1/services/{service}/offerings", json=body)


async def publish(catalog: Catalog, key: str = "laptop") -> Response:
    return await catalog.http.post(f"/v1/offerings/{key}/publish")


async def change(catalog: Catalog, **fields: Any) -> Response:
    return await catalog.http.patch("/v1/offerings/laptop", json=fields, headers=ANY)


@pytest.fixture
async def service(catalog: Catalog, onboard: Make) -> None:
    await onboard("vpn")


@pytest.fixture
async def laptop(catalog: Catalog, service: None) -> None:
    """A published offering of the service vpn."""
    assert (await draft(catalog, form=FORM, fulfilment_plan=[STEP])).status_code == 201
    assert (await publish(catalog)).status_code == 200


@pytest.mark.usefixtures("service")
class TestCreate:
    async def test_an_offering_starts_as_a_draft_that_says_what_it_lacks(
        self, catalog: Catalog
    ) -> None:
        reply = await draft(catalog)

        assert (reply.status_code, reply.headers["Location"]) == (201, "/v1/offerings/laptop")
        made = reply.json()
        assert (made["state"], made["version"], made["requestable"]) == ("draft", 1, False)
        assert made["missing"] == ["form", "fulfilment_plan"]
        assert made["obstacle"] == "it is draft, not published"

    async def test_what_was_written_is_read(self, catalog: Catalog) -> None:
        written = {
            "summary": "A machine",
            "description": "With a bag",
            "tags": ["hardware"],
            "audience": {"everyone": True, "customers": [], "units": [], "roles": []},
            "price": {"amount": "12.5", "currency": "CHF", "per": "user_month"},
            "promises": [
                {"text": "In two days", "target": None},
                {
                    "text": "Rarely broken",
                    "target": {"kpi": "mtbf", "comparator": "gte", "value": 900.0},
                },
            ],
            "announcement": {
                "text": "New models",
                "starts_at": "2026-03-01T08:00:00Z",
                "ends_at": None,
            },
            "form": FORM,
            "fulfilment_plan": [STEP],
        }

        await draft(catalog, **written)

        read = (await catalog.http.get("/v1/offerings/laptop")).json()
        assert {name: read[name] for name in written} == written

    async def test_it_needs_its_service(self, catalog: Catalog) -> None:
        assert (await draft(catalog, "nothing")).status_code == 404

    async def test_a_taken_key_is_refused_with_a_free_one(self, catalog: Catalog) -> None:
        await draft(catalog)

        reply = await draft(catalog)

        assert (reply.status_code, reply.json()["suggestion"]) == (409, "laptop-2")

    @pytest.mark.parametrize(
        ("fields", "pointers"),
        [
            ({"audience": {}}, ["/audience"]),
            ({"audience": {"everyone": True, "roles": ["buyer"]}}, ["/audience"]),
            ({"audience": {"customers": ["nobody"]}}, ["/audience/customers/0"]),
            ({"audience": {"units": ["nowhere"]}}, ["/audience/units/0"]),
            ({"audience": {"roles": ["unheard_of"]}}, ["/audience/roles/0"]),
            ({"price": {"amount": "-1", "currency": "CHF", "per": "item"}}, ["/price/amount"]),
            ({"price": {"amount": "1", "currency": "francs", "per": "item"}}, ["/price/currency"]),
            ({"fulfilment_plan": [STEP, STEP]}, ["/fulfilment_plan"]),
            ({"form": {"type": "strin"}}, ["/form/type"]),
            (
                {"form": {"type": "object", "properties": {"a": {"minLength": -1}}}},
                ["/form/properties/a/minLength"],
            ),
            (
                {"form": {"type": "object", "$ref": "https://evil.example/form.json"}},
                ["/form/$ref"],
            ),
            ({"form": {"type": "object", "title": "x" * 70_000}}, ["/form"]),
            (
                {
                    "announcement": {
                        "text": "n",
                        "starts_at": "2026-03-02T00:00:00Z",
                        "ends_at": "2026-03-01T00:00:00Z",
                    }
                },
                ["/announcement"],
            ),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, fields: dict[str, Any], pointers: list[str]
    ) -> None:
        reply = await draft(catalog, **fields)

        assert reply.status_code == 422, reply.text
        assert [error["pointer"] for error in reply.json()["errors"]] == pointers

    async def test_the_same_idempotency_key_creates_once(self, catalog: Catalog) -> None:
        body = {"title": "Phone", "audience": {"everyone": True}}
        url, once = "/v1/services/vpn/offerings", {"Idempotency-Key": "k"}

        first = await catalog.http.post(url, json=body, headers=once)
        second = await catalog.http.post(url, json=body, headers=once)

        assert (first.status_code, second.json()) == (201, first.json())


class TestPublish:
    @pytest.mark.parametrize(
        ("fields", "missing"),
        [
            ({}, ["form", "fulfilment_plan"]),
            ({"form": FORM}, ["fulfilment_plan"]),
            ({"fulfilment_plan": [STEP]}, ["form"]),
        ],
    )
    @pytest.mark.usefixtures("service")
    async def test_an_incomplete_one_is_refused_naming_what_is_missing(
        self, catalog: Catalog, fields: dict[str, Any], missing: list[str]
    ) -> None:
        await draft(catalog, **fields)

        reply = await publish(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "offering_incomplete")
        assert reply.json()["missing"] == missing

    @pytest.mark.parametrize("stage", ["strategy", "design", "retirement"])
    async def test_a_service_that_is_not_live_is_refused_naming_its_stage(
        self, catalog: Catalog, onboard: Make, stage: str
    ) -> None:
        await onboard("vpn", stage=stage)
        await draft(catalog, form=FORM, fulfilment_plan=[STEP])

        reply = await publish(catalog)

        assert (reply.status_code, reply.json()["stage"]) == (409, stage)
        assert reply.json()["allowed"] == ["transition", "operate", "improve"]

    @pytest.mark.parametrize("stage", ["transition", "operate", "improve"])
    async def test_a_live_service_publishes(
        self, catalog: Catalog, onboard: Make, stage: str
    ) -> None:
        await onboard("vpn", stage=stage)
        await draft(catalog, form=FORM, fulfilment_plan=[STEP])

        reply = await publish(catalog)

        assert (reply.status_code, reply.json()["requestable"]) == (200, True)
        assert reply.json()["published_at"] is not None

    @pytest.mark.usefixtures("laptop")
    async def test_it_is_withdrawn_and_published_again(self, catalog: Catalog) -> None:
        again = await publish(catalog)
        withdrawn = await catalog.http.post("/v1/offerings/laptop/withdraw")
        twice = await catalog.http.post("/v1/offerings/laptop/withdraw")
        back = await publish(catalog)

        assert (again.status_code, again.json()["allowed"]) == (409, ["withdrawn"])
        assert (withdrawn.json()["state"], twice.json()["allowed"]) == ("withdrawn", ["published"])
        assert (back.json()["state"], back.json()["withdrawn_at"]) == ("published", None)

    @pytest.mark.usefixtures("laptop")
    async def test_what_a_retired_service_offered_shows_that_nobody_can_request_it(
        self, catalog: Catalog
    ) -> None:
        decision = catalog.decision("vpn", "to-retirement", "operate", "retirement")
        await catalog.http.post("/v1/services/vpn/transitions", json={"decision": decision})

        read = (await catalog.http.get("/v1/offerings/laptop")).json()

        assert (read["state"], read["requestable"]) == ("published", False)
        assert read["obstacle"] == "its service is at retirement"


@pytest.mark.usefixtures("laptop")
class TestChange:
    async def test_another_form_is_another_version(self, catalog: Catalog) -> None:
        reply = await change(catalog, form={"type": "object"})

        assert (reply.status_code, reply.json()["version"]) == (200, 2)
        versions = (await catalog.http.get("/v1/offerings/laptop/versions")).json()["items"]
        assert [(one["version"], one["form"]) for one in versions] == [
            (2, {"type": "object"}),
            (1, FORM),
        ]
        assert all(one["fulfilment_plan"] == [STEP] for one in versions)

    async def test_other_fields_keep_the_version(self, catalog: Catalog) -> None:
        reply = await change(catalog, title="Notebook")

        assert (reply.json()["title"], reply.json()["version"]) == ("Notebook", 1)

    async def test_what_changes_nothing_keeps_the_revision(self, catalog: Catalog) -> None:
        price = {"amount": "2.5", "currency": "EUR", "per": "item"}
        before = (await change(catalog, price=price)).headers["ETag"]

        reply = await change(catalog, form=FORM, price={**price, "amount": "2.50"})

        assert reply.headers["ETag"] == before

    @pytest.mark.parametrize(
        ("fields", "missing"),
        [({"form": None}, ["form"]), ({"fulfilment_plan": []}, ["fulfilment_plan"])],
    )
    async def test_a_published_one_keeps_what_publishing_needs(
        self, catalog: Catalog, fields: dict[str, Any], missing: list[str]
    ) -> None:
        reply = await change(catalog, **fields)

        assert (reply.status_code, reply.json()["missing"]) == (409, missing)

    async def test_a_draft_may_lose_its_form(self, catalog: Catalog) -> None:
        await draft(catalog, key="phone", form=FORM)

        reply = await catalog.http.patch("/v1/offerings/phone", json={"form": None}, headers=ANY)

        assert (reply.status_code, reply.json()["form"]) == (200, None)

    async def test_a_field_is_replaced_as_a_whole(self, catalog: Catalog) -> None:
        news = {"text": "Sale", "starts_at": "2026-03-01T08:00:00Z"}
        await change(catalog, announcement=news, promises=[{"text": "Soon"}])

        reply = await change(catalog, announcement={"text": "Over"})

        assert reply.json()["announcement"] == {"text": "Over", "starts_at": None, "ends_at": None}
        assert reply.json()["promises"] == [{"text": "Soon", "target": None}]

    async def test_free_of_charge_is_a_price_of_null(self, catalog: Catalog) -> None:
        await change(catalog, price={"amount": "2.5", "currency": "EUR", "per": "item"})

        assert (await change(catalog, price=None)).json()["price"] is None

    async def test_a_stale_version_is_refused(self, catalog: Catalog) -> None:
        reply = await catalog.http.patch(
            "/v1/offerings/laptop", json={"title": "x"}, headers={"If-Match": '"77"'}
        )

        assert reply.status_code == 412

    async def test_a_bad_form_is_refused_with_a_pointer_into_it(self, catalog: Catalog) -> None:
        reply = await change(catalog, form={"type": "object", "required": "model"})

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == "/form/required"

    async def test_the_audit_trail_shows_the_whole_form_before_and_after(
        self, catalog: Catalog
    ) -> None:
        await change(catalog, form={"type": "object"})

        query = {"resource": "offering", "key": "laptop"}
        entry = (await catalog.http.get("/v1/audit", params=query)).json()["items"][0]
        assert (entry["before"], entry["after"]) == ({"form": FORM}, {"form": {"type": "object"}})


class TestList:
    @pytest.fixture(autouse=True)
    async def _offerings(self, catalog: Catalog, laptop: None, onboard: Make) -> None:
        await onboard("mail")
        await draft(catalog, "mail", key="mailbox", title="Mailbox", tags=["mail"])

    @pytest.mark.parametrize(
        ("filters", "keys"),
        [
            ({}, ["laptop", "mailbox"]),
            ({"service": "mail"}, ["mailbox"]),
            ({"state": "published"}, ["laptop"]),
            ({"tag": "mail"}, ["mailbox"]),
            ({"portfolio": "workplace"}, ["laptop", "mailbox"]),
            ({"portfolio": "elsewhere"}, []),
            ({"customer": "anyone"}, ["laptop", "mailbox"]),
        ],
    )
    async def test_filters_narrow_the_list(
        self, catalog: Catalog, filters: dict[str, str], keys: list[str]
    ) -> None:
        items = (await catalog.http.get("/v1/offerings", params=filters)).json()["items"]

        assert [item["key"] for item in items] == keys

    async def test_it_is_paged(self, catalog: Catalog) -> None:
        first = (await catalog.http.get("/v1/offerings?limit=1")).json()
        second = (
            await catalog.http.get(
                "/v1/offerings", params={"limit": 1, "cursor": first["next_cursor"]}
            )
        ).json()

        assert [one["items"][0]["key"] for one in (first, second)] == ["laptop", "mailbox"]
        assert second["next_cursor"] is None
