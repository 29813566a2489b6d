"""How SLOs stood as of a moment: what was known then, whatever came later."""

from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from metrics_api.as_of.queries import AT_ONCE, snapshot
from metrics_api.copies.queries import present_digests, write_differences
from metrics_api.copies.rules import Differences
from metrics_api.samples import actions as samples
from metrics_api.samples.rules import Sample
from metrics_api.slis.queries import get_sli
from metrics_api.versioned import actions as versioned
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.as_of import ok, open_desk, push_record
from tests.support.as_of import push as push_incident
from tests.support.copies import add_copy
from tests.support.corrections import act, approved, requested
from tests.support.metrics import Metrics
from tests.support.promises import agreement, calendar, weekly
from tests.support.slos import ago, change, define_sli, define_slo, push, retire, sample, status

SLICES = {"target": 0.5, "time_slice_target": 0.9, "time_slice_window": 10}
CLOSED = {"opened_at": 0, "state": "closed"}
MARCH = {"at": "2024-03-02T00:00:00Z"}


@pytest.fixture(autouse=True)
async def desk(metrics: Metrics) -> None:
    """A source `desk`, the services `mail` and `network`, and the SLI `errors` of `network`."""
    await open_desk(metrics)
    await define_sli(metrics)


async def known(metrics: Metrics, then: datetime, slo: str = "few-errors", **asked: Any) -> Any:
    """The status as it was known then, told apart from that of now by `as_of` only."""
    found = await status(metrics, slo, as_of=then.isoformat(), **asked)
    assert datetime.fromisoformat(found["as_of"]) == then
    return found | {"as_of": None}


async def value(metrics: Metrics, then: datetime, slo: str = "few-errors", **asked: Any) -> Any:
    found = await known(metrics, then, slo, **asked)
    return found["objectives"][0]["corrected"]["value"]


class TestSamples:
    async def test_one_that_came_later_or_was_replaced_later_counts_as_it_was(
        self, metrics: Metrics
    ) -> None:
        await define_slo(metrics)
        at = ago(0).isoformat()
        await push(metrics, [sample(5, good=1, total=2), sample(9, good=1, total=2)])
        then, before = now(), await status(metrics, at=at)
        await push(metrics, [sample(5, good=2, total=2), sample(7, good=9, total=9)])

        assert await known(metrics, then, at=at) == before
        assert await known(metrics, now(), at=at) == await status(metrics, at=at) != before

    async def test_a_counter_grew_since_the_sample_before_the_window(
        self, metrics: Metrics
    ) -> None:
        await define_sli(metrics, key="count", counter=True)
        await define_slo(metrics, key="count", sli="count", time_window={"duration": "1h"})
        counted = [sample(70, good=10, total=10), sample(65, good=20, total=20)]
        await push(metrics, [*counted, sample(30, good=24, total=25)], "count")
        asked = {"at": ago(0).isoformat(), "lookbacks": ""}
        then, before = now(), await status(metrics, "count", **asked)
        await push(metrics, [sample(65, good=21, total=21)], "count")

        assert before["objectives"][0]["corrected"]["value"] == 0.8
        assert await known(metrics, then, "count", **asked) == before
        assert await value(metrics, now(), "count", **asked) == 0.75

    async def test_with_clocks_that_differ_one_sample_counts_at_every_moment(
        self, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await define_slo(metrics)
        moments = [now() + timedelta(milliseconds=number) for number in range(3)]
        for good, stamp in enumerate((moments[0], moments[2], moments[1])):
            one = Sample("", ago(5), Decimal(good), Decimal(2), None)
            with monkeypatch.context() as skewed:
                skewed.setattr(samples, "now", lambda stamp=stamp: stamp)
                async with transaction(metrics.engine) as session:
                    await samples.store_samples(session, await get_sli(session, "errors"), [one])

        seen = [await value(metrics, then, at=ago(0).isoformat()) for then in moments]

        # The last one was stamped in between: it counts from when what it replaced did.
        assert seen == [0, 0, 1]

    @pytest.mark.parametrize("method", ["timeslices", "ratio_timeslices"])
    async def test_slices_of_the_samples_of_then_are_judged(
        self, metrics: Metrics, method: str
    ) -> None:
        objective = SLICES if method == "timeslices" else SLICES | {"time_slice_target": None}
        await define_slo(metrics, budgeting_method=method, objectives=[objective])
        await push(metrics, [sample(n, good=n % 3, total=3) for n in range(5, 3000, 7)])
        at = ago(0).isoformat()
        then, before = now(), await status(metrics, at=at)
        await push(metrics, [sample(n, good=3, total=3) for n in range(5, 3000, 14)])

        assert await known(metrics, then, at=at) == before != await status(metrics, at=at)


class TestDefinitions:
    async def test_an_slo_is_judged_by_what_it_said_then(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(n, good=9, total=10) for n in range(5, 500, 9)])
        at = ago(0).isoformat()
        then, before = now(), await status(metrics, at=at)
        fields: dict[str, Any] = {"budgeting_method": "timeslices", "objectives": [SLICES]}
        await change(metrics, "/v1/slos/few-errors", **fields, time_window={"duration": "1d"})

        assert await known(metrics, then, at=at) == before
        assert await known(metrics, now(), at=at) == await status(metrics, at=at) != before

    async def test_before_it_was_defined_there_was_none(self, metrics: Metrics) -> None:
        then = now()
        await define_slo(metrics)

        for path in ("status", "history"):
            asked = {"as_of": then.isoformat(), **days_of(path)}
            reply = await metrics.http.get(f"/v1/slos/few-errors/{path}", params=asked)
            assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
        assert await statuses(metrics, then) == []

    async def test_the_list_has_those_that_were_active(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await define_sli(metrics, key="other", service="mail")
        members = [{"target": 0.9, "sli": sli} for sli in ("errors", "other")]
        await define_slo(metrics, key="together", sli=None, objectives=members)
        await define_slo(metrics, key="mine", service="mail", sli="other")
        then = now()
        await retire(metrics, "/v1/slos/few-errors")
        await retire(metrics, "/v1/slos/together")

        assert await statuses(metrics, then) == ["few-errors", "mine", "together"]
        assert await statuses(metrics, then, sli="other") == ["mine", "together"]
        assert await statuses(metrics, then, service="network", limit=1) == ["few-errors"]
        assert await statuses(metrics, now()) == ["mine"]
        assert (await known(metrics, then))["level"] == "unknown"

    async def test_an_sli_counted_what_its_feed_said(self, metrics: Metrics) -> None:
        await count_resolved(metrics, within_hours=5)
        await push_incident(metrics, 1, 1, "resolved", 4, "mail")
        await push_incident(metrics, 2, 1, "resolved", 8, "mail")
        then, before = now(), await status(metrics, "quick", **MARCH)
        feed = {**RESOLVED, "within_hours": 1, "priorities": [3, 4]}
        await change(metrics, "/v1/slis/resolved", feed=feed)

        assert before["objectives"][0]["corrected"]["value"] == 0.5
        assert await known(metrics, then, "quick", **MARCH) == before
        assert await value(metrics, now(), "quick", **MARCH) == 0

    async def test_an_sli_was_there_with_its_slo_though_a_clock_was_ahead(
        self, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as skewed:
            skewed.setattr(versioned, "now", lambda: now() + timedelta(minutes=1))
            await define_sli(metrics, key="early", service="network")
        await define_slo(metrics, key="early", sli="early")
        await push(metrics, [sample(5, good=1, total=2)], "early")

        assert await value(metrics, now(), "early", at=ago(0).isoformat()) == 0.5

    async def test_a_threshold_is_found_however_large(self, metrics: Metrics) -> None:
        await define_sli(metrics, key="huge", kind="threshold", parts=None)
        objective = {"target": 0.5, "op": "lte", "value": 1e300}
        await define_slo(metrics, key="huge", sli="huge", objectives=[objective])
        await push(metrics, [sample(5, value=1)], "huge")

        assert await value(metrics, now(), "huge", at=ago(0).isoformat()) == 1


async def statuses(metrics: Metrics, then: datetime, **asked: Any) -> list[str]:
    params = {"as_of": then.isoformat(), **asked}
    reply = await ok(metrics.http.get("/v1/slo-statuses", params=params))
    return [one["slo"] for one in reply.json()["items"]]


RESOLVED = {"kind": "records", "measure": "incidents_resolved_within"}


async def count_resolved(metrics: Metrics, **feed: Any) -> None:
    """The SLO `quick` of `mail`, over the SLI `resolved`."""
    await define_sli(metrics, key="resolved", service="mail", feed={**RESOLVED, **feed})
    await define_slo(metrics, key="quick", service="mail", sli="resolved")


class TestCorrections:
    async def test_one_counts_while_it_is_approved(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(20, good=0, total=1), sample(5, good=1, total=1)])
        correction, at = await requested(metrics), {"at": ago(0).isoformat()}
        asked = now()
        await act(metrics, correction, "approve")
        decided, during = now(), await status(metrics, **at)
        await act(metrics, correction, "revoke", version=2)

        values = [await value(metrics, then, **at) for then in (asked, decided, now())]
        assert values == [0.5, 1, 0.5]
        assert await known(metrics, decided, **at) == during

    async def test_one_that_recurs_takes_its_occurrences_out(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(20 + 1440 * day, good=0, total=1) for day in range(4)])
        await push(metrics, [sample(5, good=1, total=1)])
        start = ago(30 + 1440 * 3).isoformat()
        await approved(metrics, start=start, rrule="FREQ=DAILY", timezone="Europe/Vienna")

        assert await value(metrics, now(), at=ago(0).isoformat()) == 1


class TestRecords:
    async def test_an_update_that_came_later_was_not_known(self, metrics: Metrics) -> None:
        await count_resolved(metrics, within_hours=5)
        await push_incident(metrics, 1, 1, "resolved", 4, "mail")
        then, before = now(), await status(metrics, "quick", **MARCH)
        await push_incident(metrics, 1, 2, "resolved", 10, "mail")
        await push_incident(metrics, 2, 1, "resolved", 10, "mail")

        after = await status(metrics, "quick", **MARCH)
        assert await known(metrics, then, "quick", **MARCH) == before
        assert await known(metrics, now(), "quick", **MARCH) == after
        assert after["objectives"][0]["corrected"]["value"] == 0

    @pytest.mark.parametrize(
        ("kind", "measure", "first", "later"),
        [
            (
                "request",
                "requests_fulfilled_in_time",
                {**CLOSED, "due_at": 3, "fulfilled_at": 2},
                9,
            ),
            (
                "change",
                "changes_successful",
                {**CLOSED, "completed_at": 2, "outcome": "successful"},
                2,
            ),
            ("survey", "csat_satisfied", {"answered_at": 2, "kind": "csat", "score": 5}, 2),
        ],
    )
    async def test_each_kind_is_counted_as_it_was(
        self, metrics: Metrics, kind: str, measure: str, first: dict[str, Any], later: float
    ) -> None:
        feed = {"kind": "records", "measure": measure}
        await define_sli(metrics, key="any", service="mail", feed=feed)
        await define_slo(metrics, key="any", service="mail", sli="any")
        await push_record(metrics, kind, {**first, "version": 1})
        then, before = now(), await status(metrics, "any", **MARCH)
        worse = {"fulfilled_at": later, "outcome": "failed", "score": 1}
        changed = {name: worse.get(name, value) for name, value in first.items()}
        await push_record(metrics, kind, {**changed, "version": 2})

        assert before["objectives"][0]["corrected"]["value"] == 1
        assert await known(metrics, then, "any", **MARCH) == before
        assert await value(metrics, now(), "any", **MARCH) == 0

    async def test_an_open_outage_lasted_until_then(self, metrics: Metrics) -> None:
        await watch_availability(metrics)
        began = ago(30)
        await push_record(metrics, "outage", {"started_at": began, "version": 1})
        await push_record(
            metrics, "outage", {"started_at": began, "ended_at": ago(29), "version": 2}
        )
        then = now()
        await push_record(metrics, "outage", {"external_id": "R2", "started_at": began})

        assert (await known(metrics, then, "up"))["objectives"][0]["corrected"]["bad"] == 1
        found = await known(metrics, now(), "up")
        at = datetime.fromisoformat(found["at"])
        minutes = (at - began) / timedelta(minutes=1)
        assert found["objectives"][0]["corrected"]["bad"] == minutes

    async def test_availability_is_of_the_hours_that_were_agreed_then(
        self, metrics: Metrics
    ) -> None:
        await watch_availability(metrics)
        outage = {"started_at": 3, "ended_at": 20, "version": 1}
        await push_record(metrics, "outage", outage)
        await agree_hours(metrics, "09:00", "17:00")
        then, before = now(), await status(metrics, "up", **MARCH)
        await agree_hours(metrics, "10:00", "12:00")

        # Friday from 11:00 on, the first of March, within the week before Saturday.
        corrected = before["objectives"][0]["corrected"]
        assert (corrected["bad"], corrected["total"]) == (360, 5 * 480)
        assert await known(metrics, then, "up", **MARCH) == before
        assert await known(metrics, now(), "up", **MARCH) == await status(metrics, "up", **MARCH)
        assert (await status(metrics, "up", **MARCH))["objectives"][0]["corrected"]["bad"] == 60


async def watch_availability(metrics: Metrics) -> None:
    """The SLO `up` of `mail` over a week."""
    feed = {"kind": "records", "measure": "availability"}
    await define_sli(metrics, key="up", service="mail", feed=feed)
    await define_slo(metrics, key="up", service="mail", sli="up", time_window={"duration": "7d"})


async def agree_hours(metrics: Metrics, start: str, end: str) -> None:
    """As the job that copies agreements does: what was known stays known."""
    key = f"from-{start[:2]}"
    hours = {"calendar": key, "calendar_version": 1}
    promise = agreement("sla", services=("mail",), hours=hours)
    days = calendar(key, weekly=weekly(start, end))
    async with transaction(metrics.engine) as session:
        present = await present_digests(session, "agreement_version")
        await write_differences(
            session, "agreement_version", Differences(tuple(present), ()), now()
        )
        await add_copy(session, "calendar_version", f"{key}@1", days, recorded_at=now())
        await add_copy(session, "agreement_version", "sla@1", promise, recorded_at=now())


class TestHistory:
    async def test_its_days_stood_as_they_were_known(self, metrics: Metrics) -> None:
        await count_resolved(metrics, within_hours=5)
        await push_incident(metrics, 1, 1, "resolved", 4, "mail")
        days = {"from": "2024-02-29", "to": "2024-03-02"}
        then, before = now(), await history(metrics, **days)
        await push_incident(metrics, 1, 2, "resolved", 10, "mail")

        found = await history(metrics, as_of=then.isoformat(), **days)
        assert {day.pop("as_of") for day in found} == {then.isoformat().replace("+00:00", "Z")}
        assert [day | {"as_of": None} for day in found] == before != await history(metrics, **days)
        assert [day["objectives"][0]["value"] for day in found] == [None, 1, 1]

    async def test_it_ends_with_the_day_of_then(self, metrics: Metrics) -> None:
        await count_resolved(metrics, within_hours=5)
        then = now()
        today, yesterday = then.date(), then.date() - timedelta(days=1)
        asked = {"as_of": then.isoformat(), "from": yesterday.isoformat(), "to": "2199-01-01"}
        found = await history(metrics, **asked)
        assert [(day["day"], day["complete"]) for day in found] == [
            (yesterday.isoformat(), True),
            (today.isoformat(), False),
        ]
        assert await history(metrics, **{**asked, "from": "2198-12-31"}) == []


async def history(metrics: Metrics, **asked: Any) -> list[dict[str, Any]]:
    reply = await ok(metrics.http.get("/v1/slos/quick/history", params=asked))
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


def days_of(path: str) -> dict[str, str]:
    """A history is one of days."""
    return {"from": "2024-03-01", "to": "2024-03-02"} if path.endswith("history") else {}


class TestRefused:
    PATHS = ("/v1/slos/few-errors/status", "/v1/slos/few-errors/history", "/v1/slo-statuses")

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("as_of", ["2199-01-01T00:00:00Z", "yesterday", "0001-01-01T00:00:00Z"])
    async def test_the_future_and_what_is_no_moment_are_422(
        self, metrics: Metrics, path: str, as_of: str
    ) -> None:
        await define_slo(metrics)
        reply = await metrics.http.get(path, params={"as_of": as_of, **days_of(path)})
        assert reply.status_code == 422, reply.text
        assert reply.json()["errors"][0]["pointer"] == "/query/as_of"

    @pytest.mark.parametrize("path", ["/v1/slos/few-errors/status", "/v1/slo-statuses"])
    async def test_what_was_still_to_come_is_422(self, metrics: Metrics, path: str) -> None:
        await define_slo(metrics)
        then = now()
        at = then + timedelta(microseconds=1)
        asked = {"as_of": then.isoformat(), "at": at.isoformat()}
        reply = await metrics.http.get(path, params=asked)
        assert (reply.status_code, reply.json()["code"]) == (422, "in_the_future")
        assert reply.json()["errors"][0]["pointer"] == "/query/at"

    @pytest.mark.parametrize("path", PATHS)
    async def test_of_too_many_at_once_one_is_told_to_come_back(
        self, metrics: Metrics, path: str
    ) -> None:
        await define_slo(metrics)
        asked = {"as_of": now().isoformat(), **days_of(path)}
        async with AsyncExitStack() as others:
            for _ in range(AT_ONCE):
                await others.enter_async_context(snapshot(metrics.engine, now()))
            refused = await metrics.http.get(path, params=asked)

        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_as_of")
        assert (await metrics.http.get(path, params=asked)).status_code == 200

    async def test_what_is_known_now_is_as_of_nothing(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        assert (await status(metrics))["as_of"] is None
