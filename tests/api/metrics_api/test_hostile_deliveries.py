"""What is no delivery of the tool, for each kind of tool: refused cleanly or ignored with a reason.

The payloads are of our own making, in the forms of the tools.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from metrics_api.attribution.rules import Memory
from metrics_api.inbox.processing import process_some
from tests.support.metrics import Metrics

SECRET = "correct horse battery staple, forty characters"
BODIES: Mapping[str, Any] = {
    "jira": {
        "webhookEvent": "jira:issue_created",
        "timestamp": 1772352000000,
        "issue": {"id": "1", "key": "OPS-1", "fields": {"summary": "x", "labels": []}},
    },
    "pagerduty": {
        "event": {
            "id": "E1",
            "event_type": "incident.triggered",
            "occurred_at": "2026-03-01T08:00:00Z",
            "data": {"id": "P1", "type": "incident", "status": "melting"},
        }
    },
    "zendesk": {
        "id": "Z1",
        "type": "zen:event-type:ticket.created",
        "time": "2026-03-01T08:00:00.123456789Z",
        "detail": {"id": "7", "status": "MELTING", "created_at": "2026-03-01T08:00:00Z"},
        "event": {},
    },
    "servicenow": {
        "result": {
            "sys_id": "0" * 32,
            "number": "INC1",
            "state": "77",
            "sys_class_name": "incident",
            "sys_updated_on": "2026-03-01 08:00:00",
            "opened_at": "2026-03-01 08:00:00",
        }
    },
    "glpi": {
        "event": "new",
        "item": {"id": 5, "name": "x", "status": {"id": 77}, "date_mod": "2026-03-01T08:00:00Z"},
    },
    "alertmanager": {
        "version": "4",
        "status": "firing",
        "alerts": [
            {
                "status": "melting",
                "labels": {"alertname": "Hot"},
                "annotations": {},
                "startsAt": "2026-03-01T08:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "fingerprint": "ab12",
            }
        ],
    },
    "itop": {
        "code": 0,
        "message": "",
        "objects": {
            "Incident::3": {
                "code": 0,
                "class": "Incident",
                "key": "3",
                "fields": {
                    "ref": "I-3",
                    "status": "melting",
                    "start_date": "2026-03-01 08:00:00",
                    "last_update": "2026-03-01 08:00:00",
                },
            }
        },
    },
    "statuspage": {
        "page": {"id": "p", "status_indicator": "major"},
        "incident": {
            "id": "s1",
            "name": "x",
            "status": "melting",
            "impact": "major",
            "created_at": "2026-03-01T08:00:00.000Z",
            "updated_at": "2026-03-01T08:00:00.000Z",
            "incident_updates": [],
        },
    },
}
TIMED = ("servicenow", "zendesk", "glpi")


def heads(tool: str, body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """As the tool signs: its scheme is the source's default."""
    seconds, stamp = str(int(at.timestamp())), at.isoformat().replace("+00:00", "Z")

    def mac(message: bytes) -> bytes:
        return hmac.new(secret.encode(), message, hashlib.sha256).digest()

    zendesk = "X-Zendesk-Webhook-Signature"
    signed: dict[str, dict[str, str]] = {
        "jira": {"X-Hub-Signature": f"sha256={mac(body).hex()}"},
        "pagerduty": {"X-PagerDuty-Signature": f"v1={mac(body).hex()}"},
        "zendesk": {
            zendesk: base64.b64encode(mac(stamp.encode() + body)).decode(),
            f"{zendesk}-Timestamp": stamp,
        },
        "servicenow": {
            "X-Tollgate-Timestamp": seconds,
            "X-Tollgate-Signature": mac(f"{seconds}.".encode() + body).hex(),
        },
        "glpi": {
            "X-GLPI-Timestamp": seconds,
            "X-GLPI-Signature": mac(body + seconds.encode()).hex(),
        },
        "alertmanager": {"Authorization": f"Bearer {secret}"},
        "itop": {"X-Webhook-Secret": secret},
        "statuspage": {},
    }
    return signed[tool]


class Tool:
    """A source of a kind with a secret, and what is sent to it."""

    def __init__(self, metrics: Metrics, kind: str) -> None:
        self.metrics, self.kind = metrics, kind

    async def send(
        self, body: bytes, secret: str = SECRET, at: datetime | None = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": ""}
        headers |= heads(self.kind, body, at or datetime.now(UTC), secret)
        query = {"token": secret} if self.kind == "statuspage" else None
        path = f"/v1/sources/{self.kind}/events"
        reply = await self.metrics.http.post(path, content=body, headers=headers, params=query)
        return reply.status_code, reply.json()

    async def receipts(self) -> list[dict[str, Any]]:
        while await process_some(self.metrics.engine, Memory()):
            pass
        reply = await self.metrics.http.get(f"/v1/sources/{self.kind}/receipts")
        found: list[dict[str, Any]] = reply.json()["items"]
        return found


@pytest.fixture(params=sorted(BODIES))
async def tool(metrics: Metrics, request: pytest.FixtureRequest) -> Tool:
    kind = request.param
    source = {"key": kind, "name": kind, "kind": kind, "timezone": "UTC"}
    assert (await metrics.http.post("/v1/sources", json=source)).status_code == 201
    path = f"/v1/sources/{kind}/secrets"
    assert (await metrics.http.post(path, json={"secret": SECRET})).status_code == 201
    return Tool(metrics, kind)


async def test_what_the_tool_did_not_send_is_refused_and_what_it_sent_is_read(tool: Tool) -> None:
    body = orjson.dumps(BODIES[tool.kind])
    other = "pagerduty" if tool.kind == "jira" else "jira"

    forged = await tool.send(body, secret="correct horse battery staple, forty charactert")
    cut = await tool.send(body[: len(body) // 2])
    huge = await tool.send(b'{"a": "' + b"x" * 50_000_000 + b'"}')
    old = await tool.send(body, at=datetime.now(UTC) - timedelta(days=2))
    assert (forged[0], forged[1]["code"]) == (403, "bad_signature")
    assert (cut[0], cut[1]["code"]) == (400, "unparsable")
    assert (huge[0], huge[1]["code"]) == (413, "too_large")
    if tool.kind in TIMED:
        assert (old[0], old[1]["code"]) == (403, "old_signature")
        assert await tool.receipts() == []

    foreign = await tool.send(orjson.dumps(BODIES[other]))
    assert foreign[0] == 202
    ignored = (await tool.receipts())[0]
    assert (ignored["state"], ignored["outcome"]["records"]) == ("ignored", [])
    assert ignored["outcome"]["ignored"][0]["code"] == "unknown_body"

    assert (await tool.send(body))[0] in {200, 202}
    (read,) = [one for one in await tool.receipts() if one["state"] == "processed"]
    (record,) = read["outcome"]["records"]
    path = f"/v1/incidents/{tool.kind}/{record['external_id']}"
    incident = (await tool.metrics.http.get(path)).json()
    assert incident["opened_at"] is None or incident["opened_at"].startswith("2026-03-01")
    if tool.kind != "jira":  # its words for states are what a team makes of them
        assert "melting" in str(incident["raw_state"]).lower() or incident["raw_state"] == "77"
        assert incident["state"] is None
