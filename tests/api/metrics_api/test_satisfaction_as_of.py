"""The satisfaction report as of a moment: what was known then, whatever came later."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from shared.kit.clock import now
from tests.support.as_of import OPENED, ok, open_desk, tell, tell_copy
from tests.support.metrics import Metrics

QUESTIONS: list[dict[str, Any]] = [
    {"by": "touchpoint"},
    {"by": "service"},
    {"by": "customer", "periods": "2024-Q1,2024-03"},
    {"by": "touchpoint", "service": "mail"},
    {"by": "service", "touchpoint": "desk", "customer": "hr"},
    {"by": "touchpoint", "kind": "nps"},
    {"by": "touchpoint", "limit": 1},
]


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A source `desk`, the services `mail` and `network`, a touchpoint and a customer."""
    await rename(metrics, "touchpoint", "desk", {"channel": "phone"}, "Service desk")
    await rename(metrics, "customer", "hr", {}, "People")
    return await open_desk(metrics)


async def rename(metrics: Metrics, kind: str, key: str, facts: dict[str, Any], name: str) -> None:
    await tell_copy(metrics, kind, key, {"name": name, "active": True, **facts})


async def push(metrics: Metrics, number: int, version: int, **fields: Any) -> None:
    survey = {
        "source": "desk",
        "external_id": f"S{number}",
        "version": version,
        "updated_at": OPENED.isoformat(),
        "kind": "csat",
        "service": "mail",
        "touchpoint": "desk",
        "customer": "hr",
        "sent_at": OPENED.isoformat(),
    }
    if fields.get("score") is not None:
        survey["answered_at"] = OPENED.isoformat()
    await ok(metrics.http.post("/v1/surveys", json=survey | fields))


async def attribute(metrics: Metrics, survey: str, service: str) -> None:
    records = [{"source": "desk", "external_id": survey, "kind": "survey"}]
    body = {"service": service, "records": records}
    await ok(metrics.http.post("/v1/attributions", json=body))


async def reports(metrics: Metrics, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The answers to all questions; what they say of `as_of` is looked at and left out."""
    found = []
    for question in QUESTIONS:
        asked = {"kind": "csat", "periods": "2024-Q1", **question}
        asked |= {} if as_of is None else {"as_of": as_of.isoformat()}
        reply = (await ok(metrics.http.get("/v1/reports/satisfaction", params=asked))).json()
        told = reply.pop("as_of")
        assert (told and datetime.fromisoformat(told)) == as_of
        found.append(reply)
    return found


async def test_no_later_write_changes_how_satisfied_people_were_known_to_be(
    desk: Metrics,
) -> None:
    steps: list[Callable[[], Awaitable[None]]] = [
        partial(push, desk, 1, 1, score=5),
        partial(push, desk, 2, 1, score=2, touchpoint="portal"),
        partial(push, desk, 3, 1),  # sent, and not answered yet
        partial(push, desk, 3, 2, score=4),
        partial(push, desk, 1, 2, score=1),
        partial(push, desk, 4, 1, score=9, kind="nps"),
        partial(push, desk, 2, 2, score=2, service="network", customer="sales"),
        partial(attribute, desk, "S1", "network"),
        partial(tell, desk, "mail", ["The mail"], 2, name="Post"),
        partial(rename, desk, "touchpoint", "desk", {"channel": "phone"}, "Help desk"),
        partial(rename, desk, "customer", "hr", {}, "Human resources"),
    ]
    known = [(now(), await reports(desk))]
    for step in steps:
        await step()
        known.append((now(), await reports(desk)))

    changed = [before != after for (_, before), (_, after) in pairwise(known)]
    assert changed == [True] * len(steps)
    for then, expected in known:
        assert await reports(desk, then) == expected


async def test_pages_go_on_as_of_the_same_moment(desk: Metrics) -> None:
    for number, touchpoint in enumerate(("a", "b", "c")):
        await push(desk, number, 1, score=5, touchpoint=touchpoint)
    then = now()
    await push(desk, 9, 1, score=1, touchpoint="ab")

    asked: dict[str, Any] = {"kind": "csat", "periods": "2024-Q1", "limit": 2}
    asked["as_of"] = then.isoformat()
    first = (await ok(desk.http.get("/v1/reports/satisfaction", params=asked))).json()
    asked["cursor"] = first["next_cursor"]
    second = (await ok(desk.http.get("/v1/reports/satisfaction", params=asked))).json()

    assert [row["key"] for row in first["rows"] + second["rows"]] == ["a", "b", "c"]
    assert second["next_cursor"] is None


async def test_an_unfinished_period_runs_to_the_moment(desk: Metrics) -> None:
    as_of = "2024-03-15T00:00:00Z"
    asked = {"kind": "csat", "periods": "2024-03", "as_of": as_of}

    reply = (await ok(desk.http.get("/v1/reports/satisfaction", params=asked))).json()

    (value,) = reply["total"]
    assert (value["end"], value["complete"]) == (as_of, False)


@pytest.mark.parametrize("as_of", ["2199-01-01T00:00:00Z", "yesterday"])
async def test_what_cannot_be_told_as_of_a_moment_is_422(desk: Metrics, as_of: str) -> None:
    asked = {"kind": "csat", "periods": "2024-Q1", "as_of": as_of}

    reply = await desk.http.get("/v1/reports/satisfaction", params=asked)

    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == ["/query/as_of"]
