"""Statuspage: incidents, components that go down and come back, scheduled maintenance. Pure."""

from collections.abc import Mapping
from typing import Any

from metrics_api.sources.signatures import Scheme, Signing
from metrics_api.sources.tools.forms import (
    Ignored,
    Normalised,
    Read,
    Record,
    ToolConfig,
    inner,
    mapped_record,
    rows,
    stamp,
    table,
    text,
    unknown_body,
)
from metrics_api.sources.tools.tool import Headers, Tool

STATES = {
    "investigating": "new",
    "identified": "in_progress",
    "monitoring": "on_hold",
    "postmortem": "closed",
    "scheduled": "new",
    "in progress": "in_progress",
    "verifying": "in_progress",
    "completed": "closed",
    "degraded_performance": "new",
    "partial_outage": "new",
    "major_outage": "new",
    "under_maintenance": "new",
    "operational": "resolved",
}
PRIORITIES = {"critical": 1, "major": 2, "minor": 3, "none": 5, "maintenance": 5}
_MAINTENANCE = frozenset({"scheduled", "in_progress", "verifying", "completed"})
_DOWN = frozenset({"degraded_performance", "partial_outage", "major_outage", "under_maintenance"})


def normalise(payload: Any, config: ToolConfig) -> Read:
    """An incident, a planned outage for a maintenance, or the outages that a component's move ends
    and begins."""
    body = table(payload)
    if isinstance(body.get("component_update"), dict):
        return _component_moved(body, table(body.get("component")), config)
    incident = table(body.get("incident"))
    if "id" not in incident:
        return mapped_record(config, payload, unknown_body("Statuspage"))
    if incident.get("scheduled_for") or incident.get("status") in _MAINTENANCE:
        return [_maintenance(incident, config, body)]
    return [_incident(incident, config, body)]


def repeat_key(headers: Headers, payload: Any) -> str | None:
    return text(inner(payload, "component_update", "id"))


def _incident(
    incident: Mapping[str, Any], config: ToolConfig, body: object
) -> Normalised | Ignored:
    made = _common(incident, config)
    made.at("opened_at", incident.get("created_at"))
    made.at_or_null("resolved_at", incident, "resolved_at")
    if text(incident.get("backfilled")) == "true":
        made.note("backfilled", True)
    updates = [table(each) for each in rows(incident.get("incident_updates"))]
    told = next((each["body"] for each in updates if text(each.get("body"))), None)
    made.note("last_message", told)
    return made.finished(config.record_kind or "incident", config, body)


def _maintenance(
    incident: Mapping[str, Any], config: ToolConfig, body: object
) -> Normalised | Ignored:
    made = _common(incident, config)
    made.fields |= {"planned": True, "degraded": False}
    made.at("started_at", incident.get("scheduled_for") or incident.get("created_at"))
    ended = incident.get("resolved_at")
    made.at("ended_at", ended or incident.get("scheduled_until"))
    return made.finished("outage", config, body)


def _common(incident: Mapping[str, Any], config: ToolConfig) -> Record:
    made = Record(config)
    made.words("external_id", incident.get("id"))
    made.words("state", incident.get("status"))
    made.at("updated_at", _latest(incident, config))
    made.words("title", incident.get("name"), limit=1000)
    made.words("priority", incident.get("impact_override"), incident.get("impact"))
    made.words("impact", incident.get("impact"))
    components = rows(incident.get("components"))
    made.words("service", *(inner(component, "name") for component in components))
    made.fields["channel"] = "status page"
    made.note("shortlink", incident.get("shortlink"))
    made.note("components", ", ".join(filter(None, (text(inner(c, "name")) for c in components))))
    return made


def _latest(incident: Mapping[str, Any], config: ToolConfig) -> Any:
    """A resolution may be younger than `updated_at`, which some senders do not move."""
    stamps = (stamp(incident.get(n), config.timezone) for n in ("updated_at", "resolved_at"))
    return max(filter(None, stamps), default=None)


def _component_moved(
    body: Mapping[str, Any], component: Mapping[str, Any], config: ToolConfig
) -> Read:
    """The end of the component's open outage, if it had one, and the beginning of the next."""
    move = table(body["component_update"])
    identity = text(move.get("component_id")) or text(component.get("id"))
    at = stamp(move.get("created_at"), config.timezone)
    before, after = text(move.get("old_status")), text(move.get("new_status"))
    if identity is None or at is None or after is None:
        return [Ignored("no_identity", "the update names no component, time or status")]
    found: list[Normalised | Ignored] = []
    if before in _DOWN:
        ended = {"state": "resolved", "updated_at": at, "ended_at": at}
        found.append(Normalised("outage", ended, ends=f"{identity}:"))
    if after in _DOWN:
        made = Record(config)
        moment = at.isoformat().replace("+00:00", "Z")
        made.fields["external_id"] = f"{identity}:{moment}"
        made.words("state", after)
        made.fields |= {"updated_at": at, "started_at": at}
        made.fields["planned"] = after == "under_maintenance"
        made.fields["degraded"] = after == "degraded_performance"
        made.words("title", component.get("name"), limit=1000)
        made.words("service", component.get("name"), identity)
        found.append(made.finished("outage", config, body))
    return found or [Ignored("no_outage", f"{before} to {after} begins and ends no outage")]


TOOL = Tool(
    kind="statuspage",
    name="Statuspage",
    delivery="event",
    signing=Signing(Scheme.URL_TOKEN),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Subscribe the source's events URL with ?token=<secret> appended as a webhook subscriber"
        " of the page: Statuspage signs nothing. An incident becomes an incident, a scheduled"
        " maintenance a planned outage, and a component that leaves operational an outage until"
        " it comes back (degraded_performance: degraded only). The service is the component."
    ),
    mapping_root="the whole body: page.id",
    states=STATES,
    priorities=PRIORITIES,
    schemes=(Scheme.URL_TOKEN, Scheme.SECRET_HEADER),
)
