"""How the deliveries of a source are getting on: what waits, what failed, what was refused."""

import hashlib
import hmac
from typing import Any

import orjson
import pytest

from metrics_api.attribution.rules import Memory
from metrics_api.inbox.processing import process_some
from tests.support.eventually import eventually
from tests.support.metrics import Metrics

SECRET = "correct horse battery"
EVENTS = "/v1/sources/desk/events"


def event(number: int, began: str = "2026-03-01T07:59:59Z") -> bytes:
    data = {"id": f"P{number}", "type": "incident", "status": "triggered", "began": began}
    head = {"id": f"E{number}", "event_type": "incident.triggered", "resource_type": "incident"}
    return orjson.dumps({"event": {**head, "occurred_at": "2026-03-01T08:00:00Z", "data": data}})


async def deliver(metrics: Metrics, body: bytes, secret: str = SECRET) -> Any:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-PagerDuty-Signature": f"v1={mac}", "Authorization": ""}
    return await metrics.http.post(EVENTS, content=body, headers=headers)


async def health(metrics: Metrics, **query: Any) -> dict[str, Any]:
    reply = await metrics.http.get("/v1/sources/desk/health", params=query)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    source = {"key": "desk", "name": "Desk", "kind": "pagerduty"}
    assert (await metrics.http.post("/v1/sources", json=source)).status_code == 201
    made = await metrics.http.post("/v1/sources/desk/secrets", json={"secret": SECRET})
    assert made.status_code == 201, made.text
    return metrics


async def test_a_source_that_never_delivered_says_so(desk: Metrics) -> None:
    found = await health(desk)

    assert (found["pending"], found["lag_seconds"], found["failed"]) == (0, 0.0, 0)
    assert (found["last_received_at"], found["refused"]) == (None, [])
    assert found["recent"]["wait_seconds_p95"] is None


async def test_what_waits_and_what_became_of_the_rest_is_told(desk: Metrics) -> None:
    mapping = {"field_mapping": {"opened_at": "event.data.began"}}
    await desk.http.patch("/v1/sources/desk", json=mapping, headers={"If-Match": "*"})
    await deliver(desk, event(1))
    await deliver(desk, event(2, began="no time at all"))
    await deliver(desk, b'{"event": {"id": "E3", "event_type": "service.created", "data": {}}}')
    while await process_some(desk.engine, Memory()):
        pass
    await deliver(desk, event(4))

    found = await health(desk)

    recent = found["recent"]
    outcomes = [recent[name] for name in ("received", "processed", "ignored", "failed")]
    assert outcomes == [4, 1, 1, 1]
    assert (found["pending"], found["failed"]) == (1, 1)
    assert found["lag_seconds"] > 0
    assert recent["wait_seconds_p95"] > 0
    assert found["last_received_at"] > found["last_processed_at"]


async def test_refused_deliveries_are_counted_by_reason(desk: Metrics) -> None:
    for _ in range(3):
        assert (await deliver(desk, event(1), "another secret")).status_code == 403
    assert (await deliver(desk, b"{")).status_code == 400

    async def counted() -> dict[str, Any]:
        refused = {one["code"]: one for one in (await health(desk))["refused"]}
        assert set(refused) == {"bad_signature", "unparsable"}
        return refused

    refused = await eventually(counted)
    assert (refused["bad_signature"]["count"], refused["unparsable"]["count"]) == (3, 1)
    assert "x-pagerduty-signature" in refused["bad_signature"]["detail"]

    assert (await deliver(desk, event(1), "another secret")).status_code == 403

    async def one_more() -> bool:
        counts = {one["code"]: one["count"] for one in (await health(desk))["refused"]}
        return bool(counts["bad_signature"] == 4)

    assert await eventually(one_more)


async def test_a_process_that_ends_counts_what_it_refused_before(desk: Metrics) -> None:
    await deliver(desk, event(1), "another secret")

    await desk.app.state.inbox.refused.end()

    assert [one["code"] for one in (await health(desk))["refused"]] == ["bad_signature"]


async def test_what_is_sent_to_no_source_is_counted_nowhere(desk: Metrics) -> None:
    await deliver(desk, event(1), "another secret")
    stray = await desk.http.post("/v1/sources/nobody/events", content=b"{}")
    unknown = await desk.http.get("/v1/sources/nobody/health")

    assert (stray.status_code, unknown.status_code) == (404, 404)

    async def written() -> bool:
        return bool((await health(desk))["refused"])

    assert await eventually(written)  # and with it whatever else there was to write
    assert desk.app.state.inbox.refused.unwritten == {}
