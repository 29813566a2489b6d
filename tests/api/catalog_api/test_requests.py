"""Requests over HTTP: walked step by step, counted in documents, read."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Text, bindparam, select, text

from catalog_api.offerings.sheet import SECTIONS as OFFERINGS_SHEET
from catalog_api.requests.queries import open_requests
from catalog_api.requests.sheet import SECTIONS as REQUESTS_SHEET
from catalog_api.sheets import Section
from shared.kit.database import transaction
from tests.support.catalog import Catalog, Make
from tests.support.requests import act, as_role, submit

(OFFERINGS,), (REQUESTS,) = OFFERINGS_SHEET, REQUESTS_SHEET
pytestmark = pytest.mark.usefixtures("laptop")


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


class TestWalk:
    async def test_the_steps_are_walked_in_order_and_the_last_one_fulfils(
        self, catalog: Catalog, request_number: str, worker: dict[str, str]
    ) -> None:
        seen = []
        for step in ("check/start", "check/complete", "hand-over/start", "hand-over/complete"):
            reply = (await act(catalog, request_number, step, worker)).json()
            seen.append((reply["state"], reply["waiting_for"]))

        assert seen == [
            ("in_fulfilment", "approver"),
            ("in_fulfilment", "desk_agent"),
            ("in_fulfilment", "desk_agent"),
            ("fulfilled", None),
        ]

    async def test_a_fulfilled_request_has_its_timings(
        self, catalog: Catalog, request_number: str, worker: dict[str, str]
    ) -> None:
        await in_state(catalog, request_number, "fulfilled", worker)

        read = (await catalog.http.get(f"/v1/requests/{request_number}")).json()

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
        request_number: str,
        worker: dict[str, str],
        walked: list[str],
        step: str,
        code: str,
    ) -> None:
        for done in walked:
            await act(catalog, request_number, done, worker)

        reply = await act(catalog, request_number, step, worker)

        assert (reply.status_code, reply.json()["code"]) == (409, code)
        assert reply.json()["next"] in ("check", "hand-over")

    async def test_of_many_at_once_one_starts_a_step(
        self, catalog: Catalog, request_number: str, worker: dict[str, str]
    ) -> None:
        replies = await asyncio.gather(
            *(act(catalog, request_number, "check/start", worker) for _ in range(5))
        )

        assert sorted(reply.status_code for reply in replies) == [200, 409, 409, 409, 409]

    async def test_a_step_is_walked_by_a_holder_of_its_role(
        self, catalog: Catalog, request_number: str
    ) -> None:
        reply = await act(catalog, request_number, "check/start", as_role(catalog, "desk_agent"))

        assert (reply.status_code, reply.json()["missing_role"]) == (403, ["approver"])

    async def test_an_owner_of_the_service_in_that_role_walks_it_too(
        self, catalog: Catalog, request_number: str
    ) -> None:
        owners = [
            {"role": "service_owner", "subject": "ada"},
            {"role": "approver", "subject": "bea"},
        ]
        await catalog.http.put("/v1/services/vpn/owners", json=owners, headers={"If-Match": "*"})

        reply = await act(catalog, request_number, "check/start", catalog.caller("bea"))

        assert (reply.status_code, reply.json()["steps"][0]["started_by"]) == (200, "bea")

    async def test_an_unknown_step_is_not_found(
        self, catalog: Catalog, request_number: str, worker: dict[str, str]
    ) -> None:
        assert (await act(catalog, request_number, "fly/start", worker)).status_code == 404

    @pytest.mark.parametrize("state", ["submitted", "in_fulfilment"])
    @pytest.mark.parametrize(("move", "ended"), [("cancel", "cancelled"), ("reject", "rejected")])
    async def test_an_open_request_is_given_up_with_a_reason(
        self,
        catalog: Catalog,
        request_number: str,
        worker: dict[str, str],
        state: str,
        move: str,
        ended: str,
    ) -> None:
        await in_state(catalog, request_number, state, worker)

        reply = await act(catalog, request_number, move)

        assert (reply.status_code, reply.json()["state"]) == (200, ended)
        assert (reply.json()["reason"], reply.json()["waiting_for"]) == ("no longer needed", None)
        assert (reply.json()["met"], reply.json()["fulfilled_at"]) == (None, None)

    @pytest.mark.parametrize("state", ["fulfilled", "cancelled", "rejected"])
    @pytest.mark.parametrize("move", ["cancel", "reject", "check/start", "hand-over/complete"])
    async def test_what_has_ended_does_not_move(
        self, catalog: Catalog, request_number: str, worker: dict[str, str], state: str, move: str
    ) -> None:
        await in_state(catalog, request_number, state, worker)

        reply = await act(catalog, request_number, move, None if "/" not in move else worker)

        assert (reply.status_code, reply.json()["state"]) == (409, state)
        assert reply.json()["allowed"] == (
            [] if "/" not in move else ["submitted", "in_fulfilment"]
        )

    async def test_giving_up_needs_a_reason(self, catalog: Catalog, request_number: str) -> None:
        reply = await catalog.http.post(
            f"/v1/requests/{request_number}/cancel", json={"reason": ""}
        )

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
        self, catalog: Catalog, request_number: str, worker: dict[str, str]
    ) -> None:
        await in_state(catalog, request_number, "in_fulfilment", worker)

        query = {"resource": "request", "key": request_number}
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
        self, catalog: Catalog, request_number: str, worker: dict[str, str]
    ) -> None:
        await in_state(catalog, request_number, "fulfilled", worker)
        newer = (await submit(catalog)).json()["number"]

        shown = await section(catalog, REQUESTS)

        assert (shown["submitted"], shown["fulfilled"], shown["overdue"]) == (1, 1, 0)
        assert (shown["fulfilled_lately"], shown["met_lately"]) == (1, 1)
        assert [one["number"] for one in shown["newest"]] == [newer, request_number]

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

    async def test_open_requests_are_counted(self, catalog: Catalog, request_number: str) -> None:
        await submit(catalog)
        await act(catalog, request_number, "cancel")

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
    async def test_it_is_addressed_by_number_and_by_id(
        self, catalog: Catalog, request_number: str
    ) -> None:
        by_number = (await catalog.http.get(f"/v1/requests/{request_number}")).json()
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
        self, catalog: Catalog, request_number: str, filters: dict[str, str], count: int
    ) -> None:
        other = (await submit(catalog, catalog.caller("bea"))).json()["number"]
        await act(catalog, other, "cancel", catalog.caller("bea"))

        items = (await catalog.http.get("/v1/requests", params=filters)).json()["items"]

        assert len(items) == count

    async def test_what_should_have_ended_is_overdue(
        self, catalog: Catalog, request_number: str
    ) -> None:
        async with transaction(catalog.app.state.engine) as session:
            await session.execute(text("UPDATE catalog.request SET due_at = '2026-01-01'"))

        items = (await catalog.http.get("/v1/requests?overdue=true")).json()["items"]

        assert [(item["number"], item["overdue"]) for item in items] == [(request_number, True)]

    async def test_the_newest_come_first_page_by_page(
        self, catalog: Catalog, request_number: str
    ) -> None:
        newer = (await submit(catalog)).json()["number"]

        first = (await catalog.http.get("/v1/requests?limit=1")).json()
        query = {"limit": 1, "cursor": first["next_cursor"]}
        second = (await catalog.http.get("/v1/requests", params=query)).json()

        assert [one["items"][0]["number"] for one in (first, second)] == [newer, request_number]
        assert second["next_cursor"] is None
