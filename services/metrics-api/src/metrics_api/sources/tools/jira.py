"""Jira and Jira Service Management, cloud and server. Pure."""

from collections.abc import Mapping
from typing import Any

from metrics_api.sources.signatures import Scheme, Signing
from metrics_api.sources.tools.forms import (
    IGNORE,
    Ignored,
    Normalised,
    Read,
    Record,
    ToolConfig,
    fold,
    inner,
    mapped_record,
    table,
    text,
    unknown_body,
)
from metrics_api.sources.tools.tool import Headers, Tool

# Words are "Name [category]" or "Name [done: Resolution]", see rules.States.
STATES = {
    "to do": "new",
    "open": "new",
    "reopened": "new",
    "in progress": "in_progress",
    "work in progress": "in_progress",
    "on hold": "on_hold",
    "pending": "on_hold",
    "blocked": "on_hold",
    "waiting for customer": "on_hold",
    "waiting for vendor": "on_hold",
    "waiting for third party": "on_hold",
    "awaiting customer": "on_hold",
    "done": "resolved",
    "canceled": "cancelled",
    "declined": "cancelled",
    "deleted": "cancelled",
    "indeterminate": "in_progress",
    "done: won't do": "cancelled",
    "done: won't fix": "cancelled",
    "done: duplicate": "cancelled",
    "done: cancelled": "cancelled",
    "done: canceled": "cancelled",
    "done: declined": "cancelled",
}
PRIORITIES = {
    "highest": 1,
    "blocker": 1,
    "critical": 1,
    "high": 2,
    "major": 2,
    "medium": 3,
    "low": 4,
    "minor": 4,
    "lowest": 5,
    "trivial": 5,
}
KINDS = {
    "incident": "incident",
    "[system] incident": "incident",
    "major incident": "incident",
    "service request": "request",
    "[system] service request": "request",
    "service request with approvals": "request",
    "[system] service request with approvals": "request",
    "change": "change",
    "[system] change": "change",
    "problem": IGNORE,
    "[system] problem": IGNORE,
    "epic": IGNORE,
}
_EVENTS = frozenset({"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"})


def normalise(payload: Any, config: ToolConfig) -> Read:
    """The issue of a webhook; comments, worklogs and the like carry no state of their own."""
    body = table(payload)
    event, issue = text(body.get("webhookEvent")), table(body.get("issue"))
    if event is not None and event not in _EVENTS:
        return [Ignored("event_not_wanted", f"{event} changes no record")]
    if not issue or "fields" not in issue:
        if event is None:
            return mapped_record(config, payload, unknown_body("Jira"))
        return [Ignored("no_record", f"{event} carries no issue")]
    return [_issue(body, issue, table(issue["fields"]), config)]


def repeat_key(headers: Headers, payload: Any) -> str | None:
    return headers.get("x-atlassian-webhook-identifier")


def _issue(
    body: Mapping[str, Any], issue: Mapping[str, Any], fields: Mapping[str, Any], config: ToolConfig
) -> Normalised | Ignored:
    issue_type = text(inner(fields, "issuetype", "name"))
    kind = config.kind_of(issue_type, KINDS, "incident")
    if kind == IGNORE and fold(issue_type or "") not in config.kinds:
        return Ignored("issue_type_not_wanted", f"issues of the type {issue_type} are none of ours")
    deleted = body.get("webhookEvent") == "jira:issue_deleted"
    made = Record(config)
    made.words("external_id", issue.get("key"), issue.get("id"))
    made.words("state", "deleted" if deleted else _state(fields))
    # A deletion is stamped by the delivery only: the issue's own stamp is of the change before.
    made.at("updated_at", None if deleted else fields.get("updated"))
    if "updated_at" not in made.fields:
        made.at("updated_at", body.get("timestamp"))
    made.words("title", fields.get("summary"), limit=1000)
    made.words("priority", inner(fields, "priority", "name"))
    made.words("service", _service(fields))
    made.at("opened_at", fields.get("created"))
    _OF_KIND.get(kind, _say_nothing)(made, fields)
    made.note("issue_id", issue.get("id"))
    made.note("issue_type", issue_type)
    made.note("project", inner(fields, "project", "key"))
    made.note("resolution", inner(fields, "resolution", "name"))
    return made.finished(kind, config, body)


def _state(fields: Mapping[str, Any]) -> str | None:
    """The status' name with its category, which says what an unknown name means."""
    name = text(inner(fields, "status", "name"), 100)
    category = text(inner(fields, "status", "statusCategory", "key"), 30)
    if category is None or category == "undefined":
        return name
    resolution = text(inner(fields, "resolution", "name"), 50)
    detail = f"{category}: {resolution}" if category == "done" and resolution else category
    return f"{name or category} [{detail}]"


def _service(fields: Mapping[str, Any]) -> str | None:
    """The first component, else the project: what Jira has of itself that names a service."""
    components = fields.get("components")
    first = components[0] if isinstance(components, list) and components else None
    return text(inner(first, "name")) or text(inner(fields, "project", "key"))


def _resolved_at(fields: Mapping[str, Any]) -> Any:
    """The resolution date; workflows that set no resolution have the category's change."""
    if fields.get("resolutiondate"):
        return fields["resolutiondate"]
    done = inner(fields, "status", "statusCategory", "key") == "done"
    return fields.get("statuscategorychangedate") if done else None


def _say_incident(made: Record, fields: Mapping[str, Any]) -> None:
    if "resolutiondate" in fields:
        made.at_or_null("resolved_at", {"resolved_at": _resolved_at(fields)}, "resolved_at")


def _say_request(made: Record, fields: Mapping[str, Any]) -> None:
    made.at("due_at", fields.get("duedate"))
    made.at("fulfilled_at", _resolved_at(fields))
    made.words("requester", inner(fields, "reporter", "displayName"))


def _say_change(made: Record, fields: Mapping[str, Any]) -> None:
    made.at("completed_at", _resolved_at(fields))


def _say_nothing(made: Record, fields: Mapping[str, Any]) -> None:
    """A kind of which this tool has no fields of its own."""


_OF_KIND = {"incident": _say_incident, "request": _say_request, "change": _say_change}
TOOL = Tool(
    kind="jira",
    name="Jira, Jira Service Management",
    delivery="event",
    signing=Signing(Scheme.HUB),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Settings, System, Webhooks: enter the source's events URL, choose issue created, updated"
        " and deleted, and set a secret, which is also added here: Jira then sends"
        " X-Hub-Signature. Old servers know no secret: choose the scheme url_token and append"
        " ?token=<secret> to the URL. A state is the status' name, else its category (new,"
        " indeterminate, done); map names that mean on hold with state_mapping, issue types with"
        " kind_mapping, custom fields with field_mapping (issue.fields.customfield_10020)."
    ),
    mapping_root="the whole body: issue.fields.customfield_10020",
    states=STATES,
    priorities=PRIORITIES,
    schemes=(Scheme.HUB, Scheme.URL_TOKEN, Scheme.SECRET_HEADER),
)
