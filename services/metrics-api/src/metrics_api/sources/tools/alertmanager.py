"""Alertmanager, and Grafana's alerting, whose webhooks have the same form. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from metrics_api.sources.signatures import Scheme, Signing
from metrics_api.sources.tools.forms import (
    Ignored,
    Normalised,
    Read,
    Record,
    ToolConfig,
    each,
    mapped_record,
    stamp,
    table,
    text,
    unknown_body,
)
from metrics_api.sources.tools.tool import Headers, Tool

STATES = {"firing": "new", "pending": "new", "alerting": "new", "ok": "resolved"}
PRIORITIES = {
    "critical": 1,
    "page": 1,
    "error": 2,
    "high": 2,
    "major": 2,
    "warning": 3,
    "minor": 4,
    "info": 5,
    "none": 5,
}
_SERVICES = ("service", "app", "application", "job", "namespace")
_COMPONENTS = ("instance", "host", "hostname", "node", "pod", "device")


def normalise(payload: Any, config: ToolConfig) -> Read:
    """Every alert of the notification, by its fingerprint and its beginning."""
    alerts = table(payload).get("alerts")
    if not isinstance(alerts, list):
        return mapped_record(config, payload, unknown_body("Alertmanager"))
    if not alerts:
        return [Ignored("empty_notification", "the notification holds no alert")]
    return each(alerts, lambda alert: _alert(alert, config))


def repeat_key(headers: Headers, payload: Any) -> str | None:
    return None


def _alert(alert: Mapping[str, Any], config: ToolConfig) -> Normalised | Ignored:
    labels, notes = table(alert.get("labels")), table(alert.get("annotations"))
    began = stamp(alert.get("startsAt"), config.timezone)
    ended = stamp(alert.get("endsAt"), config.timezone)
    resolved = alert.get("status") == "resolved"
    if began is None:
        return Ignored("no_beginning", "the alert does not say when it began")
    made = Record(config)
    # A fingerprint is of the labels, so it comes back whenever the same thing happens again.
    fingerprint = text(alert.get("fingerprint"), 100) or _fingerprint(labels)
    made.fields["external_id"] = f"{fingerprint}:{began.isoformat().replace('+00:00', 'Z')}"
    made.words("state", alert.get("status"))
    made.fields["updated_at"] = ended if resolved and ended is not None else began
    name = labels.get("alertname")
    made.words("title", notes.get("summary"), notes.get("title"), name, limit=1000)
    made.words("service", *(labels.get(label) for label in _SERVICES))
    made.words("priority", labels.get("severity"))
    made.fields["channel"] = "monitoring"
    made.note("description", notes.get("description"))
    made.note("generator", alert.get("generatorURL"))
    made.notes({f"label.{k}": v for k, v in labels.items()}, [f"label.{k}" for k in labels])
    kind = config.record_kind or "incident"
    _say_kind(made, kind, labels, (began, ended if resolved else None))
    return made.finished(kind, config, alert)


def _say_kind(made: Record, kind: str, labels: Mapping[str, Any], span: tuple[Any, Any]) -> None:
    began, ended = span
    match kind:
        case "infrastructure_event":
            made.fields["occurred_at"] = began
            made.words("severity", labels.get("severity"))
            made.words("component", *(labels.get(label) for label in _COMPONENTS))
            end = "cleared_at"
        case "outage":
            made.fields["started_at"] = began
            end = "ended_at"
        case _:
            made.fields["opened_at"] = began
            end = "resolved_at"
    if ended is not None:
        made.fields[end] = ended


def _fingerprint(labels: Mapping[str, Any]) -> str:
    """For senders that leave it out: of the labels, as Alertmanager's own is."""
    written = orjson.dumps(sorted((str(name), str(value)) for name, value in labels.items()))
    return hashlib.sha256(written).hexdigest()[:16]


_MAPPING_ROOT = "one alert: labels.service"
_SETTINGS = (
    " Each alert is an incident, or an infrastructure event where the source's record_kind says"
    " so. The service is the label service, app, application, job or namespace; map another with"
    ' field_mapping: {"service": "labels.team"}.'
)
TOOL = Tool(
    kind="alertmanager",
    name="Prometheus Alertmanager",
    delivery="event",
    signing=Signing(Scheme.BEARER),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Add a receiver with webhook_configs: the source's events URL, send_resolved: true and"
        " http_config.authorization.credentials: <secret>. Alertmanager signs nothing, so it"
        " sends the secret as a bearer token; to have it as the password of basic_auth, make the"
        ' source with signature: {"scheme": "basic"}.' + _SETTINGS
    ),
    mapping_root=_MAPPING_ROOT,
    states=STATES,
    priorities=PRIORITIES,
    schemes=(Scheme.BEARER, Scheme.BASIC, Scheme.SECRET_HEADER, Scheme.URL_TOKEN),
)
GRAFANA = Tool(
    kind="grafana",
    name="Grafana Alerting",
    delivery="event",
    signing=Signing(Scheme.GRAFANA),
    normalise=normalise,
    repeat_key=repeat_key,
    guide=(
        "Make a contact point of the type webhook with the source's events URL, and under HMAC"
        " signature the secret. Grafana then sends X-Grafana-Alerting-Signature over the body."
        " With a timestamp header there, name it in signature.timestamp_header: it then signs"
        " <time>:<body>." + _SETTINGS
    ),
    mapping_root=_MAPPING_ROOT,
    states=STATES,
    priorities=PRIORITIES,
    schemes=(Scheme.GRAFANA, Scheme.BEARER, Scheme.BASIC),
)
