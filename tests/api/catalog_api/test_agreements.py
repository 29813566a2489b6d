"""Agreements: signed by two persons of two sides, found, renamed and ended."""

from datetime import timedelta

import pytest

from tests.support.agreements import (
    act,
    activate,
    draft,
    prepare,
    sign,
    sign_both,
    sla,
    submit,
    today,
    url,
)
from tests.support.catalog import Catalog, Make


@pytest.fixture(autouse=True)
async def what_one_needs(catalog: Catalog, make_service: Make) -> None:
    await prepare(catalog)
    await make_service("mail")


class TestSigning:
    async def test_two_persons_of_two_sides_sign(self, catalog: Catalog) -> None:
        reply = await sign_both(catalog, await draft(catalog))

        signed = reply.json()
        assert (reply.status_code, signed["state"]) == (201, "signed")
        assert [(one["side"], one["subject"]) for one in signed["signatures"]] == [
            ("provider", "ada"),
            ("customer", "cleo"),
        ]

    async def test_who_has_read_another_text_does_not_sign_this_one(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))

        reply = await sign(catalog, version, "ada", "provider", text_hash="0" * 64)

        assert (reply.status_code, reply.json()["code"]) == (409, "hash_differs")
        assert reply.json()["text_hash"] == version["text_hash"]

    async def test_only_a_named_person_signs(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))

        reply = await sign(catalog, version, "eve", "provider")

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (403, "not_a_signatory")
        assert problem["signatories"] == ["ada", "alan"]

    async def test_one_person_cannot_sign_for_both_sides(self, catalog: Catalog) -> None:
        customer = sla()["customer"] | {"signatories": ["ada", "cleo"]}
        version = await submit(catalog, await draft(catalog, customer=customer))
        await sign(catalog, version, "ada", "provider")

        reply = await sign(catalog, version, "ada", "customer")

        assert (reply.status_code, reply.json()["code"]) == (409, "same_person")

    async def test_a_side_signs_once(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))
        await sign(catalog, version, "ada", "provider")

        reply = await sign(catalog, version, "alan", "provider")

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "side_signed")
        assert problem["missing"] == ["customer"]

    async def test_nobody_signs_in_the_name_of_another(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))
        robot = catalog.caller("improvement-api") | {"On-Behalf-Of": "ada"}
        body = {"side": "provider", "text_hash": version["text_hash"]}

        reply = await catalog.http.post(f"{url(version)}/signatures", json=body, headers=robot)

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_a_change_makes_the_signatures_void(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))
        await sign(catalog, version, "ada", "provider")

        changed = await catalog.http.put(
            url(version), json=sla(terms="one word"), headers={"If-Match": "*"}
        )
        resubmitted = await submit(catalog, version)

        assert (changed.json()["state"], changed.json()["signatures"]) == ("draft", [])
        assert resubmitted["signatures"] == []

    async def test_what_is_over_is_not_signed(self, catalog: Catalog) -> None:
        start = today() - timedelta(days=30)
        dates = {
            "valid_from": start.isoformat(),
            "valid_to": (start + timedelta(days=7)).isoformat(),
        }
        version = await submit(catalog, await draft(catalog, **dates))

        reply = await sign(catalog, version, "ada", "provider")

        assert (reply.status_code, reply.json()["code"]) == (409, "already_over")


class TestReading:
    async def test_agreements_are_found_by_scope_and_state(self, catalog: Catalog) -> None:
        await activate(catalog, await draft(catalog))
        await draft(catalog, "other-sla")

        async def keys(query: str) -> list[str]:
            listed = (await catalog.http.get(f"/v1/agreements?{query}")).json()["items"]
            return [item["key"] for item in listed]

        assert await keys("service=mail") == ["mail-sla", "other-sla"]
        assert await keys("service=mail&state=active") == ["mail-sla"]
        assert await keys("kind=ola") == []

    async def test_an_agreement_shows_its_newest_state_and_its_active_version(
        self, catalog: Catalog
    ) -> None:
        await activate(catalog, await draft(catalog))
        await catalog.http.post("/v1/agreements/mail-sla/versions", json=sla(terms="new"))

        shown = (await catalog.http.get("/v1/agreements/mail-sla")).json()

        assert (shown["version"], shown["state"], shown["active_version"]) == (2, "draft", 1)

    async def test_it_is_renamed(self, catalog: Catalog) -> None:
        await draft(catalog)

        reply = await catalog.http.patch(
            "/v1/agreements/mail-sla", json={"name": "Mail"}, headers={"If-Match": '"1"'}
        )

        assert (reply.json()["name"], reply.json()["revision"]) == ("Mail", 2)

    async def test_every_change_is_announced_with_the_whole_version(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))

        entries = (await catalog.http.get("/v1/audit?resource=agreement")).json()["items"]

        assert [entry["action"] for entry in entries] == ["submitted", "created"]
        assert entries[0]["after"] == version
        assert entries[0]["before"]["state"] == "draft"

    async def test_ending_one_early_needs_a_person_and_keeps_the_reason(
        self, catalog: Catalog
    ) -> None:
        active = await activate(catalog, await draft(catalog))

        reply = await act(catalog, active, "terminate", reason="moved away")

        ended = reply.json()
        assert (ended["state"], ended["end_reason"]) == ("terminated", "moved away")
