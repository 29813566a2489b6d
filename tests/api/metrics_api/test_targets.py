"""Targets over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics

TARGET = {
    "service": "network",
    "kpi": "mttr",
    "comparator": "lte",
    "value": 5.0,
    "valid_from": "2016-01-01",
}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def create(metrics: Metrics, **fields: Any) -> httpx.Response:
    return await metrics.http.post("/v1/targets", json=TARGET | fields)


async def created(metrics: Metrics, **fields: Any) -> dict[str, Any]:
    reply = await create(metrics, **fields)
    assert reply.status_code == 201, reply.text
    target: dict[str, Any] = reply.json()
    return target


async def change(metrics: Metrics, target: dict[str, Any], **fields: Any) -> httpx.Response:
    tag = {"If-Match": f'"{target["version"]}"'}
    return await metrics.http.patch(f"/v1/targets/{target['id']}", json=fields, headers=tag)


async def end(metrics: Metrics, target: dict[str, Any]) -> httpx.Response:
    tag = {"If-Match": f'"{target["version"]}"'}
    return await metrics.http.delete(f"/v1/targets/{target['id']}", headers=tag)


async def judging_jobs(metrics: Metrics) -> list[Any]:
    """When the jobs run that judge targets."""
    statement = text(
        "SELECT scheduled_at FROM metrics_jobs.procrastinate_jobs WHERE task_name = 'judge_targets'"
    )
    async with transaction(metrics.engine) as session:
        return list((await session.execute(statement)).scalars())


class TestJudging:
    async def test_targets_that_are_set_together_are_judged_soon_by_one_job(
        self, metrics: Metrics
    ) -> None:
        target = await created(metrics)
        await created(metrics, kpi="mtta")
        await change(metrics, target, value=4.0)

        (run_at,) = await judging_jobs(metrics)
        assert run_at < now() + timedelta(seconds=5)

    async def test_a_target_that_is_refused_has_nothing_judged(self, metrics: Metrics) -> None:
        assert (await create(metrics, service="unheard-of")).status_code == 422

        assert await judging_jobs(metrics) == []


class TestCreate:
    async def test_a_target_is_set_in_the_unit_of_its_kpi(self, metrics: Metrics) -> None:
        reply = await create(metrics)
        assert reply.status_code == 201
        assert reply.headers["ETag"] == '"1"'
        read = await metrics.http.get(reply.headers["Location"])
        assert read.json() == reply.json()
        assert {name: reply.json()[name] for name in TARGET} == TARGET
        assert reply.json()["unit"] == "hours"

    async def test_decimals_stay_as_they_were_sent(self, metrics: Metrics) -> None:
        target = await created(metrics, kpi="fcr", comparator="gte", value="0.123456")
        assert target["value"] == 0.123456

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"service": "nobody"}, "/service"),
            ({"service": "No Slug"}, "/service"),
            ({"kpi": "happiness"}, "/kpi"),
            ({"comparator": "eq"}, "/comparator"),
            ({"value": 0}, "/value"),
            ({"value": -1}, "/value"),
            ({"value": "NaN"}, "/value"),
            ({"value": "Infinity"}, "/value"),
            ({"value": 1e300}, "/value"),
            ({"kpi": "fcr", "value": 1.01}, "/value"),
            ({"kpi": "backlog", "value": -1}, "/value"),
            ({"kpi": "nps", "comparator": "gt", "value": 100}, "/value"),
            ({"kpi": "backlog", "comparator": "lt", "value": 0}, "/value"),
            ({"valid_from": "0001-01-01"}, "/valid_from"),
            ({"valid_from": "tomorrow"}, "/valid_from"),
            ({"valid_from": "1451606400"}, "/valid_from"),
            ({"value": "1_0"}, "/value"),
            ({"valid_to": "2015-12-31"}, "/valid_to"),
            ({"colour": "red"}, "/colour"),
        ],
    )
    async def test_a_bad_field_is_named(
        self, metrics: Metrics, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await create(metrics, **fields)
        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    @pytest.mark.parametrize(
        "days",
        [
            {},
            {"valid_from": "2015-01-01"},
            {"valid_from": "2015-01-01", "valid_to": "2016-01-01"},
            {"valid_from": "2016-06-30"},
        ],
    )
    async def test_two_targets_never_hold_on_one_day(
        self, metrics: Metrics, days: dict[str, str]
    ) -> None:
        standing = await created(metrics, valid_to="2016-06-30")
        reply = await create(metrics, **days)
        assert (reply.status_code, reply.json()["code"]) == (409, "target_overlaps")
        assert reply.json()["target"] == standing["id"]

    async def test_targets_of_other_days_or_kpis_stand_side_by_side(self, metrics: Metrics) -> None:
        await created(metrics, valid_to="2016-06-30")
        await created(metrics, valid_from="2016-07-01")
        await created(metrics, kpi="mtta")

    async def test_setting_needs_its_scope(self, metrics: Metrics) -> None:
        reader = metrics.caller(scopes=["metrics:read"])
        reply = await metrics.http.post("/v1/targets", json=TARGET, headers=reader)
        assert reply.status_code == 403

    async def test_the_same_idempotency_key_sets_it_once(self, metrics: Metrics) -> None:
        once = {"Idempotency-Key": "k"}
        first = await metrics.http.post("/v1/targets", json=TARGET, headers=once)
        second = await metrics.http.post("/v1/targets", json=TARGET, headers=once)
        assert (first.status_code, first.json()) == (second.status_code, second.json())


class TestChange:
    async def test_every_version_is_kept(self, metrics: Metrics) -> None:
        target = await created(metrics)
        changed = (await change(metrics, target, value=4.5)).json()
        assert (changed["value"], changed["version"]) == (4.5, 2)
        kept = (await metrics.http.get(f"/v1/targets/{target['id']}/versions")).json()["items"]
        assert [(version["version"], version["value"]) for version in kept] == [(2, 4.5), (1, 5)]

    async def test_a_change_on_an_old_version_is_refused(self, metrics: Metrics) -> None:
        target = await created(metrics)
        await change(metrics, target, value=4)
        assert (await change(metrics, target, value=3)).status_code == 412

    async def test_a_change_needs_the_version_it_was_made_on(self, metrics: Metrics) -> None:
        target = await created(metrics)
        reply = await metrics.http.patch(f"/v1/targets/{target['id']}", json={"value": 4})
        assert reply.status_code == 428

    async def test_a_change_that_changes_nothing_makes_no_version(self, metrics: Metrics) -> None:
        target = await created(metrics)
        assert (await change(metrics, target, value=5)).json() == target

    async def test_a_change_must_not_make_it_overlap_another(self, metrics: Metrics) -> None:
        target = await created(metrics, valid_to="2016-06-30")
        await created(metrics, valid_from="2016-07-01")
        assert (await change(metrics, target, valid_to=None)).status_code == 409

    @pytest.mark.parametrize("fields", [{"value": None}, {"value": 0}, {"service": "mail"}])
    async def test_a_bad_change_is_refused(self, metrics: Metrics, fields: dict[str, Any]) -> None:
        target = await created(metrics)
        assert (await change(metrics, target, **fields)).status_code == 422

    async def test_an_unknown_target_is_not_found(self, metrics: Metrics) -> None:
        unknown = {"id": "00000000-0000-0000-0000-000000000000", "version": 1}
        assert (await change(metrics, unknown, value=4)).status_code == 404
        assert (await change(metrics, {**unknown, "id": "x"}, value=4)).status_code == 404


class TestEnd:
    async def test_an_ended_target_held_until_yesterday(self, metrics: Metrics) -> None:
        ended = (await end(metrics, await created(metrics))).json()
        yesterday = now().date() - timedelta(days=1)
        assert ended["valid_to"] == yesterday.isoformat()
        await created(metrics, valid_from=now().date().isoformat())

    async def test_ending_it_twice_changes_nothing(self, metrics: Metrics) -> None:
        ended = (await end(metrics, await created(metrics))).json()
        assert (await end(metrics, ended)).json() == ended

    async def test_one_that_has_not_begun_never_holds(self, metrics: Metrics) -> None:
        target = await created(metrics, valid_from="2199-01-01")
        ended = (await end(metrics, target)).json()
        assert ended["valid_to"] == "2198-12-31"
        await created(metrics, valid_from="2199-01-01")


class TestList:
    async def test_targets_are_filtered_and_paged(self, metrics: Metrics) -> None:
        first = await created(metrics, valid_to="2016-06-30")
        second = await created(metrics, valid_from="2016-07-01")
        await created(metrics, kpi="fcr", value=0.5)
        asked: dict[str, Any] = {"kpi": "mttr", "limit": 1}
        page = (await metrics.http.get("/v1/targets", params=asked)).json()
        asked["cursor"] = page["next_cursor"]
        rest = (await metrics.http.get("/v1/targets", params=asked)).json()
        assert [*page["items"], *rest["items"]] == [first, second]
        assert rest["next_cursor"] is None

    async def test_those_that_hold_on_a_day_can_be_asked_for(self, metrics: Metrics) -> None:
        await created(metrics, valid_to="2016-06-30")
        second = await created(metrics, valid_from="2016-07-01")
        asked = {"service": "network", "valid_on": "2016-07-01"}
        assert (await metrics.http.get("/v1/targets", params=asked)).json()["items"] == [second]

    async def test_a_forged_cursor_is_unparsable(self, metrics: Metrics) -> None:
        reply = await metrics.http.get("/v1/targets", params={"cursor": "WyJhIiwxLDIsM10"})
        assert reply.status_code == 400
