"""The tree of a key result area as of a moment: what was known then, whatever came later."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from metrics_api.as_of.queries import AT_ONCE, snapshot
from metrics_api.tiers import queries
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.as_of import (
    OPENED,
    map_states,
    ok,
    open_desk,
    push,
    push_record,
    tell,
    tell_copy,
)
from tests.support.metrics import Metrics
from tests.support.slos import change, define_sli, define_slo, made, retire
from tests.support.slos import push as push_samples

PATH = "/v1/kras/workplaces/tree"
PERIOD = "2024-Q1"
ACTIVITY = {"customer": "sales", "criticality": "high", "active": True}
WITHIN = {"kind": "records", "measure": "incidents_resolved_within", "within_hours": 5}
UP = {"kind": "records", "measure": "availability"}
Step = Callable[[], Awaitable[Any]]


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A source `desk`, the services `mail` and `network`, and a vital activity."""
    await open_desk(metrics)
    await tell_copy(metrics, "vital_activity", "take-orders", {"name": "Take orders", **ACTIVITY})
    return metrics


async def measure(metrics: Metrics, *kpis: str, service: str = "mail") -> None:
    """The key result area, by these KPIs of a service."""
    measured = [{"kpi": kpi, "service": service} for kpi in kpis]
    area = {"key": "workplaces", "name": "Reliable workplaces", "owner": "ada", "kpis": measured}
    await made(metrics, "/v1/kras", area)


async def set_target(metrics: Metrics, kpi: str = "mttr", **fields: Any) -> str:
    target = {"service": "mail", "kpi": kpi, "comparator": "lte", "value": 5}
    found = await made(metrics, "/v1/targets", target | {"valid_from": "2024-01-01"} | fields)
    return str(found["id"])


async def link(metrics: Metrics, kind: str, upper: str, lower: str) -> str:
    """The id of the link."""
    found = await made(metrics, "/v1/tier-links", {"kind": kind, "upper": upper, "lower": lower})
    return str(found["id"])


async def unlink(metrics: Metrics, kind: str) -> None:
    """Undraw the only link of a kind."""
    found = await ok(metrics.http.get("/v1/tier-links", params={"kind": kind}))
    (drawn,) = found.json()["items"]
    await ok(metrics.http.delete(f"/v1/tier-links/{drawn['id']}"))


async def whole_tree(metrics: Metrics) -> str:
    """All seven tiers: SLOs of samples, of incidents and of outages; answers the target's id."""
    await measure(metrics, "mttr", "csat")
    target = await set_target(metrics)
    await define_sli(metrics)
    await define_sli(metrics, key="quick", service="mail", feed=WITHIN)
    await define_sli(metrics, key="up", service="network", feed=UP)
    await define_slo(metrics)
    await define_slo(metrics, key="quick", service="mail", sli="quick")
    await define_slo(metrics, key="up", sli="up")
    await link(metrics, "kpt_vma", target, "take-orders")
    for slo in ("few-errors", "quick", "up"):
        await link(metrics, "vma_slo", "take-orders", slo)
    await link(metrics, "sli_sie", "errors", "db-1")
    return target


async def tree(metrics: Metrics, then: datetime | None = None, **asked: Any) -> dict[str, Any]:
    """The tree; what it says of `as_of` is looked at and left out."""
    asked = {"period": PERIOD, **asked} | ({} if then is None else {"as_of": then.isoformat()})
    found: dict[str, Any] = (await ok(metrics.http.get(PATH, params=asked))).json()
    told = found.pop("as_of")
    assert (told and datetime.fromisoformat(told)) == then
    return found


def node(found: dict[str, Any], tier: str) -> Any:
    (one,) = [each for each in found["nodes"] if each["tier"] == tier]
    return one


async def sent_event(metrics: Metrics, version: int, **fields: Any) -> None:
    event = {"component": "db-1", "severity": "critical", "title": "Disk full", "service": None}
    stamps = {"occurred_at": 1, "updated_at": 1 + version, "version": version}
    await push_record(metrics, "infrastructure-event", {**event, **stamps, **fields})


async def sampled(metrics: Metrics, good: int) -> None:
    await push_samples(metrics, [{"at": OPENED.isoformat(), "good": good, "total": 100}])


async def broken_down(metrics: Metrics, version: int, hours: float) -> None:
    outage = {"service": "network", "started_at": 0, "ended_at": hours, "version": version}
    await push_record(metrics, "outage", outage)


async def resolved_by_mapping(metrics: Metrics) -> None:
    """An incident called by a word of the desk's, and in a state that is a word of its own."""
    await push(metrics, 2, 1, "Fixed", 3, "The mail")
    await map_states(metrics, {"Fixed": "resolved"})


async def attributed(metrics: Metrics, incident: str, service: str) -> None:
    records = [{"source": "desk", "external_id": incident}]
    await ok(metrics.http.post("/v1/attributions", json={"service": service, "records": records}))


def steps(metrics: Metrics, target: str) -> list[Step]:
    """What can be written of each tier, one after the other; each changes the tree."""
    area, goal, orders = "/v1/kras/workplaces", f"/v1/targets/{target}", "take-orders"
    activity = ACTIVITY | {"name": "Orders"}
    mttr = [{"kpi": "mttr", "service": "mail"}]
    return [
        partial(push, metrics, 1, 1, "resolved", 4, "mail"),
        partial(push, metrics, 1, 2, "resolved", 10, "mail"),
        partial(resolved_by_mapping, metrics),
        partial(attributed, metrics, "INC1", "network"),
        partial(change, metrics, goal, value=2),
        partial(broken_down, metrics, 1, 400),
        partial(broken_down, metrics, 2, 1),
        partial(sampled, metrics, 50),
        partial(sampled, metrics, 70),
        partial(change, metrics, "/v1/slos/few-errors", objectives=[{"target": 0.5}]),
        partial(change, metrics, "/v1/slis/errors", name="Errors"),
        partial(sent_event, metrics, 1),
        partial(sent_event, metrics, 2, cleared_at=3),
        partial(sent_event, metrics, 3, cleared_at=3, severity="minor"),
        partial(unlink, metrics, "sli_sie"),
        partial(link, metrics, "sli_sie", "errors", "db-1"),
        partial(tell, metrics, "mail", ["The mail"], 2, name="Post"),
        partial(tell_copy, metrics, "vital_activity", orders, activity),
        partial(retire, metrics, "/v1/slos/up"),
        partial(unlink, metrics, "kpt_vma"),
        partial(link, metrics, "kpt_vma", target, orders),
        partial(tell_copy, metrics, "vital_activity", orders, activity | {"active": False}),
        partial(change, metrics, area, name="Workplaces", kpis=mttr),
        partial(change, metrics, goal, 2, valid_to="2024-02-29"),
        partial(change, metrics, area, 2, kpis=[]),
    ]


async def test_no_later_write_changes_how_a_tree_was_known_to_stand(desk: Metrics) -> None:
    written = steps(desk, await whole_tree(desk))
    known = [(now(), await tree(desk))]
    for step in written:
        await step()
        known.append((now(), await tree(desk)))

    changed = [before != after for (_, before), (_, after) in pairwise(known)]
    assert changed == [True] * len(written)
    for then, expected in known:
        assert await tree(desk, then) == expected


FAILED_CHANGE = {"opened_at": 0, "completed_at": 2, "state": "closed", "outcome": "failed"}
BEHIND: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("fulfilment_time", "request", {"opened_at": 0, "fulfilled_at": 9}, {"fulfilled_at": 12}),
    ("csat", "survey", {"kind": "csat", "answered_at": 1, "score": 2}, {"score": 1}),
    ("unplanned_outages", "outage", {"started_at": 0, "ended_at": 2}, {"ended_at": 5}),
    ("availability", "outage", {"started_at": 0, "ended_at": 2}, {"ended_at": 5}),
    ("change_failure_rate", "change", FAILED_CHANGE, {"completed_at": 4}),
]


@pytest.mark.parametrize(("kpi", "kind", "first", "later"), BEHIND)
async def test_what_made_a_target_red_is_shown_as_it_was_known(
    desk: Metrics, kpi: str, kind: str, first: dict[str, Any], later: dict[str, Any]
) -> None:
    await measure(desk, kpi)
    least = kpi in {"csat", "availability"}
    await set_target(desk, kpi, comparator="gte" if least else "lte", value=1 if least else 0.5)
    await push_record(desk, kind, first | {"version": 1})
    then, before = now(), await tree(desk)
    await push_record(desk, kind, first | later | {"version": 2, "updated_at": 20})
    await push_record(desk, kind, first | {"external_id": "R2", "version": 1})

    records = node(before, "kpt")["records"]
    assert [record["external_id"] for record in records] == ["R1"]
    if kpi == "change_failure_rate":
        assert records[0]["value"] is not None
        records[0]["value"] = None  # how risky it looked then is not kept
    assert await tree(desk, then) == before
    assert len(node(await tree(desk, now()), "kpt")["records"]) == 2


RATED = {"kind": "records", "measure": "csat_satisfied"}
AGAINST: list[tuple[dict[str, Any], str, dict[str, Any], dict[str, Any]]] = [
    (RATED, "survey", {"kind": "csat", "answered_at": 1, "score": 2}, {"score": 5}),
    (UP, "outage", {"started_at": 0, "ended_at": 2}, {"ended_at": 5}),
]


@pytest.mark.parametrize(("feed", "kind", "first", "later"), AGAINST)
async def test_what_made_an_slo_red_is_shown_as_it_was_known(
    desk: Metrics, feed: dict[str, Any], kind: str, first: dict[str, Any], later: dict[str, Any]
) -> None:
    await measure(desk, "mttr")
    await link(desk, "kpt_vma", await set_target(desk), "take-orders")
    await define_sli(desk, key="felt", service="mail", feed=feed)
    nearly_all = [{"target": 0.99999}]
    await define_slo(desk, key="felt", service="mail", sli="felt", objectives=nearly_all)
    await link(desk, "vma_slo", "take-orders", "felt")
    await push_record(desk, kind, first | {"version": 1})
    then, before = now(), await tree(desk)
    await push_record(desk, kind, first | later | {"version": 2, "updated_at": 20})
    await push_record(desk, kind, first | {"external_id": "R2", "version": 1})

    assert [record["external_id"] for record in node(before, "slo")["records"]] == ["R1"]
    assert await tree(desk, then) == before
    assert node(await tree(desk), "slo")["records"] != node(before, "slo")["records"]


async def test_what_lasts_lasted_until_then(desk: Metrics) -> None:
    await measure(desk, "unplanned_outages")
    await set_target(desk, "unplanned_outages", value=0)
    began = now().replace(hour=0, minute=0, second=0, microsecond=0)
    await push_record(desk, "outage", {"started_at": began, "version": 1})
    then = now()
    ended = {"ended_at": began + timedelta(microseconds=1), "version": 2}
    await push_record(desk, "outage", {"started_at": began, **ended})

    found = await tree(desk, then, period=f"{then:%Y-%m-%d}")

    assert (datetime.fromisoformat(found["end"]), found["complete"]) == (then, False)
    (outage,) = node(found, "kpt")["records"]
    assert outage["value"] == pytest.approx((then - began) / timedelta(hours=1), abs=1e-9)


async def test_of_a_period_after_then_nothing_was_known(desk: Metrics) -> None:
    await measure(desk, "mttr")
    await set_target(desk)
    then = now()

    found = await tree(desk, then, period=str(then.year + 1))

    assert (found["start"], found["complete"], found["status"]) == (found["end"], False, "unknown")


async def test_with_clocks_that_differ_a_link_was_drawn_once(desk: Metrics) -> None:
    ends = {"kind": "sli_sie", "upper": "errors", "lower": "db-1", "linked_by": "ada"}
    start = now()
    async with transaction(desk.engine) as session:
        for number in range(2):
            drawn = ends | {"id": UUID(int=number), "linked_at": start + timedelta(number)}
            await queries.put_link(session, drawn)
            if number == 0:
                await queries.delete_link(session, UUID(int=0), start + timedelta(2))

        found = [
            await queries.links_below(session, "sli_sie", ["errors"], start + timedelta(days))
            for days in (-1, 0, 1, 2)
        ]

    assert [[row.id.int for row in rows] for rows in found] == [[], [0], [1], [1]]


async def test_the_page_says_of_when_it_is(desk: Metrics) -> None:
    await measure(desk, "mttr")
    then = now()
    area = {"name": "Workplaces"}
    await ok(change(desk, "/v1/kras/workplaces", **area))

    asked = {"period": PERIOD, "as_of": then.isoformat()}
    page = await ok(desk.http.get(f"{PATH}/page", params=asked))
    of_now = await ok(desk.http.get(f"{PATH}/page", params={"period": PERIOD}))

    assert f"as it was known at {then.isoformat(' ')}" in page.text
    assert "Reliable workplaces" in page.text
    assert "as it was known" not in of_now.text


async def test_before_it_was_defined_there_was_none(desk: Metrics) -> None:
    then = now()
    await measure(desk, "mttr")

    reply = await desk.http.get(PATH, params={"period": PERIOD, "as_of": then.isoformat()})

    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/page"])
@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"as_of": "2199-01-01T00:00:00Z"}, "/query/as_of"),
        ({"as_of": "yesterday"}, "/query/as_of"),
        ({"as_of": "2024-05-01T00:00:00Z", "period": "soon"}, "/query/period"),
        ({"as_of": "2024-05-01T00:00:00Z", "timezone": "Mars/Olympus"}, "/query/timezone"),
    ],
)
async def test_what_cannot_be_told_as_of_a_moment_is_422(
    desk: Metrics, path: str, asked: dict[str, str], pointer: str
) -> None:
    await measure(desk, "mttr")

    reply = await desk.http.get(path, params={"period": PERIOD, **asked})

    assert reply.status_code == 422, reply.text
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]


async def test_of_too_many_at_once_one_is_told_to_come_back(desk: Metrics) -> None:
    await measure(desk, "mttr")
    asked = {"period": PERIOD, "as_of": now().isoformat()}
    async with AsyncExitStack() as others:
        for _ in range(AT_ONCE):
            await others.enter_async_context(snapshot(desk.engine, now()))
        refused = await desk.http.get(PATH, params=asked)

    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_as_of")
    assert (await desk.http.get(PATH, params=asked)).status_code == 200
