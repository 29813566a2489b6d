"""What a review leaves: minutes, decisions, actions; and what closes it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from improvement_api.service_reviews.rules import hash_of
from tests.support.improvement import Improvement
from tests.support.reviews import (
    PAST,
    REVIEWS,
    Told,
    add_action,
    approve,
    end,
    held,
    move,
    schedule,
    tell,
)


@pytest.fixture
def told(tollgate: Improvement) -> Told:
    return tell(tollgate)


@pytest.fixture
async def review(tollgate: Improvement, told: Told) -> Any:
    return await schedule(tollgate)


class TestMinutes:
    @pytest.fixture
    async def meeting(self, tollgate: Improvement, told: Told) -> Any:
        return await held(tollgate)

    async def write(self, tollgate: Improvement, review: Any, text: str) -> httpx.Response:
        path = f"{REVIEWS}/{review['id']}/minutes"
        return await tollgate.http.post(path, json={"text": text})

    async def approve(
        self, tollgate: Improvement, review: Any, number: int, text: str, who: Mapping[str, str]
    ) -> httpx.Response:
        path = f"{REVIEWS}/{review['id']}/minutes/{number}/approvals"
        return await tollgate.http.post(path, json={"text_hash": hash_of(text)}, headers=who)

    async def test_every_version_is_kept_and_the_approved_one_is_the_last(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        first = await self.write(tollgate, meeting, "All well.")
        second = await self.write(tollgate, meeting, "All well, mostly.")
        chair = tollgate.caller("rosa")
        approved = await self.approve(tollgate, meeting, 2, "All well, mostly.", chair)
        third = await self.write(tollgate, meeting, "No.")

        found = [reply.status_code for reply in (first, second, approved, third)]
        assert found == [201, 201, 201, 409]
        listed = (await tollgate.http.get(f"{REVIEWS}/{meeting['id']}/minutes")).json()["items"]
        assert [(one["number"], one["approved_by"]) for one in listed] == [(2, "rosa"), (1, None)]
        assert listed[0]["text_hash"] == hash_of("All well, mostly.")
        one = await tollgate.http.get(first.headers["Location"])
        assert one.json()["text"] == "All well."

    async def test_only_the_chair_in_person_approves_the_newest_as_read(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        for text in ("old", "new"):
            await self.write(tollgate, meeting, text)
        chair = tollgate.caller("rosa")
        for_chair = tollgate.caller("pipeline", **{"On-Behalf-Of": "rosa"})

        replies = [
            await self.approve(tollgate, meeting, 2, "new", tollgate.caller("ines")),
            await self.approve(tollgate, meeting, 2, "new", for_chair),
            await self.approve(tollgate, meeting, 1, "old", chair),
            await self.approve(tollgate, meeting, 2, "other", chair),
            await self.approve(tollgate, meeting, 3, "new", chair),
            await self.approve(tollgate, meeting, 2, "new", chair),
            await self.approve(tollgate, meeting, 2, "new", chair),
        ]

        codes = [reply.json().get("code") for reply in replies]
        assert codes == [
            "not_the_chair",
            "not_in_person",
            "minutes_changed",
            "minutes_changed",
            "not_found",
            None,
            "minutes_approved",
        ]

    async def test_of_two_who_write_at_once_both_are_kept(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        texts = ["one", "two", "three"]
        replies = await asyncio.gather(*(self.write(tollgate, meeting, one) for one in texts))

        assert sorted(reply.json()["number"] for reply in replies) == [1, 2, 3]

    async def test_of_a_review_that_was_not_held_there_are_none(
        self, tollgate: Improvement, review: Any
    ) -> None:
        reply = await self.write(tollgate, review, "All well.")

        assert (reply.status_code, reply.json()["allowed"]) == (409, ["held"])


class TestRecords:
    @pytest.fixture
    async def meeting(self, tollgate: Improvement, told: Told) -> Any:
        return await held(tollgate)

    async def test_decisions_are_kept_in_their_order(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        path = f"{REVIEWS}/{meeting['id']}/decisions"
        for text in ("Renew the contract", "Ask for an offer"):
            body = {"text": text, "decided_by": ["rosa", "Mr Sales"]}
            assert (await tollgate.http.post(path, json=body)).status_code == 201

        listed = (await tollgate.http.get(path)).json()["items"]

        assert [one["text"] for one in listed] == ["Renew the contract", "Ask for an offer"]
        assert listed[0]["decided_by"] == ["rosa", "Mr Sales"]

    async def test_an_action_is_done_with_what_shows_it_and_then_stays(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        action = await add_action(tollgate, meeting)

        done = await end(tollgate, action, evidence="CHG42")
        again = await end(tollgate, action, evidence="CHG43")
        path = f"/v1/review-actions/{action['id']}"
        late = await tollgate.http.patch(path, json={"owner": "x"}, headers={"If-Match": "*"})
        empty = await end(tollgate, await add_action(tollgate, meeting), evidence="")

        assert [reply.status_code for reply in (done, again, late, empty)] == [200, 409, 409, 422]
        found = done.json()
        assert (found["state"], found["evidence"], found["overdue"]) == ("done", "CHG42", False)
        assert (found["done_by"], found["version"]) == ("pipeline", 2)

    async def test_overdue_ones_of_all_reviews_are_listed(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        other = await held(tollgate, services=["mail"])
        ahead = (PAST.date() + timedelta(days=30)).isoformat()
        late = await add_action(tollgate, meeting)
        also = await add_action(tollgate, other, owner="bea")
        await add_action(tollgate, meeting, due_on=ahead)
        await add_action(tollgate, meeting, due_on=None, owner=None)
        await end(tollgate, await add_action(tollgate, meeting), evidence="seen")

        async def listed(**params: str) -> list[str]:
            reply = await tollgate.http.get("/v1/review-actions", params=params)
            return [item["id"] for item in reply.json()["items"]]

        assert await listed(overdue="true") == [late["id"], also["id"]]
        assert await listed(overdue="true", service="mail") == [also["id"]]
        assert await listed(overdue="true", owner="bea") == [also["id"]]
        assert len(await listed(review=meeting["id"])) == 4
        assert len(await listed(state="done")) == 1

    async def test_closing_says_what_is_lacking(self, tollgate: Improvement, meeting: Any) -> None:
        nobody = await add_action(tollgate, meeting, owner=None)
        someday = await add_action(tollgate, meeting, due_on=None)
        without = await move(tollgate, meeting, "closed")
        await approve(tollgate, meeting)
        lacking = await move(tollgate, meeting, "closed")
        path = f"/v1/review-actions/{nobody['id']}"
        await tollgate.http.patch(path, json={"owner": "ines"}, headers={"If-Match": '"1"'})
        await end(tollgate, someday, state="cancelled", evidence="no longer needed")
        closed = await move(tollgate, meeting, "closed")
        more = await tollgate.http.post(
            f"{REVIEWS}/{meeting['id']}/actions", json={"text": "One more"}
        )

        assert without.json()["code"] == "minutes_not_approved"
        assert (lacking.status_code, lacking.json()["code"]) == (409, "actions_incomplete")
        expected = {nobody["id"]: ["owner"], someday["id"]: ["due_on"]}
        assert lacking.json()["actions"] == expected
        assert (closed.json()["state"], closed.json()["moves"]) == ("closed", [])
        assert (more.status_code, more.json()["code"]) == (409, "state_not_allowed")

    async def test_everything_is_audited(self, tollgate: Improvement, meeting: Any) -> None:
        await add_action(tollgate, meeting)
        await approve(tollgate, meeting)
        await move(tollgate, meeting, "closed")

        reply = await tollgate.http.get("/v1/audit", params={"key": meeting["id"]})

        assert [entry["action"] for entry in reversed(reply.json()["items"])] == [
            "created",
            "ordered_pack",
            "made_pack",
            "moved",
            "wrote_minutes",
            "approved_minutes",
            "moved",
        ]
        made = reply.json()["items"][-3]
        assert (made["actor"], made["on_behalf_of"]) == ("improvement-api", "pipeline")
