"""GLPI: webhooks of version 11, and tickets as its REST APIs give them. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from metrics_api.sources.signatures import Scheme, Signing
from metrics_api.sources.tools.forms import (
    IGNORE,
    Ignored,
    Normalised,
    Read,
    Record,
    ToolConfig,
    each,
    flag,
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
    "1": "new",
    "2": "in_progress",
    "3": "in_progress",
    "4": "on_hold",
    "5": "resolved",
    "6": "closed",
    "10": "new",
    "deleted": "cancelled",
}
# GLPI counts the other way round: 5 is very high, 6 major.
PRIORITIES = {"6": 1, "5": 2, "4": 2, "3": 3, "2": 4, "1": 5}
KINDS = {
    "1": "incident",
    "2": "request",
    "ticket": "incident",
    "change": "change",
    "problem": IGNORE,
}
_TICKET = frozenset({"status", "date", "date_mod", "date_creation", "type", "urgency"})


def normalise(payload: Any, config: ToolConfig) -> Read:
    """The item of a webhook, a ticket, or a list of tickets."""
    body = table(payload)
    if isinstance(payload, list) and payload:
        return each(payload, lambda item: _item(item, config))
    if isinstance(body.get("item"), dict):
        event = text(body.get("event"))
        return [_item(body["item"], config, event, text(body.get("itemtype")))]
    found = rows(body.get("data"))
    if found and all(_numbered(one) for one in found):
        return [
            Ignored(
                "numeric_keys",
                "a reply of search/ names its columns by numbers: ask for Ticket/ instead",
            )
        ]
    if body.get("id") is not None and body.keys() & _TICKET:
        return [_item(body, config)]
    return mapped_record(config, payload, unknown_body("GLPI"))


def repeat_key(headers: Headers, payload: Any) -> str | None:
    """(itemtype, id, date_mod, event): what GLPI sends again it signs anew."""
    body, item = table(payload), table(inner(payload, "item"))
    changed = text(item.get("date_mod"))
    if changed is None:
        return None
    parts = (body.get("itemtype"), item.get("id"), changed, body.get("event"))
    return ":".join(text(part) or "" for part in parts)


def _numbered(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(str(key).isdigit() for key in value)


def _item(
    item: Mapping[str, Any],
    config: ToolConfig,
    event: str | None = None,
    itemtype: str | None = None,
) -> Normalised | Ignored:
    sort = text(item.get("type")) or itemtype or text(item.get("itemtype"))
    kind = config.kind_of(sort, KINDS, "incident")
    if kind == IGNORE and fold(sort or "") not in config.kinds:
        return Ignored("problem_record", "problems are no records of ours")
    made = Record(config)
    made.words("external_id", item.get("id"))
    made.words("state", _state(item, event))
    made.at("updated_at", item.get("date_mod"))
    made.words("title", item.get("name"), limit=1000)
    made.words("priority", item.get("priority"))
    made.words("impact", item.get("impact"))
    made.words("urgency", item.get("urgency"))
    made.words("channel", inner(item, "request_type", "name"))
    made.words("service", inner(item, "category", "completename"), inner(item, "category", "name"))
    _say_stamps(made, kind, item, config, event)
    made.notes(item, ("entities_id", "itilcategories_id", "external_id", "waiting_duration"))
    made.notes(item, ("sla_waiting_duration", "time_to_own", "time_to_resolve"))
    made.note("entity", inner(item, "entity", "name"))
    return made.finished(kind, config, item)


def _state(item: Mapping[str, Any], event: str | None) -> str | None:
    if event == "delete" or flag(item.get("is_deleted")):
        return "deleted"
    status = item.get("status")
    known = text(inner(status, "id")) or text(status)
    return known or ("1" if event == "new" else None)


def _say_stamps(
    made: Record, kind: str, item: Mapping[str, Any], config: ToolConfig, event: str | None
) -> None:
    opened = item.get("date") or item.get("date_creation")
    if event == "new":  # sending may lag: the last resort is the time of receipt
        opened = opened or item.get("date_mod") or config.received_at
    made.at("opened_at", opened)
    if kind == "incident":
        made.at("acknowledged_at", item.get("takeintoaccountdate"))
        for ours, theirs in (("resolved_at", "solvedate"), ("closed_at", "closedate")):
            made.at_or_null(ours, {ours: item[theirs]} if theirs in item else {}, ours)
        if text(item.get("priority")) == "6":
            made.fields["major"] = True
    elif kind == "request":
        made.at("due_at", item.get("time_to_resolve"))
        made.at("fulfilled_at", item.get("solvedate"))
    else:
        made.at("completed_at", item.get("solvedate"))


TOOL = Tool(
    kind="glpi",
    name="GLPI",
    delivery="event",
    # The signed time is that of queueing: sending may wait for the next run of GLPI's cron.
    signing=Signing(Scheme.GLPI, tolerance=timedelta(hours=24)),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Setup, Webhooks (GLPI 11): item type Ticket, events new, update and delete, the source's"
        " events URL, and the secret that GLPI shows, which is also added here. GLPI sends"
        " X-GLPI-signature and X-GLPI-timestamp; its challenge (CRA) is answered. Stamps carry no"
        " zone: set the source's timezone to that of the server (else UTC). For a body that you"
        " changed in its template, set field_mapping. Priority 6 is 1 and marks a major incident."
    ),
    mapping_root="the item: category.name",
    states=STATES,
    priorities=PRIORITIES,
    schemes=(Scheme.GLPI, Scheme.BEARER, Scheme.SECRET_HEADER),
)
