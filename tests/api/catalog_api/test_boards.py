"""Boards over HTTP: seats, quorum, gates, meetings and decisions."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.kit.clock import now
from tests.support.catalog import Catalog, Make

BOARDS = "/v1/boards"
ADA = {"subject": "ada", "role": "chair"}
BEA = {"subject": "bea", "role": "member"}
CAL = {"subject": "cal", "role": "member"}
SEC = {"subject": "sec", "role": "secretary"}
DAN = {"subject": "dan", "role": "advisor"}
GATE = "transition-to-operate"
NOWHERE = "00000000-0000-0000-0000-000000000000"


async def post(catalog: Catalog, path: str, body: Any = None, who: str = "ada") -> httpx.Response:
    headers = {**catalog.caller(who), "If-Match": "*"}
    return await catalog.http.post(path, json=body, headers=headers)


async def make_board(catalog: Catalog, key: str = "board", **fields: Any) -> dict[str, Any]:
    body = {
        "key": key,
        "name": key,
        "purpose": "Decides.",
        "cadence_days": 30,
        "quorum": {"minimum": 2},
        "members": [ADA, BEA, CAL, SEC, DAN],
    } | fields
    reply = await post(catalog, BOARDS, body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def change(catalog: Catalog, path: str, body: Any, version: str = "*") -> httpx.Response:
    return await catalog.http.patch(path, json=body, headers={"If-Match": version})


async def seat(catalog: Catalog, members: Any, version: str = "*") -> httpx.Response:
    url = f"{BOARDS}/board/members"
    return await catalog.http.put(url, json=members, headers={"If-Match": version})


async def schedule(catalog: Catalog, board: str = "board") -> str:
    body = {"scheduled_for": "2026-12-01T09:00:00Z"}
    return (await post(catalog, f"{BOARDS}/{board}/meetings", body)).headers["Location"]


async def hold(catalog: Catalog, *attendees: str, board: str = "board") -> str:
    meeting = await schedule(catalog, board)
    reply = await post(catalog, f"{meeting}/hold", {"attendees": attendees})
    assert reply.status_code == 200, reply.text
    return meeting


def ballot(**votes: str) -> dict[str, Any]:
    return {
        "motion": "Move vpn on",
        "reason": "It is ready.",
        "votes": [{"subject": subject, "vote": vote} for subject, vote in votes.items()],
        "evidence_uri": "https://wiki.example.org/minutes/1",
    }


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


class TestMeetings:
    async def test_a_meeting_keeps_who_was_there_and_what_they_were(self, catalog: Catalog) -> None:
        await make_board(catalog)
        meeting = await hold(catalog, "ada", "dan", "guest", "ada")

        await seat(catalog, [BEA | {"role": "chair"}, CAL])
        shown = (await catalog.http.get(meeting)).json()

        attendees = [(one["subject"], one["role"], one["votes"]) for one in shown["attendees"]]
        assert attendees == [
            ("ada", "chair", True),
            ("dan", "advisor", False),
            ("guest", None, False),
        ]
        assert (shown["voters_present"], shown["quorum_needed"]) == (1, 2)
        assert shown["quorate"] is False

    @pytest.mark.parametrize("state", ["scheduled", "held", "minuted", "cancelled"])
    @pytest.mark.parametrize("move", ["hold", "cancel", "minute"])
    async def test_every_move_from_every_state(
        self, catalog: Catalog, state: str, move: str
    ) -> None:
        bodies = {
            "hold": {"attendees": ["ada"]},
            "cancel": {"reason": "nothing to do"},
            "minute": {"minutes": "We met."},
        }
        ways = {"scheduled": [], "held": ["hold"], "minuted": ["hold", "minute"]}
        await make_board(catalog)
        meeting = await schedule(catalog)
        for step in ways.get(state, ["cancel"]):
            await post(catalog, f"{meeting}/{step}", bodies[step])

        reply = await post(catalog, f"{meeting}/{move}", bodies[move])

        allowed = {"scheduled": {"hold", "cancel"}, "held": {"minute"}}.get(state, set())
        assert reply.status_code == (200 if move in allowed else 409)
        if move not in allowed:
            assert (reply.json()["code"], reply.json()["state"]) == ("move_not_allowed", state)

    async def test_only_a_scheduled_meeting_is_moved(self, catalog: Catalog) -> None:
        await make_board(catalog)
        meeting = await schedule(catalog)
        body = {"scheduled_for": "2027-01-01T09:00:00+01:00"}

        moved = await change(catalog, meeting, body, '"1"')
        await post(catalog, f"{meeting}/cancel", {"reason": "x"})

        assert moved.json()["scheduled_for"] == "2027-01-01T08:00:00Z"
        assert (await change(catalog, meeting, body)).json()["code"] == "state_not_allowed"

    async def test_a_meeting_in_the_past_counts_those_who_had_a_seat_then(
        self, catalog: Catalog
    ) -> None:
        old = {"valid_from": "2025-01-01T00:00:00Z"}
        await make_board(catalog, members=[ADA | old, BEA, SEC | old], quorum={"minimum": 1})
        meeting = await schedule(catalog)

        body = {"attendees": ["ada", "bea"], "held_at": "2025-06-01T09:00:00Z"}
        held = await post(catalog, f"{meeting}/hold", body)
        later = await post(
            catalog, f"{await schedule(catalog)}/hold", body | {"held_at": "2199-01-01T00:00:00Z"}
        )

        assert held.json()["voters_present"] == 1
        assert later.status_code == 422

    async def test_minutes_are_written_in_person_by_chair_or_secretary(
        self, catalog: Catalog
    ) -> None:
        await make_board(catalog)
        meeting = await hold(catalog, "ada", "bea")
        minutes = {"minutes": "We met."}

        member = await post(catalog, f"{meeting}/minute", minutes, "bea")
        proxy = await catalog.http.post(
            f"{meeting}/minute",
            json=minutes,
            headers={"If-Match": "*", "On-Behalf-Of": "ada"},
        )
        secretary = await post(catalog, f"{meeting}/minute", minutes, "sec")

        assert (member.json()["code"], proxy.json()["code"]) == ("role_missing", "not_in_person")
        assert secretary.json()["minuted_by"] == "sec"

    async def test_the_cadence_says_when_a_board_must_meet_again(self, catalog: Catalog) -> None:
        long_ago = (now() - timedelta(days=40)).replace(microsecond=0)
        member = ADA | {"valid_from": "2025-01-01T00:00:00Z"}
        fresh = await make_board(catalog, quorum={"minimum": 1}, members=[member])
        meeting = await schedule(catalog)

        await post(
            catalog, f"{meeting}/hold", {"attendees": ["ada"], "held_at": long_ago.isoformat()}
        )
        stale = (await catalog.http.get(f"{BOARDS}/board")).json()

        due = (long_ago.astimezone(UTC) + timedelta(days=30)).date().isoformat()
        assert (fresh["overdue"], stale["overdue"]) == (False, True)
        assert stale["next_meeting_due"] == due
        assert datetime.fromisoformat(stale["last_held_at"]) == long_ago


class TestDecisions:
    @pytest.fixture(autouse=True)
    async def board(self, catalog: Catalog) -> None:
        await make_board(catalog, decides=[{"gate": GATE}])

    async def test_the_majority_of_the_voters_present_decides(self, catalog: Catalog) -> None:
        meeting = await hold(catalog, "ada", "bea", "cal", "dan")

        body = ballot(ada="against", bea="for", cal="for")
        reply = await post(catalog, f"{meeting}/decisions", body, "sec")

        shown = reply.json()
        assert (reply.status_code, shown["outcome"], shown["settled_by"]) == (
            201,
            "adopted",
            "majority",
        )
        assert (shown["votes_for"], shown["votes_against"], shown["abstained"]) == (2, 1, 0)
        assert (await catalog.http.get(reply.headers["Location"])).json() == shown

    async def test_a_board_without_quorum_cannot_decide(self, catalog: Catalog) -> None:
        meeting = await hold(catalog, "ada", "dan", "sec", "guest")

        reply = await post(catalog, f"{meeting}/decisions", ballot(ada="for"))

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "no_quorum")
        assert (problem["present"], problem["needed"], problem["missing"]) == (1, 2, 1)
        decisions = await catalog.http.get(f"{BOARDS}/board/decisions")
        assert decisions.json()["items"] == []

    @pytest.mark.parametrize("outsider", ["dan", "sec", "cal", "guest"])
    async def test_only_voters_who_are_present_vote(self, catalog: Catalog, outsider: str) -> None:
        meeting = await hold(catalog, "ada", "bea", "dan", "sec", "guest")

        reply = await post(catalog, f"{meeting}/decisions", ballot(ada="for", **{outsider: "for"}))

        assert (reply.status_code, reply.json()["code"]) == (409, "may_not_vote")
        assert (reply.json()["refused"], reply.json()["allowed"]) == ([outsider], ["ada", "bea"])

    async def test_the_chair_breaks_a_tie(self, catalog: Catalog) -> None:
        meeting = await hold(catalog, "ada", "bea")

        reply = await post(catalog, f"{meeting}/decisions", ballot(ada="for", bea="against"))

        assert (reply.json()["outcome"], reply.json()["settled_by"]) == ("adopted", "chair")

    @pytest.mark.parametrize("who", ["bea", "dan", "stranger"])
    async def test_others_than_chair_and_secretary_record_nothing(
        self, catalog: Catalog, who: str
    ) -> None:
        meeting = await hold(catalog, "ada", "bea", "dan")

        reply = await post(catalog, f"{meeting}/decisions", ballot(ada="for"), who)

        assert (reply.status_code, reply.json()["code"]) == (403, "role_missing")

    async def test_nobody_records_a_decision_in_the_place_of_another(
        self, catalog: Catalog
    ) -> None:
        meeting = await hold(catalog, "ada", "bea")

        headers = {"On-Behalf-Of": "ada"}
        reply = await catalog.http.post(
            f"{meeting}/decisions", json=ballot(ada="for"), headers=headers
        )

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_recording_needs_its_scope(self, catalog: Catalog) -> None:
        meeting = await hold(catalog, "ada", "bea")

        writer = catalog.caller("ada", "catalog:write")
        reply = await catalog.http.post(
            f"{meeting}/decisions", json=ballot(ada="for"), headers=writer
        )

        assert reply.json()["missing_scope"] == "approvals:write"

    @pytest.mark.parametrize("steps", [[], ["hold", "minute"], ["cancel"]])
    async def test_only_a_held_meeting_decides(self, catalog: Catalog, steps: list[str]) -> None:
        bodies = {
            "hold": {"attendees": ["ada", "bea"]},
            "minute": {"minutes": "m"},
            "cancel": {"reason": "r"},
        }
        meeting = await schedule(catalog)
        for step in steps:
            await post(catalog, f"{meeting}/{step}", bodies[step])

        reply = await post(catalog, f"{meeting}/decisions", ballot(ada="for"))

        assert (reply.status_code, reply.json()["allowed"]) == (409, ["held"])

    async def test_a_gate_is_decided_by_its_board_only(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_board(catalog, "other")
        theirs = await hold(catalog, "ada", "bea", board="other")
        ours = await hold(catalog, "ada", "bea")
        about = ballot(ada="for") | {"service": "vpn", "gate": GATE}

        refused = await post(catalog, f"{theirs}/decisions", about)
        made = await post(catalog, f"{ours}/decisions", about)

        assert (refused.status_code, refused.json()["board"]) == (409, "board")
        assert (made.status_code, made.json()["gate"]) == (201, GATE)

    async def test_decisions_are_found_by_what_they_are_about(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        meeting = await hold(catalog, "ada", "bea")
        await post(catalog, f"{meeting}/decisions", ballot(ada="for") | {"service": "vpn"})
        await post(catalog, f"{meeting}/decisions", ballot(ada="against"))

        async def found(**query: str) -> list[str]:
            reply = await catalog.http.get(f"{BOARDS}/board/decisions", params=query)
            return [one["outcome"] for one in reply.json()["items"]]

        assert await found() == ["rejected", "adopted"]
        assert await found(service="vpn") == await found(outcome="adopted") == ["adopted"]
        assert len(await found(meeting=meeting.rsplit("/", 1)[1])) == 2

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"service": "none"}, "/service"),
            ({"gate": GATE}, "/service"),
            ({"votes": [{"subject": "ada", "vote": "for"}] * 2}, "/votes"),
            ({"evidence_uri": "somewhere"}, "/evidence_uri"),
            ({"motion": ""}, "/motion"),
        ],
    )
    async def test_a_malformed_decision_is_refused(
        self, catalog: Catalog, change: dict[str, Any], pointer: str
    ) -> None:
        meeting = await hold(catalog, "ada", "bea")

        reply = await post(catalog, f"{meeting}/decisions", ballot(ada="for") | change)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)


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
