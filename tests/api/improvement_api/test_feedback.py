"""Feedback: comments once each, themes by phrases and by hand, one plan, and what became of it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from improvement_api.facts.sheets import own_facts
from shared.kit.clock import now
from shared.kit.database import reading
from tests.support.eventually import eventually
from tests.support.feedback import (
    FEEDBACK,
    THEMES,
    Comments,
    Requirements,
    ago,
    comment,
    make_theme,
    plans,
    read_theme,
    say,
    with_comments,
)
from tests.support.improvement import Improvement


@pytest.fixture
def metrics(tollgate: Improvement) -> Comments:
    return with_comments(tollgate)


async def texts(tollgate: Improvement, **params: Any) -> list[str]:
    reply = await tollgate.http.get(FEEDBACK, params=params)
    assert reply.status_code == 200, reply.text
    return [item["text"] for item in reply.json()["items"]]


async def unanswered(tollgate: Improvement) -> Any:
    async with reading(tollgate.app.state.engine) as session:
        name = "unanswered_feedback_themes"
        return (await own_facts(session, "vpn", [name], now()))[name].value


class TestComments:
    async def test_each_is_taken_in_once_with_the_mood_of_its_score(
        self, tollgate: Improvement, metrics: Comments
    ) -> None:
        metrics.items = [
            comment("S1", score=5, comment="fine", answered_at=ago(days=1)),
            comment("S2", score=None, comment="no score", answered_at=ago(days=2)),
            comment("S3", kind="nps", score=8, comment="so so", answered_at=ago(days=3)),
        ]

        for _ in range(2):
            await tollgate.run_job("read_comments", {})

        items = (await tollgate.http.get(FEEDBACK)).json()["items"]
        moods = [(one["external_id"], one["sentiment"]) for one in items]
        assert moods == [("S1", "positive"), ("S2", None), ("S3", "neutral")]

    async def test_a_later_change_takes_its_place_and_an_older_one_does_not(
        self, tollgate: Improvement, metrics: Comments
    ) -> None:
        metrics.items = [comment("S1", comment="second", received_at=ago(minutes=20))]
        await tollgate.run_job("read_comments", {})
        metrics.items = [comment("S1", comment="third", received_at=ago(minutes=1))]
        await tollgate.run_job("read_comments", {})
        metrics.items = [comment("S1", comment="first", received_at=ago(minutes=10))]

        await tollgate.run_job("read_comments", {})

        assert await texts(tollgate) == ["third"]

    async def test_what_became_visible_late_is_not_lost(
        self, tollgate: Improvement, metrics: Comments
    ) -> None:
        await tollgate.run_job("read_comments", {})
        metrics.items = [comment("S1", received_at=ago(minutes=5))]

        await tollgate.run_job("read_comments", {})

        assert await texts(tollgate) == ["Signing in is slow"]

    async def test_a_reading_that_breaks_off_is_made_up_for(
        self, tollgate: Improvement, metrics: Comments
    ) -> None:
        metrics.items = [comment(f"S{n}", received_at=ago(days=n + 1)) for n in range(5)]
        metrics.breaks_after = 1
        with pytest.raises(Exception, match="metrics-api"):
            await tollgate.run_job("read_comments", {})
        metrics.breaks_after = None

        await tollgate.run_job("read_comments", {})

        assert len(await texts(tollgate)) == 5

    async def test_one_that_is_attributed_anew_goes_to_the_themes_of_its_service(
        self, tollgate: Improvement, metrics: Comments
    ) -> None:
        theme, metrics.items = await make_theme(tollgate), [comment("S1")]
        await tollgate.run_job("read_comments", {})
        before = (await read_theme(tollgate, theme))["mentions"]
        metrics.items[0] = metrics.items[0] | {"service": "mail"}

        await tollgate.run_job("read_all_comments", {})

        assert (before, (await read_theme(tollgate, theme))["mentions"]) == (1, 0)

    async def test_a_worker_takes_them_in(self, tollgate: Improvement, metrics: Comments) -> None:
        metrics.items = [comment("S1")]
        async with tollgate.working():
            tollgate.as_admin(
                "INSERT INTO improvement_jobs.procrastinate_jobs (queue_name, task_name, args)"
                " VALUES ('improvement', 'read_comments', '{}')"
            )

            async def taken_in() -> bool:
                return len(await texts(tollgate)) == 1

            await eventually(taken_in)


class TestThemes:
    async def test_phrases_attract_whole_words_in_any_case_with_or_without_accents(
        self, tollgate: Improvement
    ) -> None:
        theme = await make_theme(tollgate, phrases=["café"])
        for text in ("The CAFE is shut", "Cafeteria food", "No coffee", "Am café!"):
            await say(tollgate, text)

        reply = await tollgate.http.get(f"{THEMES}/{theme['id']}/mentions")

        assert {one["entry"]["text"] for one in reply.json()["items"]} == {
            "The CAFE is shut",
            "Am café!",
        }

    async def test_what_was_said_before_is_in_a_new_theme_and_one_thing_may_be_in_several(
        self, tollgate: Improvement
    ) -> None:
        await say(tollgate, "Signing in is slow")
        await say(tollgate, "Signing in is slow", said_at=ago(days=100))

        themes = [await make_theme(tollgate), await make_theme(tollgate, phrases=["slow"])]

        assert [theme["mentions"] for theme in themes] == [1, 1]

    async def test_by_hand_it_is_in_or_out_whatever_the_phrases_say(
        self, tollgate: Improvement
    ) -> None:
        theme = await make_theme(tollgate)
        attracted, other = await say(tollgate), await say(tollgate, "Login hangs")
        path = f"{THEMES}/{theme['id']}/mentions"
        for entry, included in ((attracted, False), (other, True)):
            body = {"included": included, "reason": "read it"}
            reply = await tollgate.http.put(f"{path}/{entry['id']}", json=body)
            assert reply.status_code == 204, reply.text

        change = {"phrases": ["signing in", "unheard of"]}
        await tollgate.http.patch(f"{THEMES}/{theme['id']}", json=change, headers={"If-Match": "*"})

        assert await texts(tollgate, theme=theme["id"]) == ["Login hangs"]

    async def test_other_phrases_count_anew(self, tollgate: Improvement) -> None:
        theme = await make_theme(tollgate)
        await say(tollgate)
        path, headers = f"{THEMES}/{theme['id']}", {"If-Match": '"1"'}

        reply = await tollgate.http.patch(path, json={"phrases": ["hangs"]}, headers=headers)
        stale = await tollgate.http.patch(path, json={"phrases": []}, headers=headers)

        assert reply.json()["mentions"] == 0
        assert stale.status_code == 412

    async def test_a_phrase_without_a_word_is_refused(self, tollgate: Improvement) -> None:
        body = {"service": "vpn", "title": "x", "phrases": ["ok", "!!"]}

        reply = await tollgate.http.post(THEMES, json=body)

        assert (reply.status_code, reply.json()["code"]) == (422, "empty_phrase")
        assert reply.json()["errors"][0]["pointer"] == "/phrases/1"


class TestThePlan:
    async def test_enough_mentions_open_one_plan_that_cites_them(
        self, tollgate: Improvement
    ) -> None:
        theme = await make_theme(tollgate, threshold=2)
        await say(tollgate)
        few = await plans(tollgate)

        for _ in range(3):
            await say(tollgate)

        (plan,) = await plans(tollgate)
        shown = await read_theme(tollgate, theme)
        assert few == []
        assert (plan["title"], plan["state"]) == ("Slow sign-in", "draft")
        assert plan["cause"]["mentions"] == 2
        assert plan["cause"]["examples"][0]["text"] == "Signing in is slow"
        assert (shown["plan"]["id"], shown["mentions"]) == (plan["id"], 4)

    async def test_of_many_who_say_it_at_once_none_is_overlooked_and_one_opens_it(
        self, tollgate: Improvement
    ) -> None:
        theme = await make_theme(tollgate, threshold=6)

        await asyncio.gather(*(say(tollgate) for _ in range(6)))

        assert len(await plans(tollgate)) == 1
        assert (await read_theme(tollgate, theme))["plan"] is not None

    async def test_old_mentions_do_not_count(self, tollgate: Improvement) -> None:
        theme = await make_theme(tollgate, threshold=2, window_days=30)

        await say(tollgate)
        await say(tollgate, said_at=ago(days=31))

        shown = await read_theme(tollgate, theme)
        assert (shown["mentions"], shown["all_mentions"], shown["plan"]) == (1, 2, None)

    async def test_a_lower_threshold_opens_it(self, tollgate: Improvement) -> None:
        theme = await make_theme(tollgate)
        for _ in range(2):
            await say(tollgate)

        reply = await tollgate.http.patch(
            f"{THEMES}/{theme['id']}", json={"threshold": 2}, headers={"If-Match": '"1"'}
        )

        assert reply.json()["plan"]["state"] == "draft"

    async def test_comments_that_come_in_one_page_open_it(
        self, tollgate: Improvement, metrics: Comments
    ) -> None:
        await make_theme(tollgate, threshold=2)
        metrics.items = [comment("S1"), comment("S2")]

        await tollgate.run_job("read_comments", {})

        (plan,) = await plans(tollgate)
        assert plan["cause"]["negative"] == 2


class TestTheLoop:
    async def test_requirement_plan_and_answer_are_told_to_who_said_it(
        self, tollgate: Improvement
    ) -> None:
        requirement = str(uuid4())
        tollgate.fake.real["catalog"] = Requirements(tollgate, requirement)
        theme = await make_theme(tollgate, threshold=2)
        for text in ("Signing in is slow", "Signing in, again", "Something else"):
            await say(tollgate, text)
        await say(tollgate, customer="law")
        path, any_version = f"{THEMES}/{theme['id']}", {"If-Match": "*"}
        before = await unanswered(tollgate)

        linked = await tollgate.http.put(
            f"{path}/requirement",
            json={"service": "vpn", "requirement": requirement},
            headers=any_version,
        )
        answered = await tollgate.http.put(
            f"{path}/answer",
            json={"text": "From May on it takes a second."},
            headers={**any_version, **tollgate.caller("ada")},
        )

        loop = await tollgate.http.get(f"{FEEDBACK}/loop", params={"customer": "sales"})
        became = {
            one["entry"]["text"]: [theme["answer"] for theme in one["themes"]]
            for one in loop.json()["items"]
        }
        assert linked.status_code == answered.status_code == 200
        assert answered.json()["requirement"]["requirement"] == requirement
        assert became["Something else"] == []
        assert became["Signing in, again"][0]["by"] == "ada"
        assert len(became) == 3
        assert (before, await unanswered(tollgate)) == (1, 0)

    async def test_a_requirement_that_the_catalog_does_not_know_is_refused(
        self, tollgate: Improvement
    ) -> None:
        tollgate.fake.real["catalog"] = Requirements(tollgate, str(uuid4()))
        theme = await make_theme(tollgate)

        reply = await tollgate.http.put(
            f"{THEMES}/{theme['id']}/requirement",
            json={"service": "vpn", "requirement": str(uuid4())},
            headers={"If-Match": "*"},
        )

        assert (reply.status_code, reply.json()["code"]) == (422, "unknown_requirement")

    async def test_what_was_said_and_by_whom_is_not_in_the_audit(
        self, tollgate: Improvement
    ) -> None:
        await say(tollgate, "I, Bea, am cross", said_by="bea")

        entries = (await tollgate.http.get("/v1/audit?resource=feedback")).json()["items"]

        assert [entry["action"] for entry in entries] == ["recorded"]
        assert "cross" not in str(entries)
        assert "bea" not in str(entries[0]["after"])

    async def test_what_was_said_is_cited_by_the_plan_and_not_by_its_audit(
        self, tollgate: Improvement
    ) -> None:
        await make_theme(tollgate, threshold=2)
        for _ in range(2):
            await say(tollgate)

        (plan,) = await plans(tollgate)
        entries = (await tollgate.http.get("/v1/audit?resource=plan")).json()["items"]

        assert "Signing in is slow" in str(plan["cause"])
        assert [entry["after"]["cause_key"] for entry in entries] == [plan["cause_key"]]
        assert "Signing in is slow" not in str(entries)

    async def test_nobody_has_said_anything_in_the_future(self, tollgate: Improvement) -> None:
        body = {"text": "x", "said_at": ago(days=-1)}

        reply = await tollgate.http.post(FEEDBACK, json=body)

        assert (reply.status_code, reply.json()["code"]) == (422, "not_said_yet")
        assert [error["pointer"] for error in reply.json()["errors"]] == ["/said_at"]
