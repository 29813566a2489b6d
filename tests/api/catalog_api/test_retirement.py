"""Retirement plans over HTTP: decided, approved, and ready when nobody needs the service."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import httpx
import psycopg
import pytest

from tests.support.catalog import ALL_SCOPES, Catalog, Make
from tests.support.postgres import Database

PLAN = "/v1/services/vpn/retirement-plan"
ANY = {"If-Match": "*"}
STEP = {"id": "tell", "text": "Tell the customers", "due": "2027-01-31"}
DECIDED = {"successor": "zta", "planned_on": "2027-03-31", "steps": [STEP]}
MIGRATED = {"migrated_on": "2026-06-30", "to": "zta"}
Engage = Callable[..., Awaitable[None]]


def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture
async def vpn(catalog: Catalog, make_service: Make) -> Catalog:
    """The service vpn and what may succeed it, in the portfolio that mia manages."""
    await make_service()
    await make_service("zta")
    manager = {"manager": "mia"}
    await catalog.http.patch("/v1/portfolios/workplace", json=manager, headers=ANY)
    return catalog


@pytest.fixture
def engage(vpn: Catalog, catalog_db: Database) -> Engage:
    """Make a customer that uses vpn until a day, or for ever."""

    async def make(customer: str, until: date | None = None) -> None:
        body = {"key": customer, "name": customer, "kind": "internal", "relationship_owner": "cal"}
        reply = await vpn.http.post("/v1/customers", json=body)
        assert reply.status_code == 201, reply.text
        with psycopg.connect(catalog_db.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute(
                "INSERT INTO catalog.customer_engagement"
                " (id, customer_key, service_key, engaged_from, engaged_to, revision,"
                " created_at, updated_at)"
                " VALUES (gen_random_uuid(), %s, 'vpn', '2020-01-01', %s, 1, now(), now())",
                (customer, until),
            )

    return make


async def draft(catalog: Catalog, **fields: Any) -> dict[str, Any]:
    reply = await catalog.http.post(PLAN, json=DECIDED | fields)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def approve(catalog: Catalog, subject: str = "mia", **headers: str) -> httpx.Response:
    asked = {**catalog.caller(subject, ALL_SCOPES), **ANY, **headers}
    return await catalog.http.post(f"{PLAN}/approval", headers=asked)


async def approved(catalog: Catalog, **fields: Any) -> dict[str, Any]:
    await draft(catalog, **fields)
    reply = await approve(catalog)
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def missing(catalog: Catalog) -> dict[str, list[str]]:
    plan = (await catalog.http.get(PLAN)).json()
    assert plan["ready"] == (not plan["missing"])
    return {one["what"]: one["items"] for one in plan["missing"]}


class TestReadiness:
    async def test_an_approved_plan_of_a_service_nobody_needs_is_ready(self, vpn: Catalog) -> None:
        plan = await approved(vpn)

        assert (plan["state"], plan["ready"], plan["missing"]) == ("approved", True, [])

    async def test_it_is_not_ready_while_customers_remain(
        self, vpn: Catalog, engage: Engage
    ) -> None:
        await approved(vpn)
        await engage("sales")
        await engage("hr", today() + timedelta(days=1))
        await engage("left", today() - timedelta(days=1))

        assert await missing(vpn) == {"customers": ["hr", "sales"]}

    async def test_a_migrated_customer_remains_until_its_engagement_ends(
        self, vpn: Catalog, engage: Engage
    ) -> None:
        await approved(vpn)
        await engage("sales")

        await vpn.http.put(f"{PLAN}/customers/sales", json=MIGRATED)

        assert await missing(vpn) == {"customers": ["sales"]}
        assert (await vpn.http.get(PLAN)).json()["customers_migrated"] == 1

    async def test_it_is_not_ready_while_another_service_depends_on_it(
        self, vpn: Catalog, make_service: Make
    ) -> None:
        await approved(vpn)
        await make_service("mail")
        needed = {"provider": {"kind": "service", "key": "vpn"}, "strength": "soft"}
        reply = await vpn.http.post("/v1/services/mail/dependencies", json=needed)
        assert reply.status_code == 201, reply.text

        assert await missing(vpn) == {"dependents": ["mail"]}

    async def test_it_is_not_ready_while_requests_are_open_or_agreements_active(
        self, vpn: Catalog, catalog_db: Database
    ) -> None:
        await approved(vpn)
        with psycopg.connect(catalog_db.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            for statement in OPEN_REQUEST_AND_ACTIVE_AGREEMENT:
                admin.execute(statement)

        assert await missing(vpn) == {"requests": [], "agreements": ["sla-1"]}

    async def test_a_draft_lacks_its_approval_and_its_decisions(self, vpn: Catalog) -> None:
        await draft(vpn, successor=None, planned_on=None)

        assert await missing(vpn) == {"approval": [], "successor": [], "planned_on": []}


OPEN_REQUEST_AND_ACTIVE_AGREEMENT = (
    "INSERT INTO catalog.request (id, offering_key, version, service_key, state, requester,"
    " requested_for, answers, due_at, revision, created_at, updated_at)"
    " VALUES (gen_random_uuid(), 'o', 1, 'vpn', 'submitted', 'a', 'a', '{}', now(), 1, now(),"
    " now())",
    "INSERT INTO catalog.agreement_version (agreement_key, version, state, round, text, text_hash,"
    " calendar_key, calendar_version, review_date, starts_at, authored_by, revision, created_at,"
    " updated_at) VALUES ('sla-1', 1, 'active', 1, '{}', '', 'c', 1, '2027-01-01', now(), 'a', 1,"
    " now(), now())",
    "INSERT INTO catalog.agreement_scope (id, agreement_key, version, service_key)"
    " VALUES (gen_random_uuid(), 'sla-1', 1, 'vpn')",
)


class TestMoves:
    """From every state, every move and every change."""

    MAKERS: ClassVar = {"draft": draft, "approved": approved}
    POSSIBLE: ClassVar = {
        ("draft", "approval"): "approved",
        ("draft", "change"): "draft",
        ("approved", "revision"): "draft",
    }

    @pytest.mark.parametrize("act", ["approval", "revision", "change"])
    @pytest.mark.parametrize("state", ["draft", "approved"])
    async def test_only_the_listed_ones_happen(self, vpn: Catalog, state: str, act: str) -> None:
        await self.MAKERS[state](vpn)
        headers = vpn.caller("mia", ALL_SCOPES) | ANY
        later = {"planned_on": "2027-04-30"}

        if act == "change":
            reply = await vpn.http.patch(PLAN, json=later, headers=headers)
        else:
            reply = await vpn.http.post(f"{PLAN}/{act}", headers=headers)

        expected = self.POSSIBLE.get((state, act))
        assert reply.status_code == (200 if expected else 409), reply.text
        assert (await vpn.http.get(PLAN)).json()["state"] == (expected or state)
        assert expected or "allowed" in reply.json()


class TestApproval:
    @pytest.mark.parametrize("name", [{}, {"On-Behalf-Of": "zoe"}])
    async def test_nobody_approves_a_plan_of_their_own(
        self, vpn: Catalog, name: dict[str, str]
    ) -> None:
        await vpn.http.post(PLAN, json=DECIDED, headers=name)
        manager = vpn.token("ada", ALL_SCOPES, roles=["portfolio_manager"])

        reply = await approve(vpn, Authorization=f"Bearer {manager}")

        assert (reply.status_code, reply.json()["code"]) == (403, "self_approval")

    async def test_it_takes_who_manages_the_portfolio(self, vpn: Catalog) -> None:
        await draft(vpn)

        reply = await approve(vpn, "eve")

        assert (reply.status_code, reply.json()["missing_role"]) == (403, ["portfolio_manager"])

    async def test_it_is_done_in_person(self, vpn: Catalog) -> None:
        await draft(vpn)

        reply = await approve(vpn, "ada", **{"On-Behalf-Of": "mia"})

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_an_incomplete_plan_names_what_is_missing(self, vpn: Catalog) -> None:
        await draft(vpn, successor=None, steps=[])

        reply = await approve(vpn)

        assert (reply.status_code, reply.json()["code"]) == (409, "plan_incomplete")
        assert reply.json()["missing"] == ["successor", "steps"]

    async def test_what_changed_since_it_was_read_is_not_approved(self, vpn: Catalog) -> None:
        await draft(vpn)

        reply = await approve(vpn, **{"If-Match": '"7"'})

        assert reply.status_code == 412


class TestWrite:
    async def test_a_service_has_one_plan(self, vpn: Catalog) -> None:
        await draft(vpn)

        reply = await vpn.http.post(PLAN, json={})

        assert (reply.status_code, reply.json()["code"]) == (409, "plan_exists")

    async def test_a_retired_service_neither_retires_nor_succeeds(
        self, vpn: Catalog, onboard: Make
    ) -> None:
        await onboard("old", stage="retirement", owners=[])

        own = await vpn.http.post("/v1/services/old/retirement-plan", json={})
        other = await vpn.http.post(PLAN, json={"successor": "old"})

        assert own.json()["code"] == other.json()["code"] == "service_retired"

    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"successor": "vpn"}, "/successor", "own_successor"),
            ({"successor": "none"}, "/successor", "unknown_service"),
            ({"no_successor_reason": "x"}, "/no_successor_reason", "contradiction"),
            ({"steps": [STEP, STEP]}, "/steps/1/id", "repeated"),
        ],
    )
    async def test_what_cannot_be_is_pointed_at(
        self, vpn: Catalog, fields: dict[str, Any], pointer: str, code: str
    ) -> None:
        reply = await vpn.http.post(PLAN, json=DECIDED | fields)

        assert reply.status_code == 422
        assert [(e["pointer"], e["code"]) for e in reply.json()["errors"]] == [(pointer, code)]

    async def test_a_step_of_an_approved_plan_is_ticked_and_keeps_who_did_it(
        self, vpn: Catalog
    ) -> None:
        await approved(vpn)

        reply = await vpn.http.put(f"{PLAN}/steps/tell", json={"done": True})
        unknown = await vpn.http.put(f"{PLAN}/steps/none", json={"done": True})

        step = reply.json()["steps"][0]
        assert (step["done"], step["done_by"], step["due"]) == (True, "ada", STEP["due"])
        assert unknown.status_code == 404

    async def test_a_step_that_stays_the_same_stays_done(self, vpn: Catalog) -> None:
        await draft(vpn)
        await vpn.http.put(f"{PLAN}/steps/tell", json={"done": True})
        steps = [STEP | {"due": None}, {"id": "archive", "text": "Archive", "due": None}]

        reply = await vpn.http.patch(PLAN, json={"steps": steps}, headers=ANY)

        shown = [(step["done"], step["due"]) for step in reply.json()["steps"]]
        assert shown == [(True, None), (False, None)]

    @pytest.mark.parametrize(("tag", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
    async def test_it_is_changed_as_it_was_read(
        self, vpn: Catalog, tag: dict[str, str], status: int
    ) -> None:
        await draft(vpn)

        reply = await vpn.http.patch(PLAN, json={"planned_on": None}, headers=tag)

        assert reply.status_code == status

    async def test_without_a_plan_there_is_none_to_read(self, vpn: Catalog) -> None:
        assert (await vpn.http.get(PLAN)).status_code == 404


class TestCustomers:
    async def test_migrated_customers_are_listed_and_taken_back(
        self, vpn: Catalog, engage: Engage
    ) -> None:
        await draft(vpn)
        await engage("sales", today() - timedelta(days=1))
        url = f"{PLAN}/customers"

        put = await vpn.http.put(f"{url}/sales", json=MIGRATED)
        again = await vpn.http.put(f"{url}/sales", json=MIGRATED | {"to": "paper"})
        listed = (await vpn.http.get(url)).json()["items"]
        removed, gone = [await vpn.http.delete(f"{url}/sales") for _ in range(2)]

        assert (put.status_code, again.json()["to"]) == (200, "paper")
        assert [(one["customer"], one["to"]) for one in listed] == [("sales", "paper")]
        assert (removed.status_code, gone.status_code) == (204, 404)

    async def test_who_was_never_engaged_cannot_migrate(self, vpn: Catalog) -> None:
        await draft(vpn)

        reply = await vpn.http.put(f"{PLAN}/customers/sales", json=MIGRATED)

        assert (reply.status_code, reply.json()["code"]) == (409, "not_engaged")

    async def test_nobody_has_migrated_tomorrow(self, vpn: Catalog, engage: Engage) -> None:
        await draft(vpn)
        await engage("sales")
        tomorrow = {"migrated_on": (today() + timedelta(days=1)).isoformat()}

        reply = await vpn.http.put(f"{PLAN}/customers/sales", json=MIGRATED | tomorrow)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/migrated_on")

    async def test_the_audit_trail_keeps_where_they_went(
        self, vpn: Catalog, engage: Engage
    ) -> None:
        await draft(vpn)
        await engage("sales")
        await vpn.http.put(f"{PLAN}/customers/sales", json=MIGRATED)

        query = {"resource": "retirement_plan", "key": "vpn"}
        entries = (await vpn.http.get("/v1/audit", params=query)).json()["items"]

        assert [entry["action"] for entry in entries] == ["customer_migrated", "created"]
        assert entries[0]["after"]["migration"]["to"] == "zta"
