"""How SLOs stood as of a moment, whatever is written later."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.kit.clock import now
from tests.support.as_of import OPENED, map_states, ok, open_desk, push, push_record
from tests.support.corrections import act, requested
from tests.support.metrics import Metrics
from tests.support.slos import change, define_sli, define_slo
from tests.support.slos import push as push_samples

AT = datetime(2024, 3, 4, 7, 13, tzinfo=UTC)
SLICES = {"target": 0.5, "time_slice_target": 0.9, "time_slice_window": 10}
SHARES = {"target": 0.5, "time_slice_window": 10}
WITHIN = {"kind": "records", "measure": "incidents_resolved_within"}
SLIS: dict[str, dict[str, Any]] = {
    "errors": {"service": "network"},
    "count": {"service": "mail", "counter": True},
    "seconds": {"service": "network", "kind": "threshold", "parts": None},
    "resolved": {"service": "mail", "feed": {**WITHIN, "within_hours": 40}},
    "up": {"service": "mail", "feed": {"kind": "records", "measure": "availability"}},
}
OBJECTIVES: dict[str, list[dict[str, Any]]] = {
    "occurrences": [{"target": 0.5}, {"target": 0.9}],
    "timeslices": [SLICES],
    "ratio_timeslices": [SHARES],
}


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """Each SLI by each way of budgeting, and composites of those of records and samples."""
    await open_desk(metrics)
    for key, fields in SLIS.items():
        await define_sli(metrics, key=key, **fields)
        for method, objectives in OBJECTIVES.items():
            await define(metrics, key, method, objectives)
    for method, objectives in OBJECTIVES.items():
        members = [one | {"sli": sli} for sli in SLIS for one in fitting(sli, objectives[:1])]
        await define_slo(
            metrics,
            key=f"all-{name(method)}",
            sli=None,
            budgeting_method=method,
            objectives=members,
        )
    return metrics


def name(method: str) -> str:
    return method.replace("_", "-")


def fitting(sli: str, objectives: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A threshold has one objective, which says what is good."""
    if sli != "seconds":
        return objectives
    return [objectives[0] | {"op": "lte", "value": 2.5}]


async def define(metrics: Metrics, sli: str, method: str, objectives: list[Any]) -> None:
    await define_slo(
        metrics,
        key=f"{sli}-{name(method)}",
        service=SLIS[sli]["service"],
        sli=sli,
        budgeting_method=method,
        objectives=fitting(sli, objectives),
        time_window={"duration": "3d"},
    )


PUSHES = st.tuples(
    st.just("push"),
    st.integers(1, 3),
    st.integers(1, 5),
    st.sampled_from(["new", "in_progress", "resolved", "Fixed", "cancelled"]),
    st.integers(1, 70),
    st.sampled_from(["mail", "The mail", "network", "nobody"]),
)
SAMPLED = st.tuples(
    st.just("sample"),
    st.sampled_from(["errors", "count", "seconds"]),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4)), min_size=1, max_size=4),
)
OUTAGES = st.tuples(
    st.just("outage"), st.integers(1, 2), st.integers(1, 4), st.integers(0, 60), st.integers(0, 20)
)
STEPS = st.one_of(
    PUSHES,
    SAMPLED,
    SAMPLED,
    OUTAGES,
    st.tuples(st.just("correct"), st.sampled_from(["mail", "network"]), st.integers(0, 60)),
    st.tuples(st.just("revoke"), st.integers(0, 2)),
    st.tuples(
        st.just("slo"),
        st.sampled_from(sorted(set(SLIS) - {"seconds"})),
        st.sampled_from(sorted(OBJECTIVES)),
        st.sampled_from(["1d", "3d"]),
    ),
    st.tuples(st.just("sli"), st.integers(1, 60)),
    st.tuples(st.just("map"), st.sampled_from(["resolved", "in_progress"])),
)


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=3, max_size=8))
async def test_no_later_write_changes_how_slos_stood(
    desk: Metrics, steps: list[tuple[Any, ...]]
) -> None:
    stood = []
    for step in steps:
        await take(desk, step)
        stood.append((now(), await standing(desk)))

    for then, expected in stood:
        assert await standing(desk, then) == expected


async def standing(metrics: Metrics, then: datetime | None = None) -> Any:
    """Statuses and days, without the moment that they are as of."""
    known = {} if then is None else {"as_of": then.isoformat()}
    asked: dict[str, Any] = {"at": AT.isoformat(), "lookbacks": "6h,2d", "limit": 100}
    found = (await ok(metrics.http.get("/v1/slo-statuses", params=asked | known))).json()["items"]
    days = {"from": "2024-03-01", "to": "2024-03-04"}
    for slo in ("errors-timeslices", "all-ratio-timeslices"):
        reply = await ok(metrics.http.get(f"/v1/slos/{slo}/history", params=days | known))
        found += reply.json()["items"]
    return [one | {"as_of": None} for one in found]


async def take(metrics: Metrics, step: tuple[Any, ...]) -> None:
    kind, *how = step
    await WRITES[kind](metrics, *how)


async def send_samples(metrics: Metrics, sli: str, sent: list[tuple[int, int]]) -> None:
    """Of (slot, number); some lie before the windows."""
    samples = []
    for slot, number in sent:
        at = AT - timedelta(minutes=700 * slot + 3)
        counted = {"good": number, "total": number + slot}
        samples.append(
            {"at": at.isoformat(), **({"value": number} if sli == "seconds" else counted)}
        )
    await push_samples(metrics, samples, sli)


async def send_outage(metrics: Metrics, number: int, version: int, start: int, hours: int) -> None:
    """One of no hours is open."""
    outage = {
        "external_id": f"OUT{number}",
        "version": version,
        "started_at": start,
        "planned": number == 2,
    }
    await push_record(metrics, "outage", outage | ({"ended_at": start + hours} if hours else {}))


async def correct(metrics: Metrics, service: str, start: int) -> None:
    """Sixteen hours, asked for and approved."""
    begin = (OPENED + timedelta(hours=start)).isoformat()
    correction = await requested(metrics, service=service, start=begin, duration_minutes=1000)
    await act(metrics, correction, "approve")


async def revoke(metrics: Metrics, number: int) -> None:
    """The one of that number of those that are approved, if there are so many."""
    listed = await ok(metrics.http.get("/v1/corrections", params={"state": "approved"}))
    for correction in listed.json()["items"][number : number + 1]:
        await act(metrics, correction, "revoke", version=2)


async def judge_otherwise(metrics: Metrics, sli: str, method: str, duration: str) -> None:
    """The SLO of an SLI that began with occurrences."""
    fields = {"budgeting_method": method, "objectives": OBJECTIVES[method]}
    await patch(
        metrics, f"/v1/slos/{sli}-occurrences", **fields, time_window={"duration": duration}
    )


async def count_otherwise(metrics: Metrics, hours: int) -> None:
    await patch(metrics, "/v1/slis/resolved", feed={**WITHIN, "within_hours": hours})


async def patch(metrics: Metrics, path: str, **fields: Any) -> None:
    present = (await ok(metrics.http.get(path))).json()
    await ok(change(metrics, path, present["version"], **fields))


WRITES: Mapping[str, Callable[..., Awaitable[None]]] = {
    "push": push,
    "sample": send_samples,
    "outage": send_outage,
    "correct": correct,
    "revoke": revoke,
    "slo": judge_otherwise,
    "sli": count_otherwise,
    "map": lambda metrics, state: map_states(metrics, {"Fixed": state}),
}
