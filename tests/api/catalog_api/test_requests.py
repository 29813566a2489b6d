"""Requests over HTTP: made, refused, walked step by step."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import Text, bindparam, select, text

from catalog_api.offerings.sheet import SECTIONS as OFFERINGS_SHEET
from catalog_api.requests.queries import open_requests
from catalog_api.requests.sheet import SECTIONS as REQUESTS_SHEET
from catalog_api.sheets import Section
from shared.kit.database import transaction
from tests.support.catalog import Catalog, Make

FORM = {
    "type": "object",
    "properties": {"model": {"type": "string", "enum": ["light", "strong"]}},
    "required": ["model"],
    "additionalProperties": False,
}
STEPS = [
    {"id": "check", "title": "Check", "owner_role": "approver", "target_minutes": 30},
    {"id": "hand-over", "title": "Hand over", "owner_role": "desk_agent", "target_minutes": 90},
]
(OFFERINGS,), (REQUESTS,) = OFFERINGS_SHEET, REQUESTS_SHEET
GOOD = {"answers": {"model": "light"}}


def as_role(catalog: Catalog, *roles: str, subject: str = "worker") -> dict[str, str]:
    return {"Authorization": f"Bearer {catalog.token(subject, roles=list(roles))}"}


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"not": value}
    return value


@pytest.fixture(autouse=True)
async def laptop(catalog: Catalog, onboard: Make) -> None:
    """A published offering of the service vpn, which ada owns."""
    await onboard("vpn")
    body = {
        "key": "laptop",
        "title": "Laptop",
        "audience": {"everyone": True},
        "form": FORM,
        "fulfilment_plan": STEPS,
    }
    made = await catalog.http.post("/v1/services/vpn/offerings", json=body)
    assert made.status_code == 201, made.text
    assert (await catalog.http.post("/v1/offerings/laptop/publish")).status_code == 200


async def submit(catalog: Catalog, headers: Any = None, **fields: Any) -> Response:
    return await catalog.http.post(
        "/v1/offerings/laptop/requests", json=GOOD | fields, headers=headers
    )


async def act(catalog: Catalog, number: str, act: str, headers: Any = None) -> Response:
    """start or complete of a step, cancel or reject."""
    body = None if "/" in act else {"reason": "no longer needed"}
    url = f"/v1/requests/{number}/{'steps/' if '/' in act else ''}{act}"
    return await catalog.http.post(url, json=body, headers=headers)


@pytest.fixture
async def number(catalog: Catalog) -> str:
    """A submitted request of ada."""
    made: str = (await submit(catalog)).json()["number"]
    return made


@pytest.fixture
def worker(catalog: Catalog) -> dict[str, str]:
    return as_role(catalog, "approver", "desk_agent")


async def in_state(catalog: Catalog, number: str, state: str, worker: dict[str, str]) -> None:
    """Bring a submitted request there."""
    ways = {
        "submitted": [],
        "in_fulfilment": ["check/start"],
        "fulfilled": ["check/start", "check/complete", "hand-over/start", "hand-over/complete"],
        "cancelled": ["cancel"],
        "rejected": ["reject"],
    }
    for step in ways[state]:
        headers = None if step in ("cancel", "reject") else worker
        assert (await act(catalog, number, step, headers)).status_code == 200


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
        self, catalog: Catalog, number: str
    ) -> None:
        await catalog.http.patch(
            "/v1/offerings/laptop",
            json={"form": {"type": "object"}, "fulfilment_plan": STEPS[:1]},
            headers={"If-Match": "*"},
        )

        kept = (await catalog.http.get(f"/v1/requests/{number}")).json()
        fresh = (await submit(catalog, answers={})).json()

        assert (kept["offering_version"], len(kept["steps"])) == (1, 2)
        assert (fresh["offering_version"], len(fresh["steps"])) == (2, 1)


class TestAudience:
    @pytest.fixture(autouse=True)
    async def _for_approvers(self, catalog: Catalog) -> None:
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
    async def _for_sales(self, catalog: Catalog) -> None:
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


class TestWalk:
    async def test_the_steps_are_walked_in_order_and_the_last_one_fulfils(
        self, catalog: Catalog, number: str, worker: dict[str, str]
    ) -> None:
        seen = []
        for step in ("check/start", "check/complete", "hand-over/start", "hand-over/complete"):
            reply = (await act(catalog, number, step, worker)).json()
            seen.append((reply["state"], reply["waiting_for"]))

        assert seen == [
            ("in_fulfilment", "approver"),
            ("in_fulfilment", "desk_agent"),
            ("in_fulfilment", "desk_agent"),
            ("fulfilled", None),
        ]

    async def test_a_fulfilled_request_has_its_timings(
        self, catalog: Catalog, number: str, worker: dict[str, str]
    ) -> None:
        await in_state(catalog, number, "fulfilled", worker)

        read = (await catalog.http.get(f"/v1/requests/{number}")).json()

        assert (read["met"], read["overdue"]) == (True, False)
        assert read["fulfilled_at"] == read["ended_at"] == read["steps"][1]["completed_at"]
        assert read["started_at"] == read["steps"][0]["started_at"]
        assert all(step["met"] and step["completed_by"] == "worker" for step in read["steps"])

    @pytest.mark.parametrize(
        ("walked", "step", "code"),
        [
            ([], "hand-over/start", "step_not_next"),
            ([], "check/complete", "step_not_started"),
            (["check/start"], "check/start", "step_started"),
            (["check/start", "check/complete"], "check/complete", "step_not_next"),
        ],
    )
    async def test_another_step_is_refused_naming_the_next(
        self,
        catalog: Catalog,
        number: str,
        worker: dict[str, str],
        walked: list[str],
        step: str,
        code: str,
    ) -> None:
        for done in walked:
            await act(catalog, number, done, worker)

        reply = await act(catalog, number, step, worker)

        assert (reply.status_code, reply.json()["code"]) == (409, code)
        assert reply.json()["next"] in ("check", "hand-over")

    async def test_of_many_at_once_one_starts_a_step(
        self, catalog: Catalog, number: str, worker: dict[str, str]
    ) -> None:
        replies = await asyncio.gather(
            *(act(catalog, number, "check/start", worker) for _ in range(5))
        )

        assert sorted(reply.status_code for reply in replies) == [200, 409, 409, 409, 409]

    async def test_a_step_is_walked_by_a_holder_of_its_role(
        self, catalog: Catalog, number: str
    ) -> None:
        reply = await act(catalog, number, "check/start", as_role(catalog, "desk_agent"))

        assert (reply.status_code, reply.json()["missing_role"]) == (403, ["approver"])

    async def test_an_owner_of_the_service_in_that_role_walks_it_too(
        self, catalog: Catalog, number: str
    ) -> None:
        owners = [
            {"role": "service_owner", "subject": "ada"},
            {"role": "approver", "subject": "bea"},
        ]
        await catalog.http.put("/v1/services/vpn/owners", json=owners, headers={"If-Match": "*"})

        reply = await act(catalog, number, "check/start", catalog.caller("bea"))

        assert (reply.status_code, reply.json()["steps"][0]["started_by"]) == (200, "bea")

    async def test_an_unknown_step_is_not_found(
        self, catalog: Catalog, number: str, worker: dict[str, str]
    ) -> None:
        assert (await act(catalog, number, "fly/start", worker)).status_code == 404

    @pytest.mark.parametrize("state", ["submitted", "in_fulfilment"])
    @pytest.mark.parametrize(("move", "ended"), [("cancel", "cancelled"), ("reject", "rejected")])
    async def test_an_open_request_is_given_up_with_a_reason(
        self,
        catalog: Catalog,
        number: str,
        worker: dict[str, str],
        state: str,
        move: str,
        ended: str,
    ) -> None:
        await in_state(catalog, number, state, worker)

        reply = await act(catalog, number, move)

        assert (reply.status_code, reply.json()["state"]) == (200, ended)
        assert (reply.json()["reason"], reply.json()["waiting_for"]) == ("no longer needed", None)
        assert (reply.json()["met"], reply.json()["fulfilled_at"]) == (None, None)

    @pytest.mark.parametrize("state", ["fulfilled", "cancelled", "rejected"])
    @pytest.mark.parametrize("move", ["cancel", "reject", "check/start", "hand-over/complete"])
    async def test_what_has_ended_does_not_move(
        self, catalog: Catalog, number: str, worker: dict[str, str], state: str, move: str
    ) -> None:
        await in_state(catalog, number, state, worker)

        reply = await act(catalog, number, move, None if "/" not in move else worker)

        assert (reply.status_code, reply.json()["state"]) == (409, state)
        assert reply.json()["allowed"] == (
            [] if "/" not in move else ["submitted", "in_fulfilment"]
        )

    async def test_giving_up_needs_a_reason(self, catalog: Catalog, number: str) -> None:
        reply = await catalog.http.post(f"/v1/requests/{number}/cancel", json={"reason": ""})

        assert reply.status_code == 422

    @pytest.mark.parametrize(
        ("subject", "move", "status"),
        [
            ("bea", "cancel", 200),  # it is from her
            ("cal", "cancel", 200),  # it is for him
            ("ada", "cancel", 200),  # she owns the service
            ("dan", "cancel", 403),
            ("bea", "reject", 403),
            ("ada", "reject", 200),
            ("dan", "reject", 403),
        ],
    )
    async def test_who_may_give_a_request_up(
        self, catalog: Catalog, subject: str, move: str, status: int
    ) -> None:
        made = await submit(catalog, catalog.caller("bea"), requested_for="cal")

        reply = await act(catalog, made.json()["number"], move, catalog.caller(subject))

        assert reply.status_code == status

    async def test_the_audit_trail_tells_who_moved_it_and_when(
        self, catalog: Catalog, number: str, worker: dict[str, str]
    ) -> None:
        await in_state(catalog, number, "in_fulfilment", worker)

        query = {"resource": "request", "key": number}
        entries = (await catalog.http.get("/v1/audit", params=query)).json()["items"]

        assert [entry["action"] for entry in entries] == ["step_started", "submitted"]
        assert (
            entries[0]["actor"],
            entries[0]["before"]["state"],
            entries[0]["after"]["state"],
        ) == (
            "worker",
            "submitted",
            "in_fulfilment",
        )


class TestSheets:
    async def test_the_document_counts_requests_and_shows_the_newest(
        self, catalog: Catalog, number: str, worker: dict[str, str]
    ) -> None:
        await in_state(catalog, number, "fulfilled", worker)
        newer = (await submit(catalog)).json()["number"]

        shown = await section(catalog, REQUESTS)

        assert (shown["submitted"], shown["fulfilled"], shown["overdue"]) == (1, 1, 0)
        assert (shown["fulfilled_lately"], shown["met_lately"]) == (1, 1)
        assert [one["number"] for one in shown["newest"]] == [newer, number]

    async def test_the_document_counts_offerings(self, catalog: Catalog) -> None:
        body = {"key": "phone", "title": "Phone", "audience": {"everyone": True}}
        await catalog.http.post("/v1/services/vpn/offerings", json=body)

        shown = await section(catalog, OFFERINGS)

        counts = {name: value for name, value in shown.items() if name != "items"}
        assert counts == {
            "total": 2,
            "published": 1,
            "with_form": 1,
            "publishable": 1,
            "published_with_promise": 0,
        }
        assert [one["key"] for one in shown["items"]] == ["laptop", "phone"]

    @pytest.mark.parametrize("of", [OFFERINGS, REQUESTS])
    async def test_a_service_without_any_has_a_section_too(
        self, catalog: Catalog, onboard: Make, of: Section
    ) -> None:
        await onboard("mail")

        assert not any((await section(catalog, of, "mail")).values())

    async def test_open_requests_are_counted(self, catalog: Catalog, number: str) -> None:
        await submit(catalog)
        await act(catalog, number, "cancel")

        async with transaction(catalog.app.state.engine) as session:
            assert await open_requests(session, "vpn") == 1


async def section(catalog: Catalog, of: Section, service: str = "vpn") -> dict[str, Any]:
    """The section of a service as its document has it."""
    assert of.select is not None
    key = bindparam("service", type_=Text())
    async with transaction(catalog.app.state.engine) as session:
        found = await session.scalar(select(of.select(key)), {"service": service})
    shown: dict[str, Any] = of.shape.model_validate(found).model_dump(mode="json")
    return shown


class TestRead:
    async def test_it_is_addressed_by_number_and_by_id(self, catalog: Catalog, number: str) -> None:
        by_number = (await catalog.http.get(f"/v1/requests/{number}")).json()
        by_id = (await catalog.http.get(f"/v1/requests/{by_number['id']}")).json()

        assert by_id == by_number

    @pytest.mark.parametrize("name", ["REQ-999999", "nothing", str(UUID(int=1))])
    async def test_an_unknown_one_is_not_found(self, catalog: Catalog, name: str) -> None:
        assert (await catalog.http.get(f"/v1/requests/{name}")).status_code == 404

    @pytest.mark.parametrize(
        ("filters", "count"),
        [
            ({}, 2),
            ({"offering": "laptop"}, 2),
            ({"service": "mail"}, 0),
            ({"state": "submitted"}, 1),
            ({"requester": "bea"}, 1),
            ({"requested_for": "ada"}, 1),
            ({"customer": "sales"}, 0),
            ({"waiting_for": "approver"}, 1),
            ({"overdue": "true"}, 0),
            ({"overdue": "false"}, 2),
        ],
    )
    async def test_filters_narrow_the_list(
        self, catalog: Catalog, number: str, filters: dict[str, str], count: int
    ) -> None:
        other = (await submit(catalog, catalog.caller("bea"))).json()["number"]
        await act(catalog, other, "cancel", catalog.caller("bea"))

        items = (await catalog.http.get("/v1/requests", params=filters)).json()["items"]

        assert len(items) == count

    async def test_what_should_have_ended_is_overdue(self, catalog: Catalog, number: str) -> None:
        async with transaction(catalog.app.state.engine) as session:
            await session.execute(text("UPDATE catalog.request SET due_at = '2026-01-01'"))

        items = (await catalog.http.get("/v1/requests?overdue=true")).json()["items"]

        assert [(item["number"], item["overdue"]) for item in items] == [(number, True)]

    async def test_the_newest_come_first_page_by_page(self, catalog: Catalog, number: str) -> None:
        newer = (await submit(catalog)).json()["number"]

        first = (await catalog.http.get("/v1/requests?limit=1")).json()
        query = {"limit": 1, "cursor": first["next_cursor"]}
        second = (await catalog.http.get("/v1/requests", params=query)).json()

        assert [one["items"][0]["number"] for one in (first, second)] == [newer, number]
        assert second["next_cursor"] is None
