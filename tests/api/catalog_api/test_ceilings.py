"""Ceilings over HTTP: what they are, which writes they refuse, exceptions."""

from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.agreements import activate, draft, prepare, target, today
from tests.support.catalog import Catalog, Make
from tests.support.postgres import Database


@pytest.fixture(autouse=True)
async def services(catalog: Catalog, onboard: Make) -> None:
    await prepare(catalog)
    for key in ("portal", "mail", "dns"):
        await onboard(key)


async def agree(catalog: Catalog, key: str, availability: float) -> None:
    """An active SLA that promises this availability."""
    targets = [target(value=availability)]
    await activate(catalog, await draft(catalog, f"{key}-sla", services=[key], targets=targets))


async def plan(catalog: Catalog, key: str, hours: float) -> httpx.Response:
    """The answer to the approval of a continuity plan with that recovery time."""
    url = f"/v1/services/{key}/continuity-plans"
    text = {
        "tier": 2,
        "rto_hours": hours,
        "rpo_hours": 1,
        "mtpd_hours": 100,
        "strategy": "Fail over",
        "steps": [{"action": "Switch", "role": "operator", "within_hours": 0.1}],
        "contacts": [{"name": "Duty", "role": "operator", "reach": "+43 1"}],
        "test_cadence_days": 180,
    }
    made = (await catalog.http.post(url, json=text, headers=catalog.caller("bea"))).json()
    version = f"{url}/{made['version']}"
    await catalog.http.post(f"{version}/submission", headers=catalog.caller("bea"))
    return await catalog.http.post(f"{version}/approval", json={"text_hash": made["text_hash"]})


async def need(
    catalog: Catalog, consumer: str, provider: str, strength: str = "hard", kind: str = "service"
) -> httpx.Response:
    body = {"provider": {"kind": kind, "key": provider}, "strength": strength}
    return await catalog.http.post(f"/v1/services/{consumer}/dependencies", json=body)


async def add_product(catalog: Catalog, hours: float | None) -> None:
    body = {"key": "lines", "name": "Lines", "vendor": "Telco", "recovery_time_hours": hours}
    assert (await catalog.http.post("/v1/vendor-products", json=body)).status_code == 201


async def except_from(catalog: Catalog, key: str, **fields: Any) -> httpx.Response:
    body = {
        "dimension": "availability",
        "reason": "The customer knows",
        "risk_owner": "cal",
        "expires_on": today().isoformat(),
    } | fields
    return await catalog.http.post(f"/v1/services/{key}/ceiling-exceptions", json=body)


async def ceilings(catalog: Catalog, key: str) -> Any:
    reply = await catalog.http.get(f"/v1/services/{key}/ceilings")
    assert reply.status_code == 200, reply.text
    return reply.json()


def refused(reply: httpx.Response) -> Any:
    assert (reply.status_code, reply.json()["code"]) == (409, "ceiling_broken"), reply.text
    return reply.json()["breaches"]


class TestRead:
    async def test_availability_is_the_product_over_all_that_is_needed_hard(
        self, catalog: Catalog
    ) -> None:
        await agree(catalog, "mail", 0.99)
        await agree(catalog, "dns", 0.995)
        await need(catalog, "portal", "mail")
        await need(catalog, "mail", "dns")
        await need(catalog, "portal", "dns")

        found = await ceilings(catalog, "portal")

        shown = found["availability"]
        assert found["hard_dependency_count"] == 2
        assert (shown["ceiling"], shown["standing"]) == (0.98505, "no_promise")
        assert [one["key"] for one in shown["limited_by"]] == ["mail", "dns"]

    async def test_recovery_is_the_longest_of_its_own_and_theirs(self, catalog: Catalog) -> None:
        await add_product(catalog, 6.5)
        assert (await plan(catalog, "portal", 8)).status_code == 200
        await need(catalog, "portal", "lines", kind="vendor_product")

        shown = (await ceilings(catalog, "portal"))["recovery"]

        assert (shown["ceiling"], shown["promised"], shown["standing"]) == (8, 8, "kept")
        assert [one["key"] for one in shown["limited_by"]] == ["portal"]

    async def test_a_missing_figure_makes_it_unknown_and_is_named(self, catalog: Catalog) -> None:
        await agree(catalog, "mail", 0.99)
        await need(catalog, "portal", "mail")
        await need(catalog, "portal", "dns")

        shown = (await ceilings(catalog, "portal"))["availability"]

        assert (shown["standing"], shown["ceiling"], shown["bound"]) == ("unknown", None, 0.99)
        assert shown["missing"] == [{"kind": "service", "key": "dns", "figure": None}]

    async def test_of_several_agreements_the_highest_is_promised_and_the_lowest_counted_on(
        self, catalog: Catalog
    ) -> None:
        for number, availability in enumerate((0.9, 0.99)):
            targets = [target(value=availability)]
            body = {"services": ["mail"], "targets": targets}
            await activate(catalog, await draft(catalog, f"mail-{number}", **body))
        await need(catalog, "portal", "mail")

        promised = (await ceilings(catalog, "mail"))["availability"]["promised"]
        ceiling = (await ceilings(catalog, "portal"))["availability"]["ceiling"]

        assert (promised, ceiling) == (0.99, 0.9)

    async def test_what_is_needed_softly_does_not_limit(self, catalog: Catalog) -> None:
        await need(catalog, "portal", "mail", strength="soft")

        assert (await ceilings(catalog, "portal"))["availability"]["ceiling"] == 1

    async def test_a_service_that_is_not_there_has_none(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/services/no/ceilings")).status_code == 404


class TestRefuse:
    async def test_a_dependency_under_which_a_promise_cannot_be_kept(
        self, catalog: Catalog
    ) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 0.99)

        reply = await need(catalog, "portal", "mail")

        assert refused(reply) == [
            {
                "service": "portal",
                "dimension": "availability",
                "promised": 0.999,
                "ceiling": 0.99,
                "limited_by": [{"kind": "service", "key": "mail", "figure": 0.99}],
            }
        ]
        assert (await ceilings(catalog, "portal"))["hard_dependency_count"] == 0

    async def test_one_that_only_the_looser_of_two_agreements_bears(self, catalog: Catalog) -> None:
        await agree(catalog, "portal", 0.9)
        strict = {"services": ["portal"], "targets": [target(value=0.999)]}
        await activate(catalog, await draft(catalog, "portal-gold", **strict))
        await agree(catalog, "mail", 0.99)

        (breach,) = refused(await need(catalog, "portal", "mail"))

        assert (breach["promised"], breach["ceiling"]) == (0.999, 0.99)

    async def test_also_far_above_the_change(self, catalog: Catalog) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 1)
        await agree(catalog, "dns", 0.99)
        await need(catalog, "portal", "mail")

        (breach,) = refused(await need(catalog, "mail", "dns"))[:1]

        assert (breach["service"], breach["limited_by"][0]["key"]) == ("mail", "dns")
        assert (await need(catalog, "mail", "dns", strength="soft")).status_code == 201

    async def test_a_soft_dependency_cannot_become_hard(self, catalog: Catalog) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 0.99)
        made = await need(catalog, "portal", "mail", strength="soft")

        reply = await catalog.http.patch(
            made.headers["Location"], json={"strength": "hard"}, headers={"If-Match": "*"}
        )

        assert len(refused(reply)) == 1

    async def test_nor_does_a_bulk_bring_it(self, catalog: Catalog) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 0.99)
        provider = {"kind": "service", "key": "mail"}
        items = [{"consumer": "portal", "provider": provider, "strength": "hard"}]

        assert len(refused(await catalog.http.post("/v1/dependencies/bulk", json=items))) == 1

    async def test_a_vendor_that_takes_longer_breaks_the_recovery_above(
        self, catalog: Catalog
    ) -> None:
        await add_product(catalog, 4)
        assert (await plan(catalog, "portal", 4)).status_code == 200
        await need(catalog, "portal", "lines", kind="vendor_product")

        reply = await catalog.http.patch(
            "/v1/vendor-products/lines",
            json={"recovery_time_hours": 4.5},
            headers={"If-Match": "*"},
        )

        (breach,) = refused(reply)
        assert (breach["dimension"], breach["promised"], breach["ceiling"]) == ("recovery", 4, 4.5)

    async def test_a_plan_that_promises_to_be_back_before_what_it_needs(
        self, catalog: Catalog
    ) -> None:
        await add_product(catalog, 8)
        await need(catalog, "portal", "lines", kind="vendor_product")

        (breach,) = refused(await plan(catalog, "portal", 4))

        assert breach["limited_by"] == [{"kind": "vendor_product", "key": "lines", "figure": 8}]

    async def test_removing_the_one_without_a_figure_shows_that_the_others_break_it(
        self, catalog: Catalog
    ) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 0.99)
        unknown = await need(catalog, "portal", "dns")
        assert (await need(catalog, "portal", "mail")).status_code == 201

        reply = await catalog.http.delete(unknown.headers["Location"])

        assert len(refused(reply)) == 1


class TestExceptions:
    async def test_an_exception_lets_a_promise_go_beyond(self, catalog: Catalog) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 0.99)

        recorded = await except_from(catalog, "portal")

        assert (recorded.status_code, recorded.json()["recorded_by"]) == (201, "ada")
        assert (await need(catalog, "portal", "mail")).status_code == 201
        shown = (await ceilings(catalog, "portal"))["availability"]
        assert shown["standing"] == "excepted"

    @pytest.mark.parametrize("of", ["dimension", "service"])
    async def test_one_for_something_else_does_not_count(self, catalog: Catalog, of: str) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 0.99)
        if of == "dimension":
            await except_from(catalog, "portal", dimension="recovery")
        else:
            await except_from(catalog, "mail")

        refused(await need(catalog, "portal", "mail"))

    async def test_one_that_has_expired_does_not_count(
        self, catalog: Catalog, catalog_db: Database
    ) -> None:
        await agree(catalog, "portal", 0.999)
        for key in ("mail", "dns"):
            await agree(catalog, key, 0.99)
        await except_from(catalog, "portal")
        await need(catalog, "portal", "mail")
        expire(catalog_db)

        shown = (await ceilings(catalog, "portal"))["availability"]

        assert shown["standing"] == "broken"
        refused(await need(catalog, "portal", "dns"))

    async def test_what_stands_broken_can_be_mended_step_by_step(
        self, catalog: Catalog, catalog_db: Database
    ) -> None:
        await agree(catalog, "portal", 0.999)
        for key in ("mail", "dns"):
            await agree(catalog, key, 0.99)
        await except_from(catalog, "portal")
        made = [await need(catalog, "portal", key) for key in ("mail", "dns")]
        expire(catalog_db)

        softened = await catalog.http.patch(
            made[0].headers["Location"], json={"strength": "soft"}, headers={"If-Match": "*"}
        )
        removed = await catalog.http.delete(made[1].headers["Location"])

        assert (softened.status_code, removed.status_code) == (200, 204)

    async def test_what_stands_broken_keeps_no_other_change_from_passing(
        self, catalog: Catalog, catalog_db: Database
    ) -> None:
        await agree(catalog, "portal", 0.999)
        await agree(catalog, "mail", 0.99)
        await agree(catalog, "dns", 1)
        await except_from(catalog, "portal")
        await need(catalog, "portal", "mail")
        expire(catalog_db)

        harmless = await need(catalog, "portal", "dns")
        ended = await catalog.http.post(
            "/v1/agreements/portal-sla/versions/1/terminate", json={"reason": "Nobody can keep it"}
        )

        assert (harmless.status_code, ended.status_code) == (201, 200)

    async def test_a_vendor_that_gets_faster_may_still_be_too_slow(
        self, catalog: Catalog, catalog_db: Database
    ) -> None:
        await add_product(catalog, 24)
        await except_from(catalog, "portal", dimension="recovery")
        await need(catalog, "portal", "lines", kind="vendor_product")
        assert (await plan(catalog, "portal", 4)).status_code == 200
        expire(catalog_db)
        url, match = "/v1/vendor-products/lines", {"If-Match": "*"}

        faster = await catalog.http.patch(url, json={"recovery_time_hours": 8}, headers=match)
        slower = await catalog.http.patch(url, json={"recovery_time_hours": 9}, headers=match)

        assert faster.status_code == 200
        refused(slower)

    async def test_one_that_is_over_already_is_refused(self, catalog: Catalog) -> None:
        yesterday = (today() - timedelta(days=1)).isoformat()

        reply = await except_from(catalog, "portal", expires_on=yesterday)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/expires_on")

    async def test_they_are_listed_as_recorded_and_audited(
        self, catalog: Catalog, catalog_db: Database
    ) -> None:
        await except_from(catalog, "portal")
        expire(catalog_db)
        await except_from(catalog, "portal", dimension="recovery")
        url = "/v1/services/portal/ceiling-exceptions"

        every = (await catalog.http.get(url)).json()["items"]
        valid = (await catalog.http.get(url, params={"valid": True})).json()["items"]
        trail = await catalog.http.get("/v1/audit", params={"resource": "ceiling_exception"})

        assert [one["dimension"] for one in every] == ["availability", "recovery"]
        assert [one["dimension"] for one in valid] == ["recovery"]
        assert {entry["action"] for entry in trail.json()["items"]} == {"recorded"}

    async def test_recording_one_needs_the_right_to_approve(self, catalog: Catalog) -> None:
        writer = catalog.caller(scope="catalog:write")
        url = "/v1/services/portal/ceiling-exceptions"

        reply = await catalog.http.post(url, json={}, headers=writer)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "approvals:write")


def expire(catalog_db: Database) -> None:
    """Let every exception have ended yesterday; only an administrator can."""
    with psycopg.connect(catalog_db.admin_url) as admin:
        admin.execute("UPDATE catalog.ceiling_exception SET expires_on = current_date - 1")
