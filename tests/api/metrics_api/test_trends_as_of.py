"""Trends as of a moment: where a KPI was heading by what was known then."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from metrics_api.trends.actions import refresh_trends
from shared.kit.clock import now
from tests.support.as_of import ok, open_desk, tell
from tests.support.metrics import Metrics

FIRST = datetime(2024, 1, 10, tzinfo=UTC)
HOURS = [2.0 + 0.2 * n for n in range(12)]
QUESTIONS: list[dict[str, Any]] = [
    {"until": "2024-12-31", "periods": 14},
    {"until": "2024-12-31", "periods": 14, "kpi": "mttr", "timezone": "Europe/Vienna"},
    # A fix of October is not yet 30 days old on its last day.
    {"until": "2024-10-31", "periods": 10, "kpi": "permanent_fix_rate"},
    {"until": "2024-12-31", "grain": "week", "periods": 30, "kpi": "backlog"},
    {"periods": 40, "kpi": "incident_count"},
]


@pytest.fixture
async def mail(metrics: Metrics) -> Metrics:
    """A source `desk`, and a service whose incidents of 2024 take longer month by month."""
    await open_desk(metrics)
    for number, hours in enumerate(HOURS):
        await push(metrics, number, 1, hours)
    return metrics


async def push(
    metrics: Metrics, number: int, version: int, hours: float | None, **fields: Any
) -> None:
    """The incident of a month of 2024, resolved after so many hours; None: it is open."""
    opened = FIRST.replace(month=number % 12 + 1) + timedelta(days=number // 12)
    changed = opened + timedelta(hours=hours or 0)
    record = {
        "source": "desk",
        "external_id": f"INC{number}",
        "version": version,
        "updated_at": changed.isoformat(),
        "opened_at": opened.isoformat(),
        "state": "new" if hours is None else "resolved",
        "service": "The mail",
        "priority": 3,
        "problem": f"P{number // 3}",
    }
    if hours is not None:
        record["resolved_at"] = record["updated_at"]
    await ok(metrics.http.post("/v1/incidents", json=record | fields))


async def push_other(metrics: Metrics, path: str, **fields: Any) -> None:
    """A record of another kind; stamps are hours in November 2024."""
    record = {"source": "desk", "external_id": "R1", "service": "mail", **fields}
    stamps = {"updated_at": 9} | {name: at for name, at in fields.items() if name.endswith("_at")}
    for name, hours in stamps.items():
        record[name] = (FIRST.replace(month=11) + timedelta(hours=hours)).isoformat()
    await ok(metrics.http.post(path, json=record))


async def set_target(metrics: Metrics, value: float) -> None:
    body = {"service": "mail", "kpi": "mttr", "comparator": "lte", "valid_from": "2024-01-01"}
    await ok(metrics.http.post("/v1/targets", json=body | {"value": value}))


async def change_target(metrics: Metrics, change: dict[str, Any]) -> None:
    (target,) = (await ok(metrics.http.get("/v1/targets"))).json()["items"]
    read = await metrics.http.get(f"/v1/targets/{target['id']}")
    headers = {"If-Match": read.headers["ETag"]}
    await ok(metrics.http.patch(f"/v1/targets/{target['id']}", json=change, headers=headers))


async def attribute(metrics: Metrics, incident: str, service: str) -> None:
    records = [{"source": "desk", "external_id": incident}]
    body = {"service": service, "records": records}
    await ok(metrics.http.post("/v1/attributions", json=body))


async def trends(metrics: Metrics, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """The answers to all questions; what they say of `as_of` is looked at and left out."""
    found = []
    for question in QUESTIONS:
        asked = question | ({} if as_of is None else {"as_of": as_of.isoformat()})
        reply = (await ok(metrics.http.get("/v1/services/mail/trends", params=asked))).json()
        told = reply.pop("as_of")
        assert (told and datetime.fromisoformat(told)) == as_of
        found.append(reply)
    return found


async def test_no_later_write_changes_where_a_kpi_was_known_to_head(mail: Metrics) -> None:
    survey = {"kind": "csat", "score": 2, "answered_at": 5}
    outage = {"started_at": 1, "ended_at": 4}
    steps: list[Callable[[], Awaitable[None]]] = [
        partial(set_target, mail, 5.0),
        partial(change_target, mail, {"value": 4.5}),
        partial(push, mail, 11, 2, 1.0),
        partial(push, mail, 22, 1, 30.0, problem="P3"),  # late, and the problem P3 again
        partial(push, mail, 3, 2, None),
        partial(attribute, mail, "INC5", "network"),
        partial(push_other, mail, "/v1/surveys", **survey),
        partial(push_other, mail, "/v1/outages", **outage),
        partial(change_target, mail, {"valid_to": "2024-11-30"}),
        partial(tell, mail, "mail", [], 2, name="Post"),
    ]
    known = [(now(), await trends(mail))]
    for step in steps:
        await step()
        known.append((now(), await trends(mail)))

    changed = [before != after for (_, before), (_, after) in pairwise(known)]
    assert changed == [True] * len(steps)
    for then, expected in known:
        assert await trends(mail, then) == expected


async def test_without_a_last_day_the_series_ends_before_the_moment(mail: Metrics) -> None:
    then = now()
    asked = {"kpi": "mttr", "as_of": then.isoformat()}

    found = (await ok(mail.http.get("/v1/services/mail/trends", params=asked))).json()

    before = then.replace(day=1) - timedelta(days=1)
    assert found["trends"][0]["series"][-1]["period"] == f"{before:%Y-%m}"


async def test_a_service_that_was_not_known_by_then_is_not_found(mail: Metrics) -> None:
    asked = {"as_of": "2024-07-15T00:00:00Z"}

    reply = await mail.http.get("/v1/services/mail/trends", params=asked)

    assert reply.status_code == 404


STORED: list[dict[str, Any]] = [
    {"kpi": "mttr"},
    {"service": "mail", "direction": "degrading"},
    {"direction": "none"},
    {"crossing_before": "2030-01-01"},
    {"limit": 3},
]


async def stored(metrics: Metrics, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """Answers to all questions about what the daily job stored."""
    moment: dict[str, Any] = {} if as_of is None else {"as_of": as_of.isoformat()}
    replies = [await ok(metrics.http.get("/v1/trends", params=one | moment)) for one in STORED]
    return [reply.json() for reply in replies]


async def test_stored_trends_are_those_of_the_last_look_by_then(mail: Metrics) -> None:
    days = [datetime(2025, 1, day, 4, 41, tzinfo=UTC) for day in (10, 11, 12)]
    known = [await stored(mail)]
    steps: list[Callable[[], Awaitable[None]]] = [
        partial(set_target, mail, 5.0),
        partial(push, mail, 22, 1, 9.0),
        partial(change_target, mail, {"value": 4.5}),
    ]
    for day, step in zip(days, steps, strict=True):
        await step()
        await refresh_trends(mail.engine, day)
        known.append(await stored(mail))

    assert all(before != after for before, after in pairwise(known))
    assert await stored(mail, days[0] - timedelta(seconds=1)) == known[0]
    for day, expected in zip(days, known[1:], strict=True):
        assert await stored(mail, day + timedelta(hours=5)) == expected


async def test_pages_of_stored_trends_go_on_as_of_the_same_moment(mail: Metrics) -> None:
    day = datetime(2025, 1, 10, 4, 41, tzinfo=UTC)
    await refresh_trends(mail.engine, day)
    whole = (await ok(mail.http.get("/v1/trends"))).json()["items"]
    await push(mail, 22, 1, 30.0)
    await refresh_trends(mail.engine, day + timedelta(days=1))

    asked: dict[str, Any] = {"limit": 1, "as_of": day.isoformat()}
    seen = []
    while asked.get("cursor", "") is not None:
        page = (await ok(mail.http.get("/v1/trends", params=asked))).json()
        seen += page["items"]
        asked["cursor"] = page["next_cursor"]

    assert len(whole) > 1
    assert seen == whole


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"as_of": "2199-01-01T00:00:00Z"}, "/query/as_of"),
        ({"as_of": "yesterday"}, "/query/as_of"),
        ({"as_of": "2024-05-01T00:00:00Z", "until": "2024-05-02"}, "/query/until"),
        (
            {
                "as_of": "2024-05-01T23:00:00Z",
                "until": "2024-05-03",
                "timezone": "Europe/Vienna",
            },
            "/query/until",
        ),
    ],
)
async def test_what_could_not_be_known_is_refused(
    mail: Metrics, asked: dict[str, str], pointer: str
) -> None:
    reply = await mail.http.get("/v1/services/mail/trends", params=asked)

    assert reply.status_code == 422, reply.text
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]


async def test_the_day_of_the_moment_is_that_of_the_time_zone(mail: Metrics) -> None:
    as_of = now().replace(hour=23, minute=30) - timedelta(days=1)
    day = {"as_of": as_of.isoformat(), "until": f"{now():%Y-%m-%d}"}

    east, utc = [
        await mail.http.get("/v1/services/mail/trends", params={**day, "timezone": zone})
        for zone in ("Asia/Tokyo", "UTC")
    ]

    # Known since today only: the day is no reason to refuse in Tokyo.
    assert (east.status_code, utc.status_code) == (404, 422)


async def test_trends_are_not_stored_yet_as_of_a_moment_to_come(mail: Metrics) -> None:
    reply = await mail.http.get("/v1/trends", params={"as_of": "2199-01-01T00:00:00Z"})

    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == ["/query/as_of"]
