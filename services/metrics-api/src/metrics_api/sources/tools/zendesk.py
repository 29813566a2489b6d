"""Zendesk: ticket events, and trigger or automation bodies by a field mapping. Pure."""

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
    rows,
    table,
    text,
    unknown_body,
)
from metrics_api.sources.tools.tool import Headers, Tool

STATES = {
    "open": "in_progress",
    "pending": "on_hold",
    "hold": "on_hold",
    "on-hold": "on_hold",
    "solved": "resolved",
    "archived": "closed",
    "deleted": "cancelled",
}
PRIORITIES = {"urgent": 1, "high": 2, "normal": 3, "low": 4}
KINDS = {"problem": IGNORE}
_TICKET = "zen:event-type:ticket."
_GONE = frozenset({"soft_deleted", "permanently_deleted", "marked_as_spam"})


def normalise(payload: Any, config: ToolConfig) -> Read:
    """The ticket of an event. All tickets are one kind: events do not always say their type."""
    body = table(payload)
    event = text(body.get("type"))
    if event is None or not event.startswith("zen:"):
        return mapped_record(config, payload, unknown_body("Zendesk"))
    detail = table(body.get("detail"))
    if not event.startswith(_TICKET):
        return [Ignored("event_not_wanted", f"{event} is no ticket's event")]
    return [_ticket(event.removeprefix(_TICKET), body, detail, config)]


def repeat_key(headers: Headers, payload: Any) -> str | None:
    return text(inner(payload, "id")) or headers.get("x-zendesk-webhook-invocation-id")


def _ticket(
    event: str, body: Mapping[str, Any], detail: Mapping[str, Any], config: ToolConfig
) -> Normalised | Ignored:
    sort = text(detail.get("type"))
    kind = config.kind_of(sort, KINDS, "incident")
    if kind == IGNORE and fold(sort or "") not in config.kinds:
        return Ignored("problem_record", "problem tickets are no incidents")
    made = Record(config)
    made.words("external_id", detail.get("id"))
    made.words("state", "deleted" if event in _GONE else detail.get("status"))
    # The event's own time is finer than the ticket's, which is in whole seconds.
    made.at("updated_at", body.get("time"))
    if "updated_at" not in made.fields:
        made.at("updated_at", detail.get("updated_at"))
    made.at("opened_at", detail.get("created_at"))
    made.words("title", detail.get("subject"), limit=1000)
    made.words("priority", detail.get("priority"))
    made.words("channel", inner(detail, "via", "channel"))
    made.words("assignment_group", detail.get("group_id"))
    made.note("event_type", event)
    made.note("ticket_type", sort)
    names = ("organization_id", "requester_id", "brand_id", "form_id", "external_id")
    made.notes(detail, (*names, "custom_status"))
    made.note("tags", " ".join(filter(None, map(text, rows(detail.get("tags"))))))
    return made.finished(kind, config, body)


TOOL = Tool(
    kind="zendesk",
    name="Zendesk",
    delivery="event",
    signing=Signing(Scheme.ZENDESK),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Admin Center, Apps and integrations, Webhooks: enter the source's events URL, subscribe"
        " to the ticket events, reveal the signing secret and add it here. Zendesk sends"
        " X-Zendesk-Webhook-Signature and its timestamp. A webhook of a trigger or automation has"
        " the body that you write: tell with field_mapping where its id, state and stamps are,"
        ' for example {"external_id": "ticket_id", "state": "ticket_status"}. Solved is resolved;'
        " which service a ticket is about is your custom field: map it."
    ),
    mapping_root="the whole body: detail.brand_id, or what your trigger sends",
    states=STATES,
    priorities=PRIORITIES,
    schemes=(Scheme.ZENDESK, Scheme.BEARER, Scheme.BASIC, Scheme.SECRET_HEADER),
)
