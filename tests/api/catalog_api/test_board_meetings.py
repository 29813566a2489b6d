"""The meetings of boards over HTTP: who was there, and what was decided."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.kit.clock import now
from tests.support.boards import (
    ADA,
    BEA,
    BOARDS,
    CAL,
    GATE,
    SEC,
    change,
    make_board,
    post,
    schedule,
    seat,
)
from tests.support.catalog import Catalog, Make


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

    @pytest.mark.parametrize("moment", [1796115600, "1796115600", "2026-12-01", "2026-12-01T09:00"])
    async def test_a_moment_needs_its_time_and_offset(self, catalog: Catalog, moment: Any) -> None:
        await make_board(catalog)

        reply = await post(catalog, f"{BOARDS}/board/meetings", {"scheduled_for": moment})

        pointer = reply.json()["errors"][0]["pointer"]
        assert (reply.status_code, pointer) == (422, "/scheduled_for")

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
