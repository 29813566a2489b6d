"""Home-made tools: CloudEvents whose data are our own fields, or any body by a mapping. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from metrics_api.sources.signatures import Scheme, Signing
from metrics_api.sources.tools.forms import (
    KINDS,
    Ignored,
    Normalised,
    Read,
    Record,
    ToolConfig,
    Unreadable,
    apply_mapping,
    each,
    mapped_record,
    text,
    unknown_body,
)
from metrics_api.sources.tools.tool import Headers, Tool

_TYPE = re.compile(
    r"(?:^|[.:/])(incident|request|change|outage|survey|infrastructure_event)s?"
    r"(?:\.[a-z0-9_-]{1,50})?$"
)


def normalise(payload: Any, config: ToolConfig) -> Read:
    """One event, a batch of them, our own fields without an envelope, or what a mapping finds."""
    if isinstance(payload, list) and payload:
        return each(payload, lambda one: _one(one, config))
    return [_one(payload, config)] if isinstance(payload, dict) else _otherwise(payload, config)


def repeat_key(headers: Headers, payload: Any) -> str | None:
    """CloudEvents: source and id together name an event. Standard Webhooks: the delivery's id."""
    if isinstance(payload, dict) and "specversion" in payload:
        named = text(payload.get("id"))
        return f"{text(payload.get('source')) or ''}#{named}" if named else None
    return headers.get("webhook-id")


def _otherwise(payload: Any, config: ToolConfig) -> Read:
    return mapped_record(config, payload, unknown_body("a home-made tool"))


def _one(body: Mapping[str, Any], config: ToolConfig) -> Normalised | Ignored:
    if "specversion" in body:
        return _event(body, config)
    if "external_id" in config.mapping.names:
        return Record(config).finished(config.record_kind or "incident", config, body)
    if "external_id" in body:
        return _own(config.record_kind or "incident", body, config, body)
    return unknown_body("a home-made tool")


def _event(body: Mapping[str, Any], config: ToolConfig) -> Normalised | Ignored:
    name, data = text(body.get("type")), body.get("data")
    found = _TYPE.search((name or "").casefold())
    mapped = config.kinds.get((name or "").casefold())
    if mapped not in KINDS and found is None:
        kinds = ", ".join(KINDS)
        return Ignored("event_not_wanted", f"the type {name} ends with none of {kinds}")
    if not isinstance(data, dict):
        raise Unreadable("/data", "must be the record as a JSON object")
    kind = mapped if mapped in KINDS else found.group(1) if found else ""
    fields = dict(data)
    if not fields.get("updated_at") and body.get("time"):
        fields["updated_at"] = body["time"]
    return _own(kind, fields, config, data)


def _own(
    kind: str, given: Mapping[str, Any], config: ToolConfig, root: object
) -> Normalised | Ignored:
    """Our own fields as they are: what is wrong with one is said when the record is taken in."""
    fields = {name: value for name, value in given.items() if name != "source"}
    kind = apply_mapping(fields, kind, config, root)
    return Normalised(kind, fields)


TOOL = Tool(
    kind="generic",
    name="Home-made tool (CloudEvents)",
    delivery="snapshot",
    signing=Signing(Scheme.STANDARD_WEBHOOKS),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Send CloudEvents 1.0 in structured JSON (one, or an array): the type ends with the kind"
        " of record, such as com.example.incident or com.example.outage.updated; data has the"
        " fields of POST /v1/incidents or of the kind's own POST; time serves where data has no"
        " updated_at. A state is new, in_progress, on_hold, resolved, closed or cancelled, or what"
        " the source's state_mapping makes of your own words; any other changes nothing. Without an"
        " envelope the same fields are read as an incident (or as record_kind), and any other body"
        " by field_mapping with external_id. Sign as Standard Webhooks (webhook-id,"
        " webhook-timestamp, webhook-signature), or choose another scheme, or use an API key of the"
        " source. A kind of tool that is not known is read like this."
    ),
    mapping_root="the event's data, or the whole body where there is no envelope",
    schemes=tuple(Scheme),
)
