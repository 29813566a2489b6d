"""iTop: replies of its REST service, which are HTTP 200 also when they are errors. Pure."""

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
    mapped_record,
    table,
    text,
    unknown_body,
)
from metrics_api.sources.tools.tool import Headers, Tool

STATES = {
    "escalated_tto": "new",
    "assigned": "in_progress",
    "escalated_ttr": "in_progress",
    "pending": "on_hold",
    "rejected": "cancelled",
    "waiting_for_approval": "new",
    "approved": "new",
    "planned": "in_progress",
    "validated": "new",
    "implemented": "resolved",
    "monitored": "resolved",
}
PRIORITIES = {"critical": 1, "high": 2, "medium": 3, "low": 4}
KINDS = {
    "incident": "incident",
    "userrequest": "request",
    "change": "change",
    "normalchange": "change",
    "routinechange": "change",
    "emergencychange": "change",
    "problem": IGNORE,
    "knownerror": IGNORE,
}


def normalise(payload: Any, config: ToolConfig) -> Read:
    """The objects of a reply; an error reply says so by its code."""
    body = table(payload)
    if "code" not in body or not ("objects" in body or "message" in body):
        return mapped_record(config, payload, unknown_body("iTop"))
    if text(body.get("code")) != "0":
        words = f"iTop answered code {text(body.get('code'))}: {text(body.get('message'), 200)}"
        return [Ignored("error_reply", words)]
    objects = table(body.get("objects"))
    if not objects:
        return [Ignored("empty_reply", "the reply holds no object")]
    return [_object(table(found), config) for found in objects.values()]


def repeat_key(headers: Headers, payload: Any) -> str | None:
    return None


def _object(found: Mapping[str, Any], config: ToolConfig) -> Normalised | Ignored:
    if text(found.get("code")) not in (None, "0"):
        return Ignored("error_reply", f"iTop says of this object: {text(found.get('message'))}")
    fields = table(found.get("fields"))
    sort = text(found.get("class")) or text(fields.get("finalclass")) or "Incident"
    named = text(fields.get("request_type")) == "incident" and fold(sort) == "userrequest"
    kind = config.kind_of(sort, KINDS, "incident")
    if named and fold(sort) not in config.kinds:
        kind = "incident"
    if kind == IGNORE and fold(sort) not in config.kinds:
        return Ignored("class_not_wanted", f"objects of the class {sort} are none of ours")
    if not any(text(fields.get(name)) for name in ("status", "start_date", "last_update")):
        return Ignored("too_few_fields", "neither status nor stamps: ask for output_fields *")
    made = Record(config)
    made.words("external_id", found.get("key"), fields.get("id"))
    _say_common(made, fields)
    _say_stamps(made, kind, fields)
    made.note("class", sort)
    return made.finished(kind, config, {**fields, "class": sort, "key": found.get("key")})


def _say_common(made: Record, fields: Mapping[str, Any]) -> None:
    get = fields.get
    made.words("state", get("status"))
    made.at("updated_at", get("last_update"))
    made.words("title", get("title"), get("friendlyname"), limit=1000)
    made.words("service", get("service_name"), get("service_id_friendlyname"))
    made.words("priority", get("priority"))
    made.words("impact", get("impact"))
    made.words("urgency", get("urgency"))
    made.words("channel", get("origin"))
    made.words("assignment_group", get("team_name"), get("team_id_friendlyname"))
    made.notes(fields, ("ref", "org_name", "servicesubcategory_name", "resolution_code"))
    made.notes(fields, ("sla_tto_passed", "sla_ttr_passed", "user_satisfaction", "request_type"))


def _say_stamps(made: Record, kind: str, fields: Mapping[str, Any]) -> None:
    made.at("opened_at", fields.get("start_date") or fields.get("creation_date"))
    if kind == "incident":
        made.at("acknowledged_at", fields.get("assignment_date"))
        for ours, theirs in (("resolved_at", "resolution_date"), ("closed_at", "close_date")):
            made.at_or_null(ours, {ours: fields[theirs]} if theirs in fields else {}, ours)
        made.words("problem", fields.get("parent_problem_ref"))
        made.words("caused_by", fields.get("parent_change_ref"))
    elif kind == "request":
        made.at("started_at", fields.get("assignment_date"))
        made.at("fulfilled_at", fields.get("resolution_date") or fields.get("close_date"))
        made.words("requester", fields.get("caller_id_friendlyname"))
        made.words("offering", fields.get("servicesubcategory_name"))
    elif kind == "change":
        made.at("planned_start_at", fields.get("start_date"))
        made.at("planned_end_at", fields.get("end_date"))
        made.at("completed_at", fields.get("close_date"))


TOOL = Tool(
    kind="itop",
    name="iTop",
    delivery="event",
    signing=Signing(Scheme.SECRET_HEADER),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Pulling needs nothing in iTop but a user with the profile REST Services User:"
        " PUT /v1/sources/{source}/pull. To push, use combodo-webhook-integration with the"
        " source's events URL, the header X-Webhook-Secret: <secret>, and a payload in the form"
        " of a core/get reply, or any other with field_mapping. Stamps carry no zone: set the"
        " source's timezone to that of the server (else UTC). UserRequest is a request unless its"
        " request_type is incident; kind_mapping changes that."
    ),
    mapping_root="the object's fields, with class and key: org_name",
    states=STATES,
    priorities=PRIORITIES,
    schemes=(Scheme.SECRET_HEADER, Scheme.BEARER, Scheme.BASIC, Scheme.URL_TOKEN),
)
