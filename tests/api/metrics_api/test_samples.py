"""Samples of SLIs over HTTP: whatever their order and however often, they count once."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.slos import define_sli, define_slo, push, reading, retire, sample


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
    await define_sli(metrics)


async def cells(metrics: Metrics) -> list[tuple[Any, ...]]:
    """All sums there are, by what they are of."""
    async with transaction(metrics.engine) as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(
            "SELECT facet, grain, start, good, total, samples, slices, slices_good, slices_ratio"
            " FROM metrics.sli_cell ORDER BY facet, grain, start"
        )
        return [tuple(row) for row in rows]


async def facets_by_target(metrics: Metrics) -> list[int]:
    """Ids of the facets by SLI and by what makes their slices good."""
    async with transaction(metrics.engine) as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(
            "SELECT id FROM metrics.sli_facet ORDER BY sli, slice_target"
        )
        return [facet for (facet,) in rows]


class TestPush:
    async def test_samples_are_counted(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(5, good=90, total=100), sample(1500, good=9, total=10)])
        found = await reading(metrics)
        assert (found["good"], found["total"], found["value"]) == (99, 110, 0.9)

    async def test_sending_them_again_changes_nothing(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        samples = [sample(n, good=n, total=10) for n in range(1, 10)]
        assert (await push(metrics, samples))["changed"] == 9
        before = await cells(metrics)
        reply = await push(metrics, [*samples, *samples])
        assert (reply["accepted"], reply["changed"]) == (18, 0)
        assert await cells(metrics) == before

    async def test_another_value_replaces_the_one_before(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(5, good=1, total=10)])
        await push(metrics, [sample(5, good=9, total=10)])
        assert (await reading(metrics))["good"] == 9

    async def test_what_was_sent_before_is_known_as_of_then(self, metrics: Metrics) -> None:
        at = [sample(minutes)["at"] for minutes in (5, 6, 7)]

        def given(number: int, good: int) -> dict[str, Any]:
            return {"at": at[number], "good": good, "total": 10}

        await push(metrics, [given(0, 5), given(1, 6)])
        first = now()
        await push(metrics, [given(0, 7), given(1, 6)])
        second = now()
        await push(metrics, [given(0, 5), given(2, 1)])

        async def good(as_of: datetime | None = None, **query: Any) -> list[float]:
            asked = query | ({} if as_of is None else {"as_of": as_of.isoformat()})
            reply = await metrics.http.get("/v1/slis/errors/samples", params=asked)
            assert reply.status_code == 200, reply.text
            if reply.json()["next_cursor"] is None:
                return [float(one["good"]) for one in reply.json()["items"]]
            rest = await good(as_of, **query, cursor=reply.json()["next_cursor"])
            return [*(float(one["good"]) for one in reply.json()["items"]), *rest]

        by_age = sorted([*await good(first)]), sorted([*await good(second)])
        assert by_age == ([5, 6], [6, 7])
        assert sorted(await good()) == sorted(await good(now())) == [1, 5, 6]
        assert await good(second, limit=1) == await good(second)
        assert await good(first - timedelta(days=1)) == []
        ahead = {"as_of": (now() + timedelta(days=1)).isoformat()}
        reply = await metrics.http.get("/v1/slis/errors/samples", params=ahead)
        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/query/as_of")

    async def test_pushes_at_once_into_one_minute_all_count(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        samples = [sample(5, good=1, total=2, series=str(n)) for n in range(8)]
        await asyncio.gather(*(push(metrics, [one]) for one in samples))
        found = await reading(metrics)
        assert (found["good"], found["total"]) == (8, 16)

    async def test_series_stand_side_by_side(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(5, good=1, total=2, series=name) for name in ("eu", "us")])
        assert (await reading(metrics))["total"] == 4

    async def test_gzipped_lines_are_taken_and_the_bad_ones_named(self, metrics: Metrics) -> None:
        lines = [
            json.dumps(sample(5, good=1, total=1)),
            "{",
            json.dumps(sample(6, good=2, total=1)),
            json.dumps({"good": 1, "total": 1}),
            json.dumps(sample(7, good=1, total=1, colour="red")),
            json.dumps({"at": "2026-01-01T00:00:00", "good": 1, "total": 1}),
            '{"at": "2026-01-01T00:00:00Z", "good": 1e999, "total": 1}',
            '"\\ud800"',
        ]
        reply = await metrics.http.post(
            "/v1/slis/errors/samples",
            content=gzip.compress("\n".join(lines).encode()),
            headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
        )
        answer = reply.json()
        assert (answer["rows"], answer["accepted"], answer["rejected"]) == (8, 1, 7)
        assert [one["line"] for one in answer["rejections"]] == [2, 3, 4, 5, 6, 7, 8]
        assert answer["rejections"][1]["pointer"] == "/good"

    @pytest.mark.parametrize("body", [b"[", b"{}", b"\xff", b"null", b"[1]", b"[{}]", b"[]"])
    async def test_no_body_is_a_defect(self, metrics: Metrics, body: bytes) -> None:
        reply = await metrics.http.post(
            "/v1/slis/errors/samples", content=body, headers={"Content-Type": "application/json"}
        )
        assert reply.status_code in (200, 400, 422)

    async def test_what_records_count_takes_no_samples(self, metrics: Metrics) -> None:
        feed = {"kind": "records", "measure": "availability"}
        await define_sli(metrics, key="up", feed=feed)
        reply = await metrics.http.post("/v1/slis/up/samples", json=[])
        assert (reply.status_code, reply.json()["code"]) == (409, "counted_of_records")

    async def test_a_retired_or_unknown_sli_takes_none(self, metrics: Metrics) -> None:
        await retire(metrics, "/v1/slis/errors")
        assert (await metrics.http.post("/v1/slis/errors/samples", json=[])).status_code == 409
        assert (await metrics.http.post("/v1/slis/other/samples", json=[])).status_code == 404

    async def test_they_are_listed_newest_first(self, metrics: Metrics) -> None:
        await push(metrics, [sample(n, good=n, total=9) for n in (3, 1, 2)])
        asked: dict[str, Any] = {"limit": 2}
        page = (await metrics.http.get("/v1/slis/errors/samples", params=asked)).json()
        rest = await metrics.http.get(
            "/v1/slis/errors/samples", params=asked | {"cursor": page["next_cursor"]}
        )
        assert [one["good"] for one in [*page["items"], *rest.json()["items"]]] == [1, 2, 3]


class TestParts:
    async def test_bad_is_what_total_lacks_of_good(self, metrics: Metrics) -> None:
        await define_sli(metrics, key="bad", parts="bad_total")
        await define_slo(metrics, sli="bad")
        await push(metrics, [sample(5, bad=1, total=10)], "bad")
        assert (await reading(metrics))["good"] == 9

    @pytest.mark.parametrize(("parts", "value"), [("raw_success", 0.55), ("raw_failure", 0.45)])
    async def test_a_raw_ratio_counts_each_sample_once(
        self, metrics: Metrics, parts: str, value: float
    ) -> None:
        await define_sli(metrics, key="raw", parts=parts)
        await define_slo(metrics, sli="raw")
        await push(metrics, [sample(5, value=0.1), sample(6, value=1)], "raw")
        found = await reading(metrics)
        assert (found["value"], found["total"]) == (value, 2)

    async def test_a_value_is_good_where_it_fits_the_objective(self, metrics: Metrics) -> None:
        await define_sli(metrics, key="latency", kind="threshold", parts=None)
        await push(metrics, [sample(n, value=n / 10) for n in range(1, 5)], "latency")
        for op, good in (("lt", 1), ("lte", 2), ("gt", 2), ("gte", 3)):
            objective = {"target": 0.5, "op": op, "value": 0.2}
            await define_slo(metrics, key=op, sli="latency", objectives=[objective])
            assert (await reading(metrics, op))["good"] == good

    async def test_a_counter_adds_its_growth_and_all_of_it_after_a_reset(
        self, metrics: Metrics
    ) -> None:
        await define_sli(metrics, key="count", counter=True)
        await define_slo(metrics, sli="count")
        readings = [(50, 100, 110), (40, 110, 121), (30, 3, 4), (20, 13, 14)]
        await push(metrics, [sample(m, good=g, total=t) for m, g, t in readings], "count")
        found = await reading(metrics)
        # From 100 to 110, after the reset 3, then 10.
        assert (found["good"], found["total"]) == (10 + 3 + 10, 11 + 4 + 10)


def chunks(samples: Sequence[Any], random: Random) -> list[list[Any]]:
    """All samples in some order, some of them twice, in chunks."""
    order = [*samples, *random.choices(samples, k=len(samples) // 3)]
    random.shuffle(order)
    size = random.randint(1, 20)
    return [order[start : start + size] for start in range(0, len(order), size)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("counter", [False, True])
async def test_any_order_and_any_repetition_give_one_result(
    metrics: Metrics, counter: bool, seed: int
) -> None:
    random = Random(f"{seed}{counter}")
    samples = []
    for series in ("", "b"):
        for minute in random.sample(range(1, 4000), 25):
            total = random.randint(0, 50)
            good = random.randint(0, total)
            samples.append(sample(minute + 0.5, good=good, total=total, series=series))
    for sli in ("one", "two"):
        await define_sli(metrics, key=sli, counter=counter)
        slices = {"target": 0.9, "time_slice_window": 7}
        # The facets of one are there before its samples, those of two come after them.
        objectives = [{**slices, "time_slice_target": share} for share in (0.3, 0.6)]
        body = {"sli": sli, "budgeting_method": "timeslices", "objectives": objectives}
        if sli == "one":
            await define_slo(metrics, key=sli, **body)
        for chunk in chunks(samples, random):
            await push(metrics, chunk, sli)
        if sli == "two":
            await define_slo(metrics, key=sli, **body)
    results = await cells(metrics)
    facets = await facets_by_target(metrics)
    by_facet = [[row[1:] for row in results if row[0] == facet] for facet in facets]
    assert by_facet[0] == by_facet[2]
    assert by_facet[1] == by_facet[3]
    assert by_facet[0] != by_facet[1]


async def test_sums_of_hours_and_days_are_those_of_their_minutes(metrics: Metrics) -> None:
    random = Random(7)
    slices = {"target": 0.9, "time_slice_target": 0.5, "time_slice_window": 7}
    await define_slo(metrics, budgeting_method="timeslices", objectives=[slices])
    for _ in range(5):
        ages = random.sample(range(1, 5000), 20)
        await push(metrics, [sample(age, good=age % 5, total=5) for age in ages])
    rows = await cells(metrics)
    sums = {
        grain: [
            sum(column)
            for column in zip(*(row[3:] for row in rows if row[1] == grain), strict=True)
        ]
        for grain in "mhd"
    }
    assert sums["m"] == sums["h"] == sums["d"]
    assert sums["m"][1] > 0
