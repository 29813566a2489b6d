"""PagerDuty: V3 webhooks, and incidents as its REST API gives them. Pure."""

from collections.abc import Mapping
from typing import Any

from metrics_api.sources.signatures import Scheme, Signing
from metrics_api.sources.tools.forms import (
    Ignored,
    Normalised,
    Read,
    Record,
    ToolConfig,
    each,
    inner,
    mapped_record,
    rows,
    table,
    text,
    unknown_body,
)
from metrics_api.sources.tools.tool import Headers, Tool

STATES = {"triggered": "new", "acknowledged": "in_progress"}


def normalise(payload: Any, config: ToolConfig) -> Read:
    """The incident of an event; other events than incidents' carry no state."""
    body = table(payload)
    if isinstance(body.get("messages"), list):
        return [Ignored("legacy_v2", "V2 webhooks have ended: make a V3 subscription")]
    event = table(body.get("event"))
    if "event_type" in event:
        return [_event(event, config, body)]
    if isinstance(body.get("incidents"), list):
        return each(body["incidents"], lambda found: _of_rest(found, config, found))
    single = table(body.get("incident")) or body
    if single.get("type") == "incident" and "status" in single:
        return [_of_rest(single, config, body)]
    return mapped_record(config, payload, unknown_body("PagerDuty"))


def repeat_key(headers: Headers, payload: Any) -> str | None:
    return headers.get("x-webhook-id") or text(inner(payload, "event", "id"))


def _event(
    event: Mapping[str, Any], config: ToolConfig, body: Mapping[str, Any]
) -> Normalised | Ignored:
    name, data = text(event.get("event_type")), table(event.get("data"))
    if data.get("type") != "incident":
        return Ignored("event_not_wanted", f"{name} carries no incident's state")
    made = _incident(data, config)
    made.at("updated_at", event.get("occurred_at"))
    made.note("event_type", name)
    return made.finished(config.record_kind or "incident", config, body)


def _of_rest(incident: Mapping[str, Any], config: ToolConfig, root: object) -> Normalised | Ignored:
    made = _incident(incident, config)
    made.at("updated_at", incident.get("last_status_change_at"))
    if "updated_at" not in made.fields:
        made.at("updated_at", incident.get("updated_at"))
    acknowledged = rows(incident.get("acknowledgements"))
    made.at("acknowledged_at", inner(acknowledged[0] if acknowledged else None, "at"))
    return made.finished(config.record_kind or "incident", config, root)


def _incident(data: Mapping[str, Any], config: ToolConfig) -> Record:
    made = Record(config)
    made.words("external_id", data.get("id"))
    made.words("state", data.get("status"))
    made.at("opened_at", data.get("created_at"))
    made.words("title", data.get("title"), data.get("summary"), limit=1000)
    made.words("service", inner(data, "service", "summary"), inner(data, "service", "id"))
    made.words("priority", inner(data, "priority", "summary"))
    made.words("urgency", data.get("urgency"))
    teams = rows(data.get("teams"))
    team = inner(teams[0] if teams else None, "summary")
    made.words("assignment_group", team, inner(data, "escalation_policy", "summary"))
    made.notes(data, ("html_url", "incident_key", "number", "incident_number", "reopened_at"))
    made.note("service_id", inner(data, "service", "id"))
    made.note("incident_type", inner(data, "incident_type", "name"))
    reason = data.get("resolve_reason")
    made.note("resolve_reason", inner(reason, "type") or reason)
    return made


TOOL = Tool(
    kind="pagerduty",
    name="PagerDuty",
    delivery="event",
    signing=Signing(Scheme.PAGERDUTY),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Integrations, Generic Webhooks (v3): enter the source's events URL and subscribe to the"
        " incident events. PagerDuty shows the signing secret once: add it here with"
        " POST /v1/sources/{source}/secrets. It sends X-PagerDuty-Signature (v1=<hex>). Times of"
        " acknowledgement and resolution are those of the events (occurred_at)."
    ),
    mapping_root="the whole body: event.data.service.id",
    states=STATES,
    schemes=(Scheme.PAGERDUTY,),
)
