"""Deliveries that were processed by wrong settings, and are replayed by the right ones."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics_api.attribution.rules import Memory
from metrics_api.incidents.refold import refold_source
from shared.kit import clock
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.metrics import Metrics
from tests.support.promises import calendar, promised, scheme
from tests.support.replays import (
    ALL_WEEK,
    FAULT,
    RECEIVED,
    RIGHT,
    SERVICES,
    WRONG,
    Desk,
    assert_cells_agree,
    counted,
    figures,
    new_desk,
    tell_services,
)


@pytest.fixture
async def desk(metrics: Metrics) -> Desk:
    await tell_services(metrics, SERVICES)
    return await new_desk(metrics, WRONG)


async def test_a_corrected_service_and_priority_stand_whatever_the_digests(desk: Desk) -> None:
    bodies = [{**FAULT, "id": f"I{number}", "prio": number % 5 + 1} for number in range(8)]
    await desk.deliver(*bodies)
    then = clock.now()

    await desk.read_by(RIGHT)
    await desk.replay()

    found, _ = await desk.end_states()
    assert [(one["service"], one["priority"]) for one in found] == [
        ("mail", body["prio"]) for body in bodies
    ]
    assert await desk.superseded("I3") == [True, False]
    metrics = desk.metrics
    live = [await counted(metrics, service) for service in SERVICES]
    before = [await counted(metrics, service, then) for service in SERVICES]
    assert (live, before) == ([8, 0], [0, 8])
    assert await figures(metrics, "mail", clock.now()) == await figures(metrics, "mail")
    await assert_cells_agree(metrics)


async def test_a_refold_leaves_superseded_versions_out(desk: Desk) -> None:
    await desk.deliver(FAULT, {**FAULT, "changed": "2016-03-01T10:00:00Z", "state": "on_hold"})
    await desk.read_by(RIGHT)
    await desk.replay()
    end_states = await desk.end_states()

    await refold_source(desk.metrics.engine, Memory(), desk.key)
    await desk.push(updated_at="2016-03-01T08:30:00Z", service="network")  # late: folds all anew

    after = await desk.record()
    assert (after["service"], after["priority"], after["versions"]) == ("mail", 1, 3)
    assert {**end_states[0][0], "versions": 3} == {
        name: value for name, value in after.items() if name not in RECEIVED
    }


async def test_another_id_leaves_no_record_under_the_old_one(desk: Desk) -> None:
    await desk.read_by({**RIGHT, "external_id": "svc"})
    await desk.deliver(FAULT)
    assert await desk.record("mail") is not None

    await desk.read_by(RIGHT)
    await desk.replay()

    assert await desk.record("mail") is None
    assert await desk.superseded("mail") == [True]
    assert (await desk.record("A"))["state"] == "new"
    assert await counted(desk.metrics, "mail") == 1
    await assert_cells_agree(desk.metrics)


async def test_an_id_that_others_wrote_too_is_folded_from_what_is_left(desk: Desk) -> None:
    await desk.read_by({**RIGHT, "external_id": "svc"})
    await desk.push(external_id="mail", updated_at="2016-03-01T08:30:00Z", state="on_hold")
    await desk.deliver({**FAULT, "state": "resolved"})

    await desk.read_by(RIGHT)
    await desk.replay()

    left = await desk.record("mail")
    assert (left["state"], left["resolution_at"], left["versions"]) == ("on_hold", None, 1)
    assert await desk.superseded("mail") == [False, True]
    await assert_cells_agree(desk.metrics)


async def test_another_kind_and_the_first_one_again(desk: Desk) -> None:
    await desk.deliver(FAULT)
    came = (await desk.record())["first_received_at"]

    await desk.read_by(WRONG, kind_mapping={"fault": "request"})
    await desk.replay()
    as_request = [await desk.record(), await desk.record(path="requests")]
    await assert_cells_agree(desk.metrics)
    await desk.read_by(WRONG, kind_mapping={"fault": "incident"})
    await desk.replay()

    assert (as_request[0], as_request[1]["service"]) == (None, "network")
    assert await desk.record(path="requests") is None
    assert await desk.superseded(path="requests") == [True]
    assert await desk.superseded() == [True, False]
    again = await desk.record()
    assert (again["service"], again["versions"]) == ("network", 1)
    assert again["first_received_at"] > came
    await assert_cells_agree(desk.metrics)


async def test_what_is_now_ignored_is_no_record_any_more(desk: Desk) -> None:
    await desk.deliver(FAULT)
    then = clock.now()

    await desk.read_by(RIGHT, kind_mapping={"fault": "ignore"})
    await desk.replay()

    receipts = (await desk.http.get(f"/v1/sources/{desk.key}/receipts")).json()["items"]
    assert [receipt["state"] for receipt in receipts] == ["ignored"]
    assert (await desk.record(), await desk.superseded()) == (None, [True])
    assert [await counted(desk.metrics, "network", at) for at in (None, then)] == [0, 1]
    assert await counted(desk.metrics, "network", clock.now()) == 0
    await assert_cells_agree(desk.metrics)


async def test_a_reading_that_fails_supersedes_nothing(desk: Desk) -> None:
    await desk.deliver(FAULT)

    await desk.read_by({**RIGHT, "opened_at": "state"})
    await desk.replay()

    assert (await desk.record())["service"] == "network"
    assert await desk.superseded() == [False]


@pytest.mark.parametrize("pushed", ["before", "after", "between"])
async def test_what_was_pushed_too_is_not_superseded(desk: Desk, pushed: str) -> None:
    if pushed == "before":
        await desk.push()
    await desk.deliver(FAULT)
    if pushed == "between":
        await desk.push()
    await desk.read_by(RIGHT)
    await desk.replay()
    if pushed == "after":
        await desk.push()

    kept = await desk.versions()
    standing = {each["payload"]["service"] for each in kept if not each["superseded"]}
    assert standing == {"network", "mail"}
    assert (await desk.record())["versions"] == 2
    await assert_cells_agree(desk.metrics)


async def test_another_receipt_of_the_same_keeps_it_until_it_is_replayed_too(desk: Desk) -> None:
    await desk.deliver(FAULT)
    between = clock.now()
    await desk.deliver(FAULT)
    await desk.read_by(RIGHT)

    first = await desk.replay(received_to=between.isoformat())
    kept = await desk.superseded()
    second = await desk.replay(received_from=between.isoformat())

    assert (first, second) == (1, 1)
    assert (kept, await desk.superseded()) == ([False, False], [True, False])
    assert (await desk.record())["service"] == "mail"


@pytest.mark.parametrize("kind", ["request", "change", "outage", "infrastructure_event"])
async def test_records_of_every_kind_follow(metrics: Metrics, kind: str) -> None:
    await tell_services(metrics, SERVICES)
    stamp = {"outage": "started_at", "infrastructure_event": "occurred_at"}.get(kind, "opened_at")
    path = kind.replace("_", "-") + "s"
    right = {**RIGHT, stamp: "opened"}
    desk = await new_desk(metrics, {**right, "service": "wrong_svc"}, kind_mapping={"fault": kind})
    later = {**FAULT, "state": "on_hold", "changed": "2016-03-01T10:00:00Z"}
    await desk.deliver(later, FAULT)

    await desk.read_by({**right, "state": "wrong_svc"})  # a word that is no state
    await desk.replay()
    stateless = await desk.record(path=path)
    await desk.read_by(right)
    await desk.replay()

    found = await desk.record(path=path)
    assert (stateless["service"], stateless["state"]) == ("mail", None)
    assert (found["service"], found["state"], found["versions"]) == ("mail", "on_hold", 2)
    moves = (await desk.http.get(f"/v1/{path}/{desk.key}/A/transitions")).json()["items"]
    assert [move["to_state"] for move in moves] == ["new", "on_hold"]
    assert sorted(await desk.superseded(path=path)) == [False, False, True, True, True, True]


async def test_breaches_of_a_wrong_reading_are_taken_back(desk: Desk) -> None:
    async with transaction(desk.metrics.engine) as session:
        await add_copy(session, "calendar_version", "office@1", calendar(weekly=ALL_WEEK))
        await add_copy(session, "scheme_version", "s@1", scheme("s", 1, promised(1, 60, 480)))
        await add_copy(session, "scheme_choice", "", {"service": "", "scheme": "s"})
    await desk.read_by({**RIGHT, "external_id": "svc"})
    await desk.deliver(FAULT)

    await desk.read_by(RIGHT)
    await desk.replay()

    found = (await desk.http.get("/v1/breaches")).json()["items"]
    standing = {(one["external_id"], one["clock"], one["retracted_at"] is None) for one in found}
    clocks = ("response", "resolution")
    assert standing == {(id_, each, id_ == "A") for id_ in ("A", "mail") for each in clocks}


HOURS = st.integers(0, 30).map(
    lambda hours: (datetime(2016, 3, 1, tzinfo=UTC) + timedelta(hours=hours)).isoformat()
)
bodies = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["A", "B"]),
        "sort": st.just("fault"),
        "state": st.sampled_from(["new", "in_progress", "resolved", "closed", "cancelled"]),
        "opened": HOURS,
        "changed": HOURS,
        "svc": st.sampled_from([*SERVICES, "nobody"]),
        "wrong_svc": st.sampled_from(SERVICES),
        "prio": st.integers(1, 3),
        "wrong_prio": st.integers(1, 3),
        "wrong_id": st.sampled_from(["A", "C"]),
    }
)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    data=st.data(),
    delivery=st.sampled_from(["snapshot", "event"]),
    wrong_id=st.booleans(),
    told=st.lists(bodies, min_size=1, max_size=6),
)
async def test_a_replay_ends_as_if_all_had_been_read_right_in_any_order(
    metrics: Metrics,
    data: st.DataObject,
    delivery: str,
    wrong_id: bool,
    told: list[dict[str, Any]],
) -> None:
    runs = [f"-{uuid4().hex[:8]}" for _ in range(2)]
    await tell_services(metrics, [name + run for name in SERVICES for run in runs])
    mapping = {**WRONG, "external_id": "wrong_id"} if wrong_id else WRONG
    desk = await new_desk(metrics, mapping, delivery=delivery, suffix=runs[0])
    twin = await new_desk(metrics, RIGHT, delivery=delivery, suffix=runs[1])
    cut = data.draw(st.integers(0, len(told)))

    await desk.deliver(*told[:cut])
    await desk.deliver(*told[cut:])
    then, known_then = clock.now(), await figures(metrics, SERVICES[1] + runs[0])
    await desk.read_by(RIGHT)
    await desk.replay()
    for body in data.draw(st.permutations(told)):
        await twin.deliver(body)

    ends, twins = await desk.end_states(), await twin.end_states()
    assert _without_run(ends, runs[0]) == _without_run(twins, runs[1])
    for name in SERVICES:
        assert await figures(metrics, name + runs[0]) == await figures(metrics, name + runs[1])
    assert await figures(metrics, SERVICES[1] + runs[0], then) == known_then
    history = [await desk.superseded(one["external_id"]) for one in ends[0]]
    await desk.replay()
    assert await desk.end_states() == ends
    assert [await desk.superseded(one["external_id"]) for one in ends[0]] == history
    await assert_cells_agree(metrics)


def _without_run(ends: tuple[list[Any], list[Any]], run: str) -> tuple[list[Any], list[Any]]:
    """The end states with the names of their services as the tool has them."""
    items = [{**one, "service": (one["service"] or "").removesuffix(run)} for one in ends[0]]
    return items, ends[1]
