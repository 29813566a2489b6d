"""ServiceNow: Table API records, our own outbound script, rows of the audit log's export. Pure."""

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
    each,
    fold,
    mapped_record,
    rows,
    table,
    text,
    unknown_body,
)
from metrics_api.sources.tools.servicenow_guide import GUIDE
from metrics_api.sources.tools.tool import Headers, Tool

STATES = {
    "1": "new",
    "2": "in_progress",
    "3": "on_hold",
    "6": "resolved",
    "7": "closed",
    "8": "cancelled",
    "in progress": "in_progress",
    "active": "in_progress",
    "on hold": "on_hold",
    "awaiting user info": "on_hold",
    "awaiting caller": "on_hold",
    "awaiting vendor": "on_hold",
    "awaiting problem": "on_hold",
    "awaiting change": "on_hold",
    "awaiting evidence": "on_hold",
    "canceled": "cancelled",
    # Other tables have numbers of their own, so their words name the table.
    "change_request:-5": "new",
    "change_request:-4": "new",
    "change_request:-3": "new",
    "change_request:-2": "in_progress",
    "change_request:-1": "in_progress",
    "change_request:0": "in_progress",
    "change_request:3": "closed",
    "change_request:4": "cancelled",
    **{
        f"{name}:{code}": state
        for name in ("sc_request", "sc_req_item")
        for code, state in (
            ("-5", "new"),
            ("1", "new"),
            ("2", "in_progress"),
            ("3", "closed"),
            ("4", "cancelled"),
            ("7", "cancelled"),
        )
    },
}
KINDS = {
    "incident": "incident",
    "sc_request": "request",
    "sc_req_item": "request",
    "change_request": "change",
    "cmdb_ci_outage": "outage",
    "em_alert": "infrastructure_event",
    "em_event": "infrastructure_event",
    "problem": IGNORE,
    "problem_task": IGNORE,
    "change_task": IGNORE,
    "sc_task": IGNORE,
    "incident_task": IGNORE,
}
_PREFIXES = {
    "INC": "incident",
    "REQ": "sc_request",
    "RITM": "sc_req_item",
    "CHG": "change_request",
    "PRB": "problem",
    "OUTAGE": "cmdb_ci_outage",
}
_OUTCOMES = {
    "successful": "successful",
    "successful_issues": "successful",
    "unsuccessful": "failed",
    "backed_out": "rolled_back",
}
_KEPT = (
    "sys_id",
    "category",
    "subcategory",
    "severity",
    "hold_reason",
    "close_code",
    "cmdb_ci",
    "location",
    "company",
    "made_sla",
    "escalation",
    "correlation_id",
    "parent_incident",
    "rfc",
    "business_stc",
    "calendar_stc",
)
_IDENTITY = frozenset({"sys_id", "number"})


def normalise(payload: Any, config: ToolConfig) -> Read:
    """Records of a Table API reply, of the published script, or a bare record or row."""
    body = table(payload)
    if "error" in body and "result" not in body:
        return [Ignored("error_reply", f"ServiceNow answered an error: {body['error']}"[:300])]
    if isinstance(body.get("fields"), dict):
        own = {name: body[name] for name in _SCRIPT_FIELDS if name in body}
        return [_record({**own, **body["fields"]}, config, text(body.get("event")))]
    if "result" in body:
        result = body["result"]
        found = [result] if isinstance(result, dict) else rows(result)
    else:
        found = [body] if body.keys() & _IDENTITY else rows(payload)
        if not found:
            return mapped_record(config, payload, unknown_body("ServiceNow"))
    return each(found, lambda record: _record(record, config)) or [
        Ignored("empty_reply", "the reply holds no record")
    ]


_SCRIPT_FIELDS = ("sys_id", "number", "table", "sys_mod_count", "sys_updated_on")


def repeat_key(headers: Headers, payload: Any) -> str | None:
    """`sys_id:sys_mod_count` of the script's body: each update of a record once."""
    body = table(payload)
    if not isinstance(body.get("fields"), dict):
        return None
    record, count = text(body.get("sys_id")), text(body.get("sys_mod_count"))
    return f"{record}:{count}:{text(body.get('event'))}" if record and count else None


def _code(value: Any) -> str | None:
    """A field's value, in the plain and in both display forms."""
    if isinstance(value, dict):
        value = value.get("value", value.get("display_value"))
    words = text(value)
    return None if words == "?" else words  # what the exports say for nothing


def _label(value: Any) -> str | None:
    """A reference in words where the reply has them, else its sys_id."""
    if isinstance(value, dict):
        return text(value.get("display_value")) or text(value.get("value"))
    return _code(value)


def _record(
    record: Mapping[str, Any], config: ToolConfig, event: str | None = None
) -> Normalised | Ignored:
    if not record.keys() & _IDENTITY:
        return Ignored("no_identity", "the record carries neither number nor sys_id")
    name = _table_of(record)
    kind = config.kind_of(name, KINDS, KINDS.get(name, IGNORE))
    if kind == IGNORE and name not in config.kinds:
        code = "problem_record" if name == "problem" else "table_not_wanted"
        return Ignored(code, f"records of the table {name} are none of ours")
    made = Record(config)
    _say_common(made, record, event, name)
    _OF_KIND.get(kind, _say_nothing)(made, record)
    made.notes({key: _label(record.get(key)) for key in _KEPT}, _KEPT)
    own = [key for key in record if isinstance(key, str) and key.startswith("u_")]
    made.notes({key: _label(record[key]) for key in own}, own)
    return made.finished(kind, config, record)


def _table_of(record: Mapping[str, Any]) -> str:
    named = _code(record.get("sys_class_name")) or _code(record.get("table"))
    if named:
        return fold(named)
    prefix = (text(record.get("number")) or "").rstrip("0123456789").upper()
    return _PREFIXES.get(prefix, "incident")


def _say_common(made: Record, record: Mapping[str, Any], event: str | None, name: str) -> None:
    get = record.get
    made.words("external_id", _code(get("number")), _code(get("sys_id")))
    state = _code(get("state")) or _code(get("incident_state"))
    if event in ("delete", "deleted"):
        state = "canceled"
    elif state is not None and name != "incident":
        state = f"{name}:{state}"
    made.words("state", state)
    made.count("version", _code(get("sys_mod_count")))
    made.at("updated_at", _code(get("sys_updated_on")) or _code(get("sys_updated_at")))
    made.words("title", _code(get("short_description")), limit=1000)
    services = ("business_service", "service_offering", "cmdb_ci")
    made.words("service", *(_label(get(name)) for name in services))
    for field, source in (("channel", "contact_type"), ("priority", "priority")):
        made.words(field, _code(get(source)))
    made.words("impact", _code(get("impact")))
    made.words("urgency", _code(get("urgency")))
    made.words("assignment_group", _label(get("assignment_group")))
    made.words("vendor", _label(get("vendor")))


def _say_incident(made: Record, record: Mapping[str, Any]) -> None:
    plain = {name: _code(record[name]) for name in ("resolved_at", "closed_at") if name in record}
    made.at("opened_at", _code(record.get("opened_at")) or _code(record.get("sys_created_on")))
    made.at_or_null("resolved_at", plain, "resolved_at")
    made.at_or_null("closed_at", plain, "closed_at")
    made.count("reassignment_count", _code(record.get("reassignment_count")))
    made.count("reopen_count", _code(record.get("reopen_count")))
    made.words("problem", _label(record.get("problem_id")))
    made.words("caused_by", _label(record.get("caused_by")))


def _say_request(made: Record, record: Mapping[str, Any]) -> None:
    made.at("opened_at", _code(record.get("opened_at")) or _code(record.get("sys_created_on")))
    made.at("due_at", _code(record.get("due_date")))
    made.at("fulfilled_at", _code(record.get("closed_at")))
    made.count("reassignment_count", _code(record.get("reassignment_count")))
    made.words("offering", _label(record.get("cat_item")))
    made.words("requester", _label(record.get("requested_for")), _label(record.get("opened_by")))


def _say_change(made: Record, record: Mapping[str, Any]) -> None:
    made.at("opened_at", _code(record.get("opened_at")) or _code(record.get("sys_created_on")))
    for field, source in (
        ("planned_start_at", "start_date"),
        ("planned_end_at", "end_date"),
        ("started_at", "work_start"),
        ("completed_at", "work_end"),
    ):
        made.at(field, _code(record.get(source)))
    outcome = _OUTCOMES.get(fold(_code(record.get("close_code")) or ""))
    if outcome is not None:
        made.fields["outcome"] = outcome
    if fold(_code(record.get("type")) or "") == "emergency":
        made.fields["emergency"] = True
    made.note("type", _code(record.get("type")))
    made.note("risk", _code(record.get("risk")))


def _say_outage(made: Record, record: Mapping[str, Any]) -> None:
    made.at("started_at", _code(record.get("begin")))
    made.at("ended_at", _code(record.get("end")))
    sort = fold(_code(record.get("type")) or "")
    made.fields |= {"planned": sort == "planned", "degraded": sort == "degradation"}


def _say_event(made: Record, record: Mapping[str, Any]) -> None:
    at = _code(record.get("time_of_event")) or _code(record.get("sys_created_on"))
    made.at("occurred_at", at)
    made.words("severity", _code(record.get("severity")))
    made.words("component", _label(record.get("cmdb_ci")), _code(record.get("node")))
    made.words("title", _code(record.get("description")), limit=1000)


def _say_nothing(made: Record, record: Mapping[str, Any]) -> None:
    """A kind of which this tool has no fields of its own."""


_OF_KIND = {
    "incident": _say_incident,
    "request": _say_request,
    "change": _say_change,
    "outage": _say_outage,
    "infrastructure_event": _say_event,
}
TOOL = Tool(
    kind="servicenow",
    name="ServiceNow",
    delivery="snapshot",
    signing=Signing(Scheme.HMAC),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=GUIDE,
    mapping_root="the record: an element of `result`, or the script's `fields`",
    states=STATES,
    schemes=(Scheme.HMAC, Scheme.SECRET_HEADER, Scheme.BASIC, Scheme.BEARER),
)
