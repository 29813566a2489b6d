"""Boards over HTTP: seats, quorum, gates and their end."""

import asyncio
from typing import Any

import pytest

from tests.support.boards import (
    ADA,
    BEA,
    BOARDS,
    CAL,
    DAN,
    GATE,
    SEC,
    change,
    make_board,
    post,
    schedule,
    seat,
)
from tests.support.catalog import Catalog

NOWHERE = "00000000-0000-0000-0000-000000000000"


class TestFound:
    async def test_a_board_shows_its_voters_and_its_quorum(self, catalog: Catalog) -> None:
        board = await make_board(catalog, quorum={"minimum": 1, "share": 0.6})

        assert board["voting_members"] == ["ada", "bea", "cal"]
        assert board["quorum"] == {"minimum": 1, "share": 0.6, "needed": 2, "possible": True}

    @pytest.mark.parametrize(
        ("members", "pointer"),
        [
            ([BEA], "/members"),
            ([ADA, {"subject": "eve", "role": "chair"}], "/members/1"),
            ([ADA, {"subject": "ada", "role": "advisor"}], "/members/1"),
            ([ADA | {"valid_from": "2199-01-01T00:00:00Z"}], "/members/0/valid_from"),
            ([], "/members"),
        ],
    )
    async def test_seats_that_cannot_be_are_refused(
        self, catalog: Catalog, members: Any, pointer: str
    ) -> None:
        body = {"name": "b", "purpose": "p", "cadence_days": 1, "members": members}
        reply = await post(catalog, BOARDS, body)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_a_quorum_beyond_the_voters_is_refused(self, catalog: Catalog) -> None:
        body = {
            "name": "b",
            "purpose": "p",
            "cadence_days": 1,
            "quorum": {"minimum": 2},
            "members": [ADA, DAN, SEC],
        }
        reply = await post(catalog, BOARDS, body)

        assert (reply.status_code, reply.json()["code"]) == (409, "quorum_out_of_reach")
        assert (reply.json()["needed"], reply.json()["voting_members"]) == (2, ["ada"])

    async def test_a_taken_key_is_refused_with_a_free_one(self, catalog: Catalog) -> None:
        await make_board(catalog)

        body = {"name": "Board", "purpose": "p", "cadence_days": 1, "members": [ADA]}
        assert (await post(catalog, BOARDS, body)).json()["suggestion"] == "board-2"


class TestMembers:
    async def test_who_leaves_stays_in_the_history(self, catalog: Catalog) -> None:
        await make_board(catalog)

        reply = await seat(catalog, [ADA, BEA], '"1"')
        past = await catalog.http.get(f"{BOARDS}/board/members", params={"past": True})

        assert reply.headers["ETag"] == '"2"'
        assert {one["subject"] for one in reply.json()["items"]} == {"ada", "bea"}
        ended = {one["subject"] for one in past.json()["items"] if one["valid_to"]}
        assert ended == {"cal", "sec", "dan"}

    async def test_a_new_role_is_a_new_seat(self, catalog: Catalog) -> None:
        await make_board(catalog)

        await seat(catalog, [BEA | {"role": "chair"}, ADA | {"role": "member"}])
        board = (await catalog.http.get(f"{BOARDS}/board")).json()

        roles = {one["subject"]: one["role"] for one in board["members"]}
        assert roles == {"ada": "member", "bea": "chair"}

    async def test_the_quorum_stays_within_reach(self, catalog: Catalog) -> None:
        await make_board(catalog)

        replies = [
            await seat(catalog, [ADA, SEC, DAN]),
            await change(catalog, f"{BOARDS}/board", {"quorum": {"minimum": 4}}),
        ]

        assert [reply.json()["code"] for reply in replies] == ["quorum_out_of_reach"] * 2

    async def test_the_same_members_again_leave_no_trace(self, catalog: Catalog) -> None:
        await make_board(catalog)

        assert (await seat(catalog, [DAN, SEC, CAL, BEA, ADA])).headers["ETag"] == '"1"'
        assert (await seat(catalog, [ADA], '"9"')).status_code == 412


class TestGates:
    async def test_a_gate_has_one_board(self, catalog: Catalog) -> None:
        await make_board(catalog, "first", decides=[{"gate": GATE}])
        await make_board(catalog, "second")

        reply = await change(catalog, f"{BOARDS}/second", {"decides": [{"gate": GATE}]})

        assert (reply.status_code, reply.json()["code"]) == (409, "gate_taken")
        assert reply.json()["taken"] == [{"gate": GATE, "portfolio": None, "board": "first"}]

    async def test_of_two_boards_at_once_one_takes_the_gate(self, catalog: Catalog) -> None:
        await make_board(catalog, "first")
        await make_board(catalog, "second")

        replies = await asyncio.gather(
            *(
                change(catalog, f"{BOARDS}/{key}", {"decides": [{"gate": GATE}]})
                for key in ("first", "second")
            )
        )

        assert sorted(reply.status_code for reply in replies) == [200, 409]

    async def test_the_board_of_a_portfolio_goes_before_the_general_one(
        self, catalog: Catalog
    ) -> None:
        await catalog.http.post("/v1/portfolios", json={"key": "finance", "name": "F"})
        await make_board(catalog, "general", decides=[{"gate": GATE}])
        special = [{"gate": GATE, "portfolio": "workplace"}]
        await make_board(catalog, "special", decides=special)

        async def deciding(portfolio: str) -> list[str]:
            query = {"gate": GATE, "portfolio": portfolio}
            reply = await catalog.http.get(BOARDS, params=query)
            return [board["key"] for board in reply.json()["items"]]

        assert await deciding("workplace") == ["special"]
        assert await deciding("finance") == ["general"]

    async def test_a_gate_that_was_left_is_free(self, catalog: Catalog) -> None:
        await make_board(catalog, "first", decides=[{"gate": GATE}])
        await change(catalog, f"{BOARDS}/first", {"decides": []})

        board = await make_board(catalog, "second", decides=[{"gate": GATE}])

        assert board["decides"] == [{"gate": GATE, "portfolio": None}]

    async def test_an_unknown_portfolio_and_a_gate_named_twice_are_refused(
        self, catalog: Catalog
    ) -> None:
        await make_board(catalog)
        decides = [{"gate": GATE, "portfolio": "none"}, {"gate": GATE}, {"gate": GATE}]

        reply = await change(catalog, f"{BOARDS}/board", {"decides": decides})

        assert [error["pointer"] for error in reply.json()["errors"]] == [
            "/decides/0/portfolio",
            "/decides/2",
        ]


class TestEnd:
    async def test_a_board_that_ends_frees_its_gates(self, catalog: Catalog) -> None:
        await make_board(catalog, "first", decides=[{"gate": GATE}])

        ended = await post(catalog, f"{BOARDS}/first/end")
        await make_board(catalog, "second", decides=[{"gate": GATE}])

        assert (ended.json()["decides"], ended.json()["next_meeting_due"]) == ([], None)
        listed = (await catalog.http.get(BOARDS)).json()["items"]
        assert [board["key"] for board in listed] == ["second"]

    async def test_a_board_with_open_meetings_cannot_end(self, catalog: Catalog) -> None:
        await make_board(catalog)
        meeting = await schedule(catalog)

        reply = await post(catalog, f"{BOARDS}/board/end")

        assert (reply.status_code, reply.json()["code"]) == (409, "meetings_open")
        assert meeting.endswith(reply.json()["meetings"][0])

    async def test_a_board_that_ended_does_nothing_more(self, catalog: Catalog) -> None:
        await make_board(catalog)
        await post(catalog, f"{BOARDS}/board/end")

        replies = [
            await post(catalog, f"{BOARDS}/board/end"),
            await change(catalog, f"{BOARDS}/board", {"name": "x"}),
            await seat(catalog, [ADA, BEA]),
            await post(
                catalog, f"{BOARDS}/board/meetings", {"scheduled_for": "2026-12-01T09:00:00Z"}
            ),
        ]

        assert [reply.json()["code"] for reply in replies] == ["board_ended"] * 4


@pytest.mark.parametrize(
    "path",
    [
        "none",
        "none/members",
        "none/meetings",
        "none/decisions",
        f"none/meetings/{NOWHERE}",
        f"none/decisions/{NOWHERE}",
    ],
)
async def test_what_is_not_there_is_not_found(catalog: Catalog, path: str) -> None:
    assert (await catalog.http.get(f"{BOARDS}/{path}")).status_code == 404


async def test_each_change_is_audited(catalog: Catalog) -> None:
    await make_board(catalog)
    await change(catalog, f"{BOARDS}/board", {"quorum": {"minimum": 3}, "name": "board"})

    query = {"resource": "board", "key": "board"}
    newest, oldest = (await catalog.http.get("/v1/audit", params=query)).json()["items"]

    assert (newest["before"], newest["after"]) == ({"quorum_minimum": 2}, {"quorum_minimum": 3})
    assert len(oldest["after"]["members"]) == 5
