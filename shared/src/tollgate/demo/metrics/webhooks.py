"""PagerDuty as a second source: what it delivers in its own form, signed as it signs."""

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import httpx

from tollgate.connection import body_of
from tollgate.demo.content import ALARM_SOURCE, SERVICES
from tollgate.demo.making import PATIENCE, Providers, create, ensure, listed
from tollgate.resending import call_until_answered

SOURCE = {"key": ALARM_SOURCE, "name": "PagerDuty of network operations", "kind": "pagerduty"}
SECRETS = f"/v1/sources/{SOURCE['key']}/secrets"


class Alarm(NamedTuple):
    """An incident of PagerDuty; minutes after its beginning at which it moved on."""

    id: str
    service: str
    title: str
    priority: str
    days_ago: int
    acknowledged: int | None
    resolved: int | None


ALARMS = (
    Alarm("Q0DEMO1ALARM01", "network-infrastructure", "Core router 2: BGP down", "P1", 9, 4, 95),
    Alarm("Q0DEMO1ALARM02", "network-infrastructure", "Wireless hall 3: no DHCP", "P2", 6, 11, 160),
    Alarm("Q0DEMO1ALARM03", "server-platform", "Storage node 1 is nearly full", "P3", 2, 35, 900),
    Alarm("Q0DEMO1ALARM04", "network-infrastructure", "Remote access is slow", "P3", 1, 20, None),
)
NAMES = {service.key: service.alarm_name for service in SERVICES}
TRIGGERED, ACKNOWLEDGED, RESOLVED = "triggered", "acknowledged", "resolved"


def load_webhooks(at: Providers, _until: date) -> None:
    """The source with a secret of its own, and its deliveries unless it has been sent them.

    They are of these days: in the year of the worked example they would change its figures.
    """
    ensure(at.metrics, "/v1/sources", SOURCE)
    deliveries = list(_deliveries(datetime.now(UTC).date()))
    receipts = f"/v1/sources/{SOURCE['key']}/receipts"
    if len(list(listed(at.metrics, receipts))) >= len(deliveries):
        return
    secret = _new_secret(at)
    for delivery in deliveries:
        _send(at, secret, delivery)


def _new_secret(at: Providers) -> str:
    """One is told only when it is made, so that of a start that was broken off is replaced."""
    for known in listed(at.metrics, SECRETS):
        if known["revoked_at"] is None:
            call_until_answered(at.metrics, "DELETE", f"{SECRETS}/{known['id']}", patience=PATIENCE)
    made: str = body_of(create(at.metrics, SECRETS, {}))["secret"]
    return made


def _send(at: Providers, secret: str, event: dict[str, Any]) -> None:
    """As PagerDuty does: no token, but the body's signature; its id makes repeats harmless."""
    body = json.dumps({"event": event}).encode()
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    call_until_answered(
        at.metrics,
        "POST",
        f"/v1/sources/{SOURCE['key']}/events",
        patience=PATIENCE,
        content=body,
        headers={
            "Content-Type": "application/json",
            "X-Webhook-Id": event["id"],
            "X-PagerDuty-Signature": f"v1={signature}",
        },
        auth=_Signed(),
    )


class _Signed(httpx.Auth):
    """In place of the client's token."""


def _deliveries(today: date) -> Iterator[dict[str, Any]]:
    for number, alarm in enumerate(ALARMS, start=1):
        begun = datetime.combine(today, time(7, 10), UTC) - timedelta(days=alarm.days_ago)
        moves = ((TRIGGERED, 0), (ACKNOWLEDGED, alarm.acknowledged), (RESOLVED, alarm.resolved))
        for state, after in moves:
            if after is not None:
                at = begun + timedelta(minutes=after)
                yield _event(alarm, number, state, begun, at)


def _event(alarm: Alarm, number: int, state: str, begun: datetime, at: datetime) -> dict[str, Any]:
    return {
        "id": f"01DEMO{state.upper()}{number:02}",
        "event_type": f"incident.{state}",
        "resource_type": "incident",
        "occurred_at": _stamp(at),
        "agent": None,
        "client": None,
        "data": {
            "id": alarm.id,
            "type": "incident",
            "self": f"https://api.pagerduty.example/incidents/{alarm.id}",
            "html_url": f"https://harrow.pagerduty.example/incidents/{alarm.id}",
            "number": number,
            "status": state,
            "incident_key": f"demo/{number}",
            "created_at": _stamp(begun),
            "title": alarm.title,
            "service": {
                "id": f"PDEMO{alarm.service[:3].upper()}",
                "type": "service_reference",
                "summary": NAMES[alarm.service],
            },
            "priority": {"id": f"P{alarm.priority}", "summary": alarm.priority},
            "urgency": "high" if alarm.priority in ("P1", "P2") else "low",
            "teams": [{"id": "PNETOPS", "summary": "Network operations"}],
        },
    }


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
