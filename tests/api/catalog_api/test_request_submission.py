"""Requests over HTTP as they are made: their answers, who may ask, their priority."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.kit.database import transaction
from tests.support.catalog import Catalog
from tests.support.requests import GOOD, STEPS, as_role, submit

pytestmark = pytest.mark.usefixtures("laptop")


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"not": value}
    return value


class TestSubmit:
    async def test_a_request_keeps_what_was_asked_and_when_it_is_due(
        self, catalog: Catalog
    ) -> None:
        reply = await submit(catalog, requested_for="bea")

        assert reply.status_code == 201
        made = reply.json()
        assert reply.headers["Location"] == f"/v1/requests/{made['number']}"
        assert (made["state"], made["requester"], made["requested_for"]) == (
            "submitted",
            "ada",
            "bea",
        )
        assert (made["answers"], made["waiting_for"]) == ({"model": "light"}, "approver")
        assert (made["priority"], made["scheme"]) == (None, None)
        assert [step["id"] for step in made["steps"]] == ["check", "hand-over"]

    async def test_it_is_due_when_all_steps_are(self, catalog: Catalog) -> None:
        made = (await submit(catalog)).json()

        stamps = (datetime.fromisoformat(made[name]) for name in ("submitted_at", "due_at"))
        submitted, due = stamps
        assert due - submitted == timedelta(minutes=120)

    @pytest.mark.parametrize(
        ("answers", "pointers"),
        [
            ({}, ["/answers/model"]),
            ({"model": "huge"}, ["/answers/model"]),
            ({"model": 3}, ["/answers/model", "/answers/model"]),
            ({"model": "light", "colour": "red"}, ["/answers/colour"]),
            ({"model": "\x00"}, ["/answers/model"]),
            (deep(200), ["/answers" + "/not" * 25]),
        ],
    )
    async def test_answers_that_do_not_fit_are_pointed_at(
        self, catalog: Catalog, answers: dict[str, Any], pointers: list[str]
    ) -> None:
        reply = await submit(catalog, answers=answers)

        assert (reply.status_code, reply.json()["code"]) == (422, "answers_do_not_fit")
        assert [error["pointer"] for error in reply.json()["errors"]] == pointers

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"customer": "nobody"}, "/customer"),
            ({"impact": "high"}, ""),
            ({"requested_for": ""}, "/requested_for"),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await submit(catalog, **fields)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_the_same_idempotency_key_submits_once(self, catalog: Catalog) -> None:
        once = catalog.caller() | {"Idempotency-Key": "k"}

        first, second = await submit(catalog, once), await submit(catalog, once)

        assert first.json() == second.json()
        assert len((await catalog.http.get("/v1/requests")).json()["items"]) == 1

    async def test_an_unknown_offering_is_not_found(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/offerings/phone/requests", json=GOOD)

        assert reply.status_code == 404

    async def test_it_needs_its_scope(self, catalog: Catalog) -> None:
        reply = await submit(catalog, catalog.caller(scope="catalog:read catalog:write"))

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "requests:write")

    async def test_what_is_withdrawn_cannot_be_requested(self, catalog: Catalog) -> None:
        await catalog.http.post("/v1/offerings/laptop/withdraw")

        reply = await submit(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "not_requestable")
        assert reply.json()["state"] == "withdrawn"

    async def test_what_a_retired_service_offered_cannot_be_requested(
        self, catalog: Catalog
    ) -> None:
        decision = catalog.decision("vpn", "to-retirement", "operate", "retirement")
        moved = await catalog.http.post("/v1/services/vpn/transitions", json={"decision": decision})

        reply = await submit(catalog)

        assert (moved.status_code, reply.status_code) == (201, 409)
        assert reply.json()["stage"] == "retirement"

    async def test_who_filled_in_an_older_form_is_told(self, catalog: Catalog) -> None:
        await catalog.http.patch(
            "/v1/offerings/laptop", json={"form": {"type": "object"}}, headers={"If-Match": "*"}
        )

        reply = await submit(catalog, offering_version=1)

        assert (reply.status_code, reply.json()["code"]) == (409, "form_changed")
        assert reply.json()["offering_version"] == 2

    async def test_a_request_keeps_the_form_and_plan_it_was_made_under(
        self, catalog: Catalog, request_number: str
    ) -> None:
        await catalog.http.patch(
            "/v1/offerings/laptop",
            json={"form": {"type": "object"}, "fulfilment_plan": STEPS[:1]},
            headers={"If-Match": "*"},
        )

        kept = (await catalog.http.get(f"/v1/requests/{request_number}")).json()
        fresh = (await submit(catalog, answers={})).json()

        assert (kept["offering_version"], len(kept["steps"])) == (1, 2)
        assert (fresh["offering_version"], len(fresh["steps"])) == (2, 1)


class TestAudience:
    @pytest.fixture(autouse=True)
    async def _for_approvers(self, catalog: Catalog, laptop: None) -> None:
        """Only holders of a role may ask; roles come from the token."""
        async with transaction(catalog.app.state.engine) as session:
            await session.execute(
                text("UPDATE catalog.offering SET everyone = false, roles = '{approver}'")
            )

    async def test_an_outsider_is_refused_with_the_audience(self, catalog: Catalog) -> None:
        reply = await submit(catalog)

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_audience")
        assert reply.json()["audience"]["roles"] == ["approver"]

    async def test_a_holder_of_the_role_may_ask(self, catalog: Catalog) -> None:
        reply = await submit(catalog, as_role(catalog, "approver"))

        assert reply.status_code == 201


class TestAudienceOfUnitsAndCustomers:
    """Who it is for counts: the units they are members of now, the customer that is named."""

    @pytest.fixture(autouse=True)
    async def _for_sales(self, catalog: Catalog, laptop: None) -> None:
        unit = {"key": "sales-team", "name": "Sales", "kind": "team"}
        customer = {"key": "sales", "name": "S", "kind": "internal", "relationship_owner": "ada"}
        audience = {"units": ["sales-team"], "customers": ["sales"]}
        for url, body in (
            ("organisation-units", unit),
            ("organisation-units/sales-team/members", {"subject": "bea"}),
            ("customers", customer),
        ):
            assert (await catalog.http.post(f"/v1/{url}", json=body)).status_code == 201
        reply = await catalog.http.patch(
            "/v1/offerings/laptop", json={"audience": audience}, headers={"If-Match": "*"}
        )
        assert reply.status_code == 200, reply.text

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({}, 403),
            ({"requested_for": "bea"}, 201),
            ({"requested_for": "cal"}, 403),
            ({"customer": "sales"}, 201),
        ],
    )
    async def test_one_of_them_is_enough(
        self, catalog: Catalog, fields: dict[str, Any], status: int
    ) -> None:
        assert (await submit(catalog, **fields)).status_code == status


class TestPriority:
    @pytest.fixture(autouse=True)
    async def _scheme(self, catalog: Catalog) -> None:
        calendar = {"key": "always", "name": "Always", "timezone": "UTC", "always_open": True}
        scheme = {
            "key": "standard",
            "name": "Standard",
            "impacts": ["high", "low"],
            "urgencies": ["high", "low"],
            "matrix": {"high": {"high": 1, "low": 2}, "low": {"high": 2, "low": 2}},
            "priorities": [
                {"priority": 1, "name": "Critical", "calendar": "always", "response_minutes": 5},
                {"priority": 2, "name": "Normal", "calendar": "always", "response_minutes": 60},
            ],
        }
        for url, body in (("calendars", calendar), ("priority-schemes", scheme)):
            reply = await catalog.http.post(f"/v1/{url}", json=body)
            assert reply.status_code == 201, reply.text

    @pytest.mark.parametrize(
        ("impact", "urgency", "priority"), [("high", "high", 1), ("high", "low", 2)]
    )
    async def test_impact_and_urgency_give_it_by_the_scheme(
        self, catalog: Catalog, impact: str, urgency: str, priority: int
    ) -> None:
        made = (await submit(catalog, impact=impact, urgency=urgency)).json()

        assert (made["priority"], made["scheme"], made["scheme_version"]) == (
            priority,
            "standard",
            1,
        )

    async def test_a_level_the_scheme_does_not_have_is_refused(self, catalog: Catalog) -> None:
        reply = await submit(catalog, impact="huge", urgency="low")

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/impact")

    async def test_without_impact_and_urgency_there_is_none(self, catalog: Catalog) -> None:
        assert (await submit(catalog)).json()["priority"] is None
