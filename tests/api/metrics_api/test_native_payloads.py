"""Real bodies of tools through the HTTP endpoint: each ends in its record or a stated reason."""

from typing import Any

import pytest

from metrics_api.attribution.rules import Memory
from metrics_api.inbox.processing import process_some
from tests.support.metrics import Metrics
from tests.support.payloads import payload_directory, payloads

IGNORED = {
    "glpi/rest_search_numeric_keys": "numeric_keys",
    "itop/core_get_reply": "too_few_fields",
    "itop/core_update_reply": "too_few_fields",
    "itop/error_missing_json_data": "error_reply",
    "jira/anomalous_no_event": "unknown_body",
    "jira/cloud_comment_created": "event_not_wanted",
    "pagerduty/incident_annotated": "event_not_wanted",
    "pagerduty/legacy_v2_trigger": "legacy_v2",
    "pagerduty/service_created": "event_not_wanted",
    "servicenow/get_problem_list": "problem_record",
    "zendesk/trigger_custom_body": "unknown_body",
    "zendesk/unknown_event_type": "event_not_wanted",
}
RECORDS = {
    "alertmanager/firing_two_alerts": [
        ("incident", "a1bc48475b20e73d:2020-02-06T00:17:58.432911Z"),
        ("incident", "c2ea85182f28cbd9:2020-02-06T00:17:58.432911Z"),
    ],
    "glpi/rest_ticket_list_solved": [("incident", "1"), ("incident", "2")],
    "itop/core_get_assigned_constructed": [("request", "123")],
    "jira/cloud_issue_resolved": [("incident", "TES-41")],
    "pagerduty/incident_resolved": [("incident", "PCPZE64")],
    "servicenow/get_incident_new": [("incident", "INC0000046")],
    "statuspage/component_under_maintenance": [
        ("outage", "sqm6pl84wzjc:2017-12-26T07:59:09.379000Z")
    ],
    "zendesk/ticket_status_changed_solved": [("incident", "5158")],
}
STATES = {
    ("jira", "TES-41"): "new",  # the newest of its five bodies
    ("jira", "IDT-19"): "cancelled",
    ("jira", "TES-4"): "in_progress",
    ("pagerduty", "PCPZE64"): "resolved",
    ("pagerduty", "Q3CZAU7Q4008QD"): "in_progress",
    ("servicenow", "INC0010002"): "resolved",
    ("servicenow", "INC0000050"): "in_progress",
    ("statuspage", "inc_001"): "resolved",
    ("statuspage", "z3lct0r596n4"): "in_progress",
    ("zendesk", "5158"): "resolved",
    ("glpi", "291"): "in_progress",
    ("glpi", "10"): "new",
    ("alertmanager", "d8a21484c9c25a60:2022-06-17T00:41:00.782137Z"): "resolved",
}

pytestmark = pytest.mark.skipif(
    payload_directory() is None, reason="the real payloads lie beside the project, and do not here"
)


async def outcomes(metrics: Metrics) -> dict[str, dict[str, Any]]:
    """Deliver every payload to a source of its tool; the receipts by tool and file."""
    receipts: dict[str, tuple[str, int]] = {}
    for file in payloads():
        tool = file.parent.name
        source = {"key": tool, "name": tool, "kind": tool}
        await metrics.http.post("/v1/sources", json=source)
        path = f"/v1/sources/{tool}/events"
        reply = await metrics.http.post(path, content=file.read_bytes())
        assert reply.status_code == 202, (file, reply.text)
        receipts[f"{tool}/{file.stem}"] = (tool, reply.json()["receipt"])
    while await process_some(metrics.engine, Memory()):
        pass
    ended = {}
    for name, (tool, receipt) in receipts.items():
        path = f"/v1/sources/{tool}/receipts/{receipt}"
        ended[name] = (await metrics.http.get(path)).json()
    return ended


async def test_every_real_payload_ends_in_its_record_or_a_reason(metrics: Metrics) -> None:
    ended = await outcomes(metrics)

    failed = {name: r["outcome"] for name, r in ended.items() if r["state"] == "failed"}
    ignored = {
        name: r["outcome"]["ignored"][0]["code"]
        for name, r in ended.items()
        if r["state"] == "ignored"
    }
    records = {
        name: [(each["kind"], each["external_id"]) for each in r["outcome"]["records"]]
        for name, r in ended.items()
    }
    assert failed == {}
    assert ignored == IGNORED
    assert {name: records[name] for name in RECORDS} == RECORDS
    for (source, external_id), state in STATES.items():
        incident = await metrics.http.get(f"/v1/incidents/{source}/{external_id}")
        assert incident.json()["state"] == state, (source, external_id)


@pytest.mark.parametrize("late_first", [False, True])
async def test_a_component_that_comes_back_ends_its_outage(
    metrics: Metrics, late_first: bool
) -> None:
    await metrics.http.post("/v1/sources", json={"key": "p", "name": "P", "kind": "statuspage"})
    moves = [("operational", "major_outage", "08"), ("major_outage", "operational", "09")]
    for old, new, hour in reversed(moves) if late_first else moves:
        update = {
            "id": hour,
            "component_id": "c1",
            "old_status": old,
            "new_status": new,
            "created_at": f"2026-03-01T{hour}:00:00Z",
        }
        body = {"component": {"id": "c1", "name": "API"}, "component_update": update}
        await metrics.http.post("/v1/sources/p/events", json=body)

    await process_some(metrics.engine, Memory())

    (outage,) = (await metrics.http.get("/v1/outages")).json()["items"]
    assert (outage["started_at"], outage["ended_at"], outage["state"]) == (
        "2026-03-01T08:00:00Z",
        "2026-03-01T09:00:00Z",
        "resolved",
    )
