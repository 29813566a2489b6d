"""What was known at a moment, whatever is written later."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.kit.clock import now
from tests.support.as_of import figures, map_states, numbers, ok, open_desk, push, report, tell
from tests.support.metrics import Metrics


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A source `desk` and the services `mail` and `network`, each named so by it."""
    return await open_desk(metrics)


NAMES = st.sampled_from(["mail", "The mail", "network", "Both", "nobody", None])
PUSHES = st.tuples(
    st.just("push"),
    st.integers(1, 3),
    st.integers(1, 5),
    st.sampled_from(["new", "in_progress", "resolved", "Fixed", "cancelled", "closed"]),
    st.integers(1, 600),
    NAMES,
)
STEPS = st.one_of(
    PUSHES,
    PUSHES,
    st.tuples(st.just("map"), st.sampled_from(["resolved", "in_progress", "cancelled"])),
    st.tuples(st.just("name"), st.sampled_from(["mail", "network"])),
    st.tuples(st.just("pin"), st.sampled_from(["mail", "network"]), st.integers(1, 3)),
    st.tuples(st.just("reference"), st.sampled_from(["mail", "network"]), st.booleans()),
)


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=3, max_size=9))
async def test_no_later_write_changes_what_was_known(
    desk: Metrics, steps: list[tuple[Any, ...]]
) -> None:
    known = []
    for number, step in enumerate(steps):
        await take(desk, step, number)
        live = [numbers(await figures(desk, key)) for key in ("mail", "network")]
        known.append((now(), [*live, await report(desk)]))

    for then, expected in known:
        found = [numbers(await figures(desk, key, then)) for key in ("mail", "network")]
        assert [*found, await report(desk, then)] == expected


async def take(metrics: Metrics, step: tuple[Any, ...], number: int) -> None:
    kind, *how = step
    match kind:
        case "push":
            await push(metrics, *how)
        case "map":
            await map_states(metrics, {"Fixed": how[0]})
        case "name":
            body = {"service": how[0], "source": "desk", "service_name": "Both"}
            await ok(metrics.http.post("/v1/attributions", json=body))
        case "pin":
            records = [{"source": "desk", "external_id": f"INC{how[1]}"}]
            body = {"service": how[0], "records": records}
            reply = await metrics.http.post("/v1/attributions", json=body)
            assert reply.status_code in {201, 422}, reply.text
        case _:
            names = ["The mail", "Both"] if how[1] else []
            revision = int(now().timestamp() * 1000) + number
            await tell(metrics, how[0], names, revision)
