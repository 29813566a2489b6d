"""Satisfaction and comments over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from metrics_api.records.tables import Survey
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.record_rows import JANUARY, add_records

DAY = timedelta(days=1)
FEBRUARY = JANUARY + 31 * DAY


async def given(metrics: Metrics, *surveys: dict[str, Any]) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network", name="The network")
        await add_records(session, Survey, *surveys)


def answer(score: int | None, **facts: Any) -> dict[str, Any]:
    return {"sent_at": JANUARY, "answered_at": JANUARY + DAY, "score": score, **facts}


async def report(metrics: Metrics, **asked: Any) -> dict[str, Any]:
    asked = {"kind": "csat", "periods": "2026-01", **asked}
    reply = await metrics.http.get("/v1/reports/satisfaction", params=asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def comments(metrics: Metrics, **asked: Any) -> list[str]:
    reply = await metrics.http.get("/v1/surveys/comments", params=asked)
    assert reply.status_code == 200, reply.text
    return [item["comment"] for item in reply.json()["items"]]


class TestSatisfaction:
    async def test_a_figure_comes_with_all_that_says_how_far_to_trust_it(
        self, metrics: Metrics
    ) -> None:
        unanswered = {"sent_at": JANUARY}
        await given(metrics, *map(answer, (5, 5, 4, 1)), unanswered)
        (value,) = (await report(metrics))["total"]
        assert (value["value"], value["answers"], value["mean"]) == (0.75, 4, 3.75)
        assert (value["sent"], value["responded"], value["response_rate"]) == (5, 4, 0.8)
        assert (value["small_sample"], value["reason"]) == (True, None)
        assert value["scores"] == [
            {"score": score, "answers": answers}
            for score, answers in ((1, 1), (2, 0), (3, 0), (4, 1), (5, 2))
        ]
        assert value["interval"] == pytest.approx({"low": 0.300642, "high": 0.954413}, abs=1e-6)
        assert value["margin"] == pytest.approx(0.326886, abs=1e-6)

    async def test_nps_is_in_points_with_its_margin(self, metrics: Metrics) -> None:
        await given(metrics, *(answer(score, kind="nps") for score in (10, 9, 9, 7, 3)))
        found = await report(metrics, kind="nps")
        (value,) = found["total"]
        # p = 3/5, d = 1/5: SE = 100·sqrt((0.8 − 0.16)/5) = 35.78
        assert (found["unit"], value["value"]) == ("points", 40)
        assert value["margin"] == pytest.approx(70.12, abs=0.01)
        assert value["interval"] == pytest.approx({"low": -30.12, "high": 100}, abs=0.01)
        assert value["small_sample"] is False

    async def test_there_is_a_row_for_each_touchpoint_also_for_none(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            desk = {"key": "desk", "name": "Service desk", "channel": "phone", "active": True}
            await add_copy(session, "touchpoint", "desk", desk)
        await given(
            metrics, answer(5, touchpoint="portal"), answer(1, touchpoint="desk"), answer(4)
        )
        rows = (await report(metrics))["rows"]
        assert [(row["key"], row["name"], row["values"][0]["value"]) for row in rows] == [
            (None, None, 1),
            ("desk", "Service desk", 0),
            ("portal", None, 1),
        ]

    @pytest.mark.parametrize(
        ("by", "expected"),
        [
            ("service", [(None, None), ("network", "The network")]),
            ("customer", [("finance", "Finance"), ("hr", None)]),
        ],
    )
    async def test_rows_can_be_of_services_or_of_customers(
        self, metrics: Metrics, by: str, expected: list[Any]
    ) -> None:
        async with transaction(metrics.engine) as session:
            finance = {"key": "finance", "name": "Finance", "active": True}
            await add_copy(session, "customer", "finance", finance)
        await given(metrics, answer(5, customer="finance"), answer(5, customer="hr", service=None))
        rows = (await report(metrics, by=by))["rows"]
        assert [(row["key"], row["name"]) for row in rows] == expected

    async def test_the_report_is_narrowed_to_a_service_touchpoint_and_customer(
        self, metrics: Metrics
    ) -> None:
        facts = {"service": "network", "touchpoint": "desk", "customer": "finance"}
        others = [answer(1, **facts | {name: "other"}) for name in facts]
        await given(metrics, answer(5, **facts), *others)
        found = await report(metrics, **facts)
        assert found["total"][0]["answers"] == 1
        assert [row["key"] for row in found["rows"]] == ["desk"]

    async def test_pages_walk_through_all_rows_and_the_total_stays(self, metrics: Metrics) -> None:
        touchpoints = [None, "a", "B", "c", "d"]
        await given(metrics, *(answer(5, touchpoint=name) for name in touchpoints))
        seen, asked = [], {"limit": 2}
        while True:
            found = await report(metrics, **asked)
            seen += [row["key"] for row in found["rows"]]
            assert found["total"][0]["answers"] == 5
            if found["next_cursor"] is None:
                break
            asked["cursor"] = found["next_cursor"]
        assert seen == [None, "B", "a", "c", "d"]

    async def test_every_asked_period_has_a_value_or_a_reason(self, metrics: Metrics) -> None:
        await given(metrics, answer(5), {"sent_at": FEBRUARY})
        found = await report(metrics, periods="2026-03,2026-01,2026-02")
        march, january, february = found["rows"][0]["values"]
        assert (march["value"], march["reason"]["code"]) == (None, "no_records")
        assert january["value"] == 1
        assert (february["sent"], february["reason"]["code"]) == (1, "no_answers")

    async def test_an_answer_belongs_to_the_period_in_the_callers_time_zone(
        self, metrics: Metrics
    ) -> None:
        await given(metrics, answer(5, answered_at=FEBRUARY - timedelta(minutes=30)))
        for zone, answers in (("UTC", 1), ("Europe/Vienna", 0)):
            (value,) = (await report(metrics, timezone=zone))["total"]
            assert value["answers"] == answers

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"kind": "csat", "periods": ",".join(str(1900 + n) for n in range(61))}, 422),
            ({"kind": "csat", "periods": "soon"}, 422),
            ({"kind": "stars", "periods": "2026"}, 422),
            ({"kind": "csat", "periods": "2026", "cursor": "WzFd"}, 400),
            ({"kind": "csat", "periods": "2026", "touchpoint": "a\0b"}, 422),
        ],
    )
    async def test_questions_that_make_no_sense_are_refused(
        self, metrics: Metrics, asked: dict[str, str], status: int
    ) -> None:
        reply = await metrics.http.get("/v1/reports/satisfaction", params=asked)
        assert reply.status_code == status, reply.text

    async def test_it_takes_the_right_to_read(self, metrics: Metrics) -> None:
        for path in ("/v1/reports/satisfaction?kind=csat&periods=2026", "/v1/surveys/comments"):
            reply = await metrics.http.get(path, headers=metrics.caller(scopes=["catalog:read"]))
            assert reply.status_code == 403


class TestComments:
    async def test_the_newest_answer_comes_first_and_silence_not_at_all(
        self, metrics: Metrics
    ) -> None:
        await given(
            metrics,
            answer(5, comment="early"),
            answer(1, comment="late", answered_at=FEBRUARY),
            answer(1, comment=" \n"),
            answer(3),
            answer(None, comment="no answer", answered_at=None),
        )
        assert await comments(metrics) == ["late", "early"]

    @pytest.mark.parametrize(
        "asked",
        [
            {"service": "network"},
            {"touchpoint": "desk"},
            {"customer": "finance"},
            {"kind": "nps"},
            {"score_from": 7, "score_to": 9},
            {"answered_from": "2026-01-31T00:00:00Z", "answered_to": "2026-02-02T00:00:00+01:00"},
            {"received_from": "2026-01-31T00:00:00Z", "received_to": "2026-02-02T00:00:00Z"},
        ],
    )
    async def test_comments_are_narrowed_by(self, metrics: Metrics, asked: dict[str, Any]) -> None:
        found = {"service": "network", "touchpoint": "desk", "customer": "finance", "kind": "nps"}
        when = {"answered_at": FEBRUARY, "last_received_at": FEBRUARY}
        await given(
            metrics,
            answer(8, comment="found", **found, **when),
            answer(4, comment="other", service="mail", touchpoint="portal", customer="hr"),
        )
        assert await comments(metrics, **asked) == ["found"]

    async def test_scores_are_included_at_both_ends(self, metrics: Metrics) -> None:
        await given(metrics, *(answer(score, comment=str(score)) for score in (1, 2, 3, 4)))
        found = await comments(metrics, score_from=2, score_to=3)
        assert sorted(found) == ["2", "3"]

    async def test_pages_walk_through_all_comments(self, metrics: Metrics) -> None:
        times = [JANUARY + n // 2 * DAY for n in range(7)]
        await given(
            metrics, *(answer(5, comment=str(n), answered_at=at) for n, at in enumerate(times))
        )
        url, seen = "/v1/surveys/comments?limit=2", []
        while url:
            reply = await metrics.http.get(url)
            seen += [item["answered_at"] for item in reply.json()["items"]]
            url = reply.links["next"]["url"] if "next" in reply.links else ""
        assert len(seen) == 7
        assert seen == sorted(seen, reverse=True)
