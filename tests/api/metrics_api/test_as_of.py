"""Figures as of a moment: what was known then, whatever came later."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from metrics_api.as_of.queries import AT_ONCE, snapshot
from metrics_api.copies.queries import present_digests, write_differences
from metrics_api.copies.rules import Differences
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.as_of import (
    figures,
    map_states,
    mttr,
    numbers,
    ok,
    open_desk,
    push,
    push_record,
    report,
    tell,
)
from tests.support.copies import add_copy
from tests.support.metrics import Metrics
from tests.support.postgres import Database


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A source `desk` and the services `mail` and `network`, each named so by it."""
    return await open_desk(metrics)


async def test_an_update_that_came_later_was_not_known(desk: Metrics) -> None:
    await push(desk, 1, 1, "resolved", 4, "mail")
    then = now()
    await push(desk, 1, 2, "resolved", 10, "mail")

    assert (await mttr(desk, then), await mttr(desk)) == (4.0, 10.0)


async def test_an_update_that_came_late_counts_from_when_it_came(desk: Metrics) -> None:
    await push(desk, 1, 2, "in_progress", 6, "mail")
    then = now()
    await push(desk, 1, 1, "resolved", 3, "mail")

    assert await figures(desk, "mail", then) != await figures(desk, "mail")
    assert await figures(desk, "mail", now()) == await figures(desk, "mail")


async def test_before_the_first_record_there_is_none(desk: Metrics) -> None:
    then = now()
    await push(desk, 1, 1, "resolved", 4, "mail")

    assert await mttr(desk, then) is None
    assert (await report(desk, then))["rows"] == []


async def test_a_name_meant_what_it_meant_then(desk: Metrics) -> None:
    await push(desk, 1, 1, "resolved", 4, "The mail")
    then = now()
    await tell(desk, "mail", [], 2)
    await tell(desk, "network", ["The mail", "The network"], 2)

    assert (await mttr(desk, then), await mttr(desk)) == (4.0, None)


async def test_a_record_attributed_by_hand_was_elsewhere_before(desk: Metrics) -> None:
    await push(desk, 1, 1, "resolved", 4, "network")
    then = now()
    records = [{"source": "desk", "external_id": "INC1"}]
    await ok(desk.http.post("/v1/attributions", json={"service": "mail", "records": records}))

    assert (await mttr(desk, then), await mttr(desk, now()), await mttr(desk)) == (None, 4.0, 4.0)


async def test_words_of_a_source_meant_what_its_mapping_said_then(desk: Metrics) -> None:
    await push(desk, 1, 1, "Fixed", 4, "mail")
    then = now()
    await map_states(desk, {"Fixed": "resolved"})

    assert (await mttr(desk, then), await mttr(desk, now()), await mttr(desk)) == (None, 4.0, 4.0)


async def test_the_report_judges_by_the_target_and_shows_the_action_of_then(
    desk: Metrics,
) -> None:
    await push(desk, 1, 1, "resolved", 4, "mail")
    await set_target(desk, 5.0)
    await put_initiative(desk, 1, "Try hard")
    then = now()
    before = await report(desk)
    await set_target(desk, 2.0)
    await put_initiative(desk, 2, "Try harder")
    await tell(desk, "mail", ["The mail"], 2, name="Post", portfolio="other")

    assert await report(desk, then) == before
    assert await report(desk, now()) == await report(desk) != before
    assert (await report(desk, then, portfolio="demo"))["rows"] == before["rows"]
    assert (await report(desk, now(), portfolio="demo"))["rows"] == []


async def set_target(metrics: Metrics, value: float) -> None:
    listed = (await metrics.http.get("/v1/targets")).json()["items"]
    if listed:
        one = await metrics.http.get(f"/v1/targets/{listed[0]['id']}")
        headers = {"If-Match": one.headers["ETag"]}
        path = f"/v1/targets/{listed[0]['id']}"
        await ok(metrics.http.patch(path, json={"value": value}, headers=headers))
        return
    target = {"service": "mail", "kpi": "mttr", "comparator": "lte", "valid_from": "2024-01-01"}
    await ok(metrics.http.post("/v1/targets", json=target | {"value": value}))


async def put_initiative(metrics: Metrics, revision: int, title: str) -> None:
    body = {
        "service": "mail",
        "kpi": "mttr",
        "title": title,
        "start": "2024-03-01",
        "state": "in_progress",
        "plan": "p1",
        "revision": revision,
    }
    await ok(metrics.http.put("/v1/initiatives/i1", json=body))


async def test_wider_scopes_are_answered_as_of_a_moment_too(desk: Metrics) -> None:
    await push(desk, 1, 1, "resolved", 4, "mail")
    await push(desk, 2, 1, "resolved", 8, "network")
    await push(desk, 3, 1, "resolved", 8, "nobody")
    then = now()
    await push(desk, 4, 1, "resolved", 100, "mail")
    for path, mean in (("/v1/portfolios/demo/kpis", 6.0), ("/v1/kpis/all", 20 / 3)):
        asked = {"periods": "2024-Q1", "kpi": "mttr", "as_of": then.isoformat()}
        found = (await ok(desk.http.get(path, params=asked))).json()
        assert found["kpis"][0]["values"][0]["value"] == pytest.approx(mean, abs=1e-12)
        assert found["kpis"][0]["values"][0]["percentiles"]["approximate"] is False
        assert datetime.fromisoformat(found["as_of"]) == then


async def test_a_report_is_issued_as_of_a_moment(desk: Metrics) -> None:
    await push(desk, 1, 1, "resolved", 4, "mail")
    then = now()
    await push(desk, 1, 2, "resolved", 10, "mail")
    parameters = {"kpi": "mttr", "periods": ["2024-Q1", "2024-03"]}
    body = {"kind": "performance", "title": "As it was", "parameters": parameters}
    issued = await ok(desk.http.post("/v1/reports/issued", json=body | {"as_of": then.isoformat()}))

    frozen = await desk.http.get(f"{issued.headers['Location']}/document")
    assert frozen.json() == await report(desk, then)
    assert frozen.json()["rows"][0]["values"][0]["value"] == 4.0


async def test_quality_and_cost_is_answered_and_issued_as_of_a_moment(desk: Metrics) -> None:
    await push(desk, 1, 1, "resolved", 4, "mail")
    await set_target(desk, 5.0)
    await set_costs(desk, "100.00")
    then = now()
    before = await quality_and_cost(desk)
    assert before["rows"][0]["costs"]["full_cost"]["value"] == "100.00"
    assert before["rows"][0]["kpis"][0]["met"] is True
    assert before["rows"][1]["kpis"][0]["reason"] == "no_records"

    await push(desk, 1, 2, "resolved", 10, "mail")
    await push(desk, 2, 1, "resolved", 10, "network")
    await set_target(desk, 2.0)
    await set_costs(desk, "70.00")
    await tell(desk, "mail", ["The mail"], 2, name="Post", portfolio="other")

    assert await quality_and_cost(desk, as_of=then.isoformat()) == before
    assert await quality_and_cost(desk, as_of=now().isoformat()) == await quality_and_cost(desk)
    assert await quality_and_cost(desk) != before
    asked = {"kpis": QUALITY, "period": "2024-Q1"}
    body = {"kind": "quality_and_cost", "title": "As it was", "parameters": asked}
    issued = await ok(desk.http.post("/v1/reports/issued", json=body | {"as_of": then.isoformat()}))
    frozen = await desk.http.get(f"{issued.headers['Location']}/document")
    assert frozen.json() == before


QUALITY = ["mttr", "backlog", "availability", "csat", "sla_attainment"]


async def quality_and_cost(metrics: Metrics, **asked: str) -> Any:
    parameters = {"kpi": QUALITY, "period": "2024-Q1", **asked}
    return (await ok(metrics.http.get("/v1/reports/quality-and-cost", params=parameters))).json()


async def set_costs(metrics: Metrics, full: str) -> None:
    """As the job that copies costs does: what was known stays known."""
    figure = {"value": full, "reason": None}
    names = ("full", "month_cost", "unit_cost", "user_cost", "recovery_ratio")
    period = {"label": "2024-Q1", "first_day": "2024-01-01", "last_day": "2024-03-31"}
    costs = {
        "period": {**period, "complete": True},
        "currency": "EUR",
        **dict.fromkeys(names, figure),
        "comparisons": [],
    }
    summary = {"service": "mail", "periods": [costs]}
    async with transaction(metrics.engine) as session:
        present = await present_digests(session, "cost_summary")
        await write_differences(session, "cost_summary", Differences(tuple(present), ()), now())
        await add_copy(session, "cost_summary", "mail", summary, recorded_at=now())


RECORDED = [
    ("outage", "unplanned_outages", {"started_at": 0, "ended_at": 2}, {"ended_at": 5}),
    ("outage", "availability", {"started_at": 0, "ended_at": 2}, {"ended_at": 5}),
    ("survey", "csat", {"answered_at": 1, "kind": "csat", "score": 5}, {"score": 1}),
    (
        "change",
        "change_failure_rate",
        {"opened_at": 0, "completed_at": 2, "state": "closed", "outcome": "successful"},
        {"outcome": "failed"},
    ),
    (
        "request",
        "fulfilment_time",
        {"opened_at": 0, "fulfilled_at": 2, "state": "closed"},
        {"fulfilled_at": 9},
    ),
]


@pytest.mark.parametrize(("kind", "kpi", "first", "change"), RECORDED)
async def test_other_records_are_answered_as_of_a_moment_too(
    desk: Metrics, kind: str, kpi: str, first: dict[str, Any], change: dict[str, Any]
) -> None:
    asked: dict[str, Any] = {"kpi": kpi, "periods": "2024-Q1"}
    await push_record(desk, kind, first | {"version": 1})
    then, before = now(), await of_mail(desk, asked)
    reported = await report(desk, **asked)
    await push_record(desk, kind, first | change | {"version": 2, "updated_at": 20})
    await push_record(desk, kind, first | {"version": 1, "external_id": "R2"})

    as_of = {"as_of": then.isoformat()}
    assert await of_mail(desk, asked | as_of) == before
    assert await of_mail(desk, asked | {"as_of": now().isoformat()}) == await of_mail(desk, asked)
    assert await of_mail(desk, asked) != before
    assert await report(desk, then, **asked) == reported


async def of_mail(metrics: Metrics, asked: dict[str, Any]) -> Any:
    reply = await ok(metrics.http.get("/v1/services/mail/kpis", params=asked))
    return numbers(reply.json()["kpis"])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"as_of": "2199-01-01T00:00:00Z"}, "invalid"),
        ({"as_of": "yesterday"}, "invalid"),
        ({"as_of": "0001-01-01T00:00:00Z"}, "invalid"),
    ],
)
async def test_what_cannot_be_told_as_of_a_moment_is_422(
    desk: Metrics, asked: dict[str, str], code: str
) -> None:
    query = {"kpi": "mttr", "periods": "2024-Q1", "as_of": "2024-01-01T00:00:00Z"} | asked
    for path in ("/v1/services/mail/kpis", "/v1/reports/performance"):
        reply = await desk.http.get(path, params=query)
        assert (reply.status_code, reply.json()["code"]) == (422, code), reply.text


async def test_without_the_right_to_temporary_tables_the_answer_says_so(
    desk: Metrics, metrics_db: Database
) -> None:
    with refused_temporary_tables(metrics_db):
        asked = {"periods": "2024-Q1", "kpi": "mttr", "as_of": now().isoformat()}
        reply = await desk.http.get("/v1/services/mail/kpis", params=asked)

    assert (reply.status_code, reply.json()["code"]) == (503, "no_temporary_tables")
    assert "GRANT TEMPORARY" in reply.json()["detail"]


async def test_of_too_many_at_once_one_is_told_to_come_back(desk: Metrics) -> None:
    asked = {"periods": "2024-Q1", "kpi": "mttr", "as_of": now().isoformat()}
    async with AsyncExitStack() as others:
        for _ in range(AT_ONCE):
            await others.enter_async_context(snapshot(desk.engine, now()))

        refused = await desk.http.get("/v1/services/mail/kpis", params=asked)

    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_as_of")
    assert int(refused.headers["retry-after"]) > 0
    assert (await desk.http.get("/v1/services/mail/kpis", params=asked)).status_code == 200


@contextmanager
def refused_temporary_tables(metrics_db: Database) -> Iterator[None]:
    """The database is another test's afterwards, so the right is given back."""
    role = psycopg.conninfo.conninfo_to_dict(metrics_db.runtime_url)["user"]
    revoke = "REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC, {}"
    grant = "GRANT TEMPORARY ON DATABASE {} TO PUBLIC, {}"
    with psycopg.connect(metrics_db.admin_url, autocommit=True) as admin:
        names = sql.Identifier(admin.info.dbname), sql.Identifier(str(role))
        admin.execute(sql.SQL(revoke).format(*names))
        try:
            yield
        finally:
            admin.execute(sql.SQL(grant).format(*names))
