"""SLIs that Prometheus feeds: what is asked each round, and what becomes of the answers."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from metrics_api.prometheus import rules
from metrics_api.prometheus.actions import query_all
from metrics_api.prometheus.queries import note_round
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.prometheus import (
    BINARY,
    Form,
    ScriptedPrometheus,
    matrix,
    moments,
    real_prometheus,
    scripted_prometheus,
)

TOKEN = "prom-token"


@pytest.fixture
async def prometheus() -> AsyncIterator[ScriptedPrometheus]:
    async with scripted_prometheus() as running:
        yield running


async def register(metrics: Metrics, url: str, **fields: Any) -> dict[str, Any]:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
    body = {"key": "main", "name": "Main", "url": url, **fields}
    reply = await metrics.http.post("/v1/prometheus-servers", json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def define_sli(metrics: Metrics, **fields: Any) -> None:
    body = {
        "key": "errors",
        "service": "network",
        "kind": "ratio",
        "parts": "bad_total",
        "feed": {"kind": "prometheus", "server": "main", "step_seconds": 60},
        "sources": {
            "bad": {"type": "Prometheus", "spec": {"query": "sum(errors)"}},
            "total": {"type": "Prometheus", "spec": {"query": "sum(requests)"}},
        },
        **fields,
    }
    reply = await metrics.http.post("/v1/slis", json=body)
    assert reply.status_code == 201, reply.text


async def query_round(metrics: Metrics) -> dict[str, Any]:
    await query_all(metrics.engine, allow_private=True)
    reply = await metrics.http.get("/v1/prometheus-queries")
    (state,) = reply.json()["items"]
    found: dict[str, Any] = state
    return found


async def samples(metrics: Metrics) -> list[dict[str, Any]]:
    reply = await metrics.http.get("/v1/slis/errors/samples", params={"limit": 500})
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


def counting(form: Form) -> tuple[int, Any]:
    value = 1.0 if "errors" in form["query"] else 10.0
    return 200, matrix(dict.fromkeys(moments(form), value))


async def test_answers_become_samples_and_no_moment_is_asked_for_twice(
    metrics: Metrics, prometheus: ScriptedPrometheus
) -> None:
    prometheus.answer = counting
    await register(metrics, prometheus.url)
    await define_sli(metrics)

    state = await query_round(metrics)
    again = await query_round(metrics)

    assert (state["failures"], state["last_error"]) == (0, None)
    assert [form["query"] for form in prometheus.forms] == ["sum(errors)", "sum(requests)"]
    assert again["queried_until"] == state["queried_until"]
    kept = await samples(metrics)
    assert {(one["bad"], one["total"]) for one in kept} == {(1.0, 10.0)}


async def test_a_round_that_failed_is_caught_up_with(
    metrics: Metrics, prometheus: ScriptedPrometheus
) -> None:
    await register(metrics, prometheus.url)
    await define_sli(metrics)
    prometheus.answer = lambda form: (422, {"status": "error", "error": "parse error"})

    failed = await query_round(metrics)
    prometheus.answer = counting
    mended = await query_round(metrics)

    assert failed["failures"] == 1
    assert "parse error" in failed["last_error"]
    assert failed["queried_until"] is None
    assert (mended["failures"], mended["last_error"]) == (0, None)
    assert prometheus.forms[-1]["start"] == prometheus.forms[0]["start"]


async def test_a_server_that_is_not_there_says_so_and_stops_nobody(
    metrics: Metrics, prometheus: ScriptedPrometheus
) -> None:
    prometheus.answer = counting
    await register(metrics, prometheus.url)
    await define_sli(metrics)
    other = {"kind": "prometheus", "server": "gone", "step_seconds": 60}
    await define_sli(metrics, key="lost", feed=other)

    await query_all(metrics.engine, allow_private=True)

    states = (await metrics.http.get("/v1/prometheus-queries")).json()["items"]
    assert [(one["sli"], one["failures"]) for one in states] == [("errors", 0), ("lost", 1)]


async def test_the_token_is_sent_and_never_shown(
    metrics: Metrics, prometheus: ScriptedPrometheus
) -> None:
    server = await register(metrics, prometheus.url, token=TOKEN)
    await define_sli(metrics)

    await query_round(metrics)

    assert prometheus.authorizations[0] == f"Bearer {TOKEN}"
    trail = await metrics.http.get("/v1/audit", params={"resource": "prometheus_server"})
    assert TOKEN not in trail.text + str(server)
    assert server["has_token"] is True


async def test_a_token_does_not_follow_its_server_to_another_url(
    metrics: Metrics, prometheus: ScriptedPrometheus
) -> None:
    await register(metrics, prometheus.url, token=TOKEN)
    await define_sli(metrics)
    place, elsewhere = "/v1/prometheus-servers/main", {"url": "http://127.0.0.1:9/"}

    moved = await metrics.http.patch(place, json=elsewhere, headers={"If-Match": '"1"'})
    await query_round(metrics)
    both = elsewhere | {"token": "another"}
    with_its_own = await metrics.http.patch(place, json=both, headers={"If-Match": '"1"'})

    assert (moved.status_code, moved.json()["code"]) == (422, "token_needed")
    assert moved.json()["errors"][0]["pointer"] == "/token"
    assert set(prometheus.authorizations) == {f"Bearer {TOKEN}"}
    assert with_its_own.status_code == 200


async def test_private_addresses_are_asked_only_where_that_is_allowed(
    metrics: Metrics, prometheus: ScriptedPrometheus
) -> None:
    await register(metrics, prometheus.url)
    await define_sli(metrics)

    await query_all(metrics.engine, allow_private=False)

    (state,) = (await metrics.http.get("/v1/prometheus-queries")).json()["items"]
    assert "private" in state["last_error"]
    assert prometheus.forms == []


@pytest.mark.parametrize("url", ["ftp://x", "http://a:b@x", "no url", "http://"])
async def test_what_is_no_server_is_refused(metrics: Metrics, url: str) -> None:
    body = {"key": "main", "name": "Main", "url": url}

    reply = await metrics.http.post("/v1/prometheus-servers", json=body)

    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/url"


async def test_an_inactive_server_is_asked_no_more(
    metrics: Metrics, prometheus: ScriptedPrometheus
) -> None:
    await register(metrics, prometheus.url)
    await define_sli(metrics)
    path = "/v1/prometheus-servers/main"

    changed = await metrics.http.patch(path, json={"active": False}, headers={"If-Match": '"1"'})
    await query_all(metrics.engine, allow_private=True)

    assert changed.json()["active"] is False
    assert prometheus.forms == []


@pytest.mark.skipif(BINARY is None, reason="no prometheus is installed")
async def test_a_real_prometheus_feeds_an_sli(
    metrics: Metrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "SETTLING", timedelta(0))
    async with real_prometheus(tmp_path) as url:
        await register(metrics, url)
        query = {"type": "Prometheus", "spec": {"query": "sum(up)"}}
        feed = {"kind": "prometheus", "server": "main", "step_seconds": 1}
        await define_sli(metrics, feed=feed, sources={"bad": query, "total": query})
        began = now()
        async with transaction(metrics.engine) as session:
            await _pretend_queried_until(session, began - timedelta(seconds=10))

        state = await query_round(metrics)

    assert state["last_error"] is None
    kept = await samples(metrics)
    assert kept
    assert {(one["bad"], one["total"]) for one in kept} == {(1.0, 1.0)}


async def _pretend_queried_until(session: Any, at: datetime) -> None:
    await note_round(session, "errors", at, at.replace(microsecond=0), None)
