"""Critical success factors as of a moment: what was known then, whatever came later."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from shared.kit.clock import now
from tests.support.as_of import map_states, ok, open_desk, push, push_record
from tests.support.metrics import Metrics
from tests.support.slos import change, made

FACTOR = "/v1/success-factors/fast"
Step = Callable[[], Awaitable[Any]]


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A source `desk`, the services `mail` and `network`, and a key result area."""
    await open_desk(metrics)
    await made(metrics, "/v1/kras", {"key": "workplaces", "name": "Workplaces", "owner": "ada"})
    return metrics


def kpis(*names: str) -> list[dict[str, str]]:
    return [{"kpi": name, "service": "mail"} for name in names]


async def define(metrics: Metrics, *names: str) -> None:
    factor = {"key": "fast", "name": "Solved fast", "owner": "ada", "kra": "workplaces"}
    await made(metrics, "/v1/success-factors", factor | {"kpis": kpis(*names)})


async def set_target(metrics: Metrics, kpi: str, **fields: Any) -> str:
    target = {"service": "mail", "kpi": kpi, "valid_from": "2024-01-01"} | fields
    return str((await made(metrics, "/v1/targets", target))["id"])


async def status(
    metrics: Metrics, then: datetime | None = None, period: str = "2024-Q1"
) -> dict[str, Any]:
    """How far the factor is satisfied; what it says of `as_of` is looked at and left out."""
    asked = {"period": period} | ({} if then is None else {"as_of": then.isoformat()})
    found: dict[str, Any] = (await ok(metrics.http.get(f"{FACTOR}/status", params=asked))).json()
    told = found.pop("as_of")
    assert (told and datetime.fromisoformat(told)) == then
    return found


async def resolved_by_mapping(metrics: Metrics) -> None:
    """An incident called by a word of the desk's, and in a state that is a word of its own."""
    await push(metrics, 2, 1, "Fixed", 3, "The mail")
    await map_states(metrics, {"Fixed": "resolved"})


async def answered(metrics: Metrics, version: int, score: int) -> None:
    survey = {"kind": "csat", "answered_at": 1, "score": score, "version": version}
    await push_record(metrics, "survey", survey | {"updated_at": 1 + version})


def steps(metrics: Metrics, target: str) -> list[Step]:
    """What can be written of a factor, one after the other; each changes how it stands."""
    attributed = {"service": "network", "records": [{"source": "desk", "external_id": "INC1"}]}
    return [
        partial(push, metrics, 1, 1, "resolved", 4, "mail"),
        partial(push, metrics, 1, 2, "resolved", 10, "mail"),
        partial(resolved_by_mapping, metrics),
        partial(made, metrics, "/v1/attributions", attributed),
        partial(change, metrics, f"/v1/targets/{target}", value=2),
        partial(answered, metrics, 1, 2),
        partial(set_target, metrics, "csat", comparator="gte", value=0.8),
        partial(answered, metrics, 2, 5),
        partial(change, metrics, FACTOR, name="Solved at once"),
        partial(change, metrics, FACTOR, 2, kpis=kpis("csat")),
        partial(change, metrics, FACTOR, 3, kpis=kpis("mttr", "backlog")),
        partial(change, metrics, f"/v1/targets/{target}", 2, valid_to="2024-02-29"),
    ]


async def test_no_later_write_changes_how_a_factor_was_known_to_stand(desk: Metrics) -> None:
    await define(desk, "mttr", "csat")
    written = steps(desk, await set_target(desk, "mttr", comparator="lte", value=5))
    known = [(now(), await status(desk))]
    for step in written:
        await step()
        known.append((now(), await status(desk)))

    changed = [before != after for (_, before), (_, after) in pairwise(known)]
    assert changed == [True] * len(written)
    for then, expected in known:
        assert await status(desk, then) == expected


async def test_before_it_was_defined_there_was_none(desk: Metrics) -> None:
    before = now()
    await define(desk, "mttr")

    reply = await desk.http.get(
        f"{FACTOR}/status", params={"period": "2024-Q1", "as_of": before.isoformat()}
    )

    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


async def test_nothing_is_known_of_what_is_to_come(desk: Metrics) -> None:
    await define(desk, "mttr")
    ahead = now() + timedelta(days=1)

    reply = await desk.http.get(
        f"{FACTOR}/status", params={"period": "2024-Q1", "as_of": ahead.isoformat()}
    )

    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/query/as_of"


async def test_a_period_that_had_not_ended_then_was_not_complete(desk: Metrics) -> None:
    await define(desk, "mttr")
    then = now()

    found = [await status(desk, then, period=period) for period in ("2024-Q1", f"{then:%Y}")]

    assert [one["complete"] for one in found] == [True, False]


async def test_every_version_is_kept_and_answered_newest_first(desk: Metrics) -> None:
    await define(desk, "mttr")
    first = (await ok(desk.http.get(FACTOR))).json()
    await change(desk, FACTOR, kpis=kpis("csat", "mttr"))
    second = (await ok(desk.http.get(FACTOR))).json()

    found = (await ok(desk.http.get(f"{FACTOR}/versions"))).json()

    assert (found["items"], found["next_cursor"]) == ([second, first], None)
