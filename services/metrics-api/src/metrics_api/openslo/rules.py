"""What OpenSLO documents come to here, and back. Pure.

Import and export are each other's inverse: an export imports unchanged, and what was imported
exports as the same SLIs, SLOs and policies. Inline objects become objects of their own; `target` is
written in place of `targetPercent`.
"""

from collections.abc import Mapping
from typing import Any, Final

from metrics_api.openslo.documents import (
    V1,
    BurnRate,
    Kind,
    Metadata,
    Metric,
    ObjectiveDoc,
    SliSpec,
    Window,
)
from metrics_api.slis.rules import FeedKind, RatioParts, SliKind
from metrics_api.slis.schemas import SliOut
from metrics_api.slo_alerts.schemas import AlertPolicyOut
from metrics_api.slos.durations import MINUTE, length_of
from metrics_api.slos.rules import BudgetingMethod
from metrics_api.slos.schemas import SloOut

PREFIX: Final = "tollgate/"
OWN_TYPE: Final = "Tollgate"
PROMETHEUS_TYPE: Final = "Prometheus"
METHODS: Final[Mapping[str, BudgetingMethod]] = {
    "Occurrences": BudgetingMethod.OCCURRENCES,
    "Timeslices": BudgetingMethod.TIMESLICES,
    "RatioTimeslices": BudgetingMethod.RATIO_TIMESLICES,
}
_METHOD_WORDS: Final = {method: word for word, method in METHODS.items()}
_SECRET_WORDS: Final = ("password", "secret", "token", "key", "credential", "auth")


# -- in ------------------------------------------------------------------------------------------


def own(annotations: Mapping[str, str], name: str) -> str | None:
    """The value of one of our annotations."""
    return annotations.get(PREFIX + name)


def foreign(annotations: Mapping[str, str]) -> dict[str, str]:
    """The annotations that are not ours."""
    return {name: text for name, text in annotations.items() if not name.startswith(PREFIX)}


def sli_fields(metadata: Metadata, spec: SliSpec, service: str) -> dict[str, Any]:
    """The fields of SliCreate for an SLI of a service."""
    kind, parts, metrics = _metric(spec)
    counter = spec.ratio_metric is not None and spec.ratio_metric.counter
    return {
        "key": metadata.name,
        "service": service,
        "name": metadata.display_name,
        "description": spec.description,
        "kind": kind,
        "parts": parts,
        "counter": counter,
        "unit": own(metadata.annotations, "unit"),
        "feed": _feed(metadata.annotations, metrics),
        "sources": {} if _is_own(metrics) else _sources(metrics),
        "labels": metadata.labels,
        "annotations": foreign(metadata.annotations),
    }


def _metric(spec: SliSpec) -> tuple[SliKind, RatioParts | None, dict[str, Metric]]:
    if spec.threshold_metric is not None:
        return SliKind.THRESHOLD, None, {"threshold": spec.threshold_metric}
    ratio = spec.ratio_metric
    assert ratio is not None, "the document was checked"
    if ratio.raw is not None:
        success = ratio.raw_type == "success"
        parts = RatioParts.RAW_SUCCESS if success else RatioParts.RAW_FAILURE
        return SliKind.RATIO, parts, {"raw": ratio.raw}
    named = {"good": ratio.good, "bad": ratio.bad, "total": ratio.total}
    metrics = {name: metric for name, metric in named.items() if metric is not None}
    parts = RatioParts.GOOD_TOTAL if ratio.good is not None else RatioParts.BAD_TOTAL
    return SliKind.RATIO, parts, metrics


def _is_own(metrics: Mapping[str, Metric]) -> bool:
    return all(metric.metric_source.type == OWN_TYPE for metric in metrics.values())


def _feed(annotations: Mapping[str, str], metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """Where the events come from: our own records, a Prometheus server, else pushed samples."""
    first = next(iter(metrics.values())).metric_source
    if _is_own(metrics):
        feed = first.spec.get("feed")
        return dict(feed) if isinstance(feed, dict) else {"kind": FeedKind.SAMPLES.value}
    if (first.type or "").casefold() != PROMETHEUS_TYPE.casefold():
        return {"kind": FeedKind.SAMPLES.value}
    feed = {"kind": FeedKind.PROMETHEUS.value}
    server = own(annotations, "prometheus-server") or first.metric_source_ref
    step = own(annotations, "step-seconds")
    return {**feed, "server": server, **({"step_seconds": step} if step else {})}


def _sources(metrics: Mapping[str, Metric]) -> dict[str, Any]:
    return {name: metric.metric_source.model_dump() for name, metric in metrics.items()}


def slo_fields(metadata: Metadata, spec: Any, service: str, sli: str | None) -> dict[str, Any]:
    """The fields of SloCreate; composite where no `sli` is given."""
    fields: dict[str, Any] = {
        "key": metadata.name,
        "service": service,
        "name": metadata.display_name,
        "description": spec.description,
        "sli": sli,
        "budgeting_method": METHODS[spec.budgeting_method],
        "time_window": _time_window(spec.time_window[0]),
        "objectives": [_objective(one) for one in spec.objectives],
        "labels": metadata.labels,
        "annotations": foreign(metadata.annotations),
    }
    for name in ("minimum-events", "at-risk-below"):
        sent = own(metadata.annotations, name)
        if sent is not None:
            fields[name.replace("-", "_")] = sent
    return fields


def _time_window(window: Window) -> dict[str, Any]:
    if window.calendar is None:
        return {"duration": window.duration}
    start = window.calendar.start_time.replace(" ", "T")
    calendar = {"start_time": start, "timezone": window.calendar.time_zone}
    return {"duration": window.duration, "calendar": calendar}


def _objective(one: ObjectiveDoc) -> dict[str, Any]:
    """OpenSLO's own examples give `op` to ratios, where it says nothing: it goes with a value."""
    percent = one.target_percent
    target = one.target if percent is None else percent / 100
    sli = one.indicator_ref or (one.indicator.metadata.name if one.indicator else None)
    fields: dict[str, Any] = {
        "name": one.display_name,
        "target": target,
        "op": one.op if one.value is not None else None,
        "value": one.value,
        "time_slice_target": one.time_slice_target,
        "time_slice_window": _minutes(one.time_slice_window),
        "sli": sli,
    }
    if one.composite_weight is not None:
        fields["weight"] = one.composite_weight
    return fields


def _minutes(window: int | str | None) -> int | None:
    if window is None or isinstance(window, int):
        return window
    return length_of(window) // MINUTE


def policy_fields(
    metadata: Metadata, spec: Any, condition: tuple[Metadata, Any], targets: list[str]
) -> dict[str, Any]:
    """The fields of AlertPolicyCreate; `condition` is its one condition, resolved."""
    condition_metadata, condition_spec = condition
    burn: BurnRate = condition_spec.condition
    annotations = foreign(metadata.annotations)
    if condition_metadata.name != metadata.name:  # else it is written out again as it came
        annotations[f"{PREFIX}condition"] = condition_metadata.name
    if condition_spec.description:
        annotations[f"{PREFIX}condition-description"] = condition_spec.description
    return {
        "key": metadata.name,
        "name": metadata.display_name,
        "description": spec.description,
        "severity": condition_spec.severity,
        "op": burn.op.value,
        "factor": burn.threshold,
        "long_window": burn.lookback_window,
        "short_window": own(metadata.annotations, "short-window"),
        "alert_after": burn.alert_after,
        "alert_when_breaching": spec.alert_when_breaching,
        "alert_when_resolved": spec.alert_when_resolved,
        "alert_when_no_data": spec.alert_when_no_data,
        "notification_targets": targets,
        "labels": metadata.labels,
        "annotations": annotations,
    }


# -- out -----------------------------------------------------------------------------------------


def sli_document(sli: SliOut) -> dict[str, Any]:
    """An SLI as OpenSLO writes it."""
    feed = sli.feed.model_dump(mode="json")
    annotations = {**sli.annotations, f"{PREFIX}service": sli.service}
    if sli.unit is not None:
        annotations[f"{PREFIX}unit"] = sli.unit
    if feed["kind"] == FeedKind.PROMETHEUS:
        annotations[f"{PREFIX}step-seconds"] = str(feed["step_seconds"])
        if feed["server"] is not None:
            annotations[f"{PREFIX}prometheus-server"] = feed["server"]
    spec: dict[str, Any] = {"description": sli.description} if sli.description else {}
    if sli.kind is SliKind.THRESHOLD:
        spec["thresholdMetric"] = _metric_document(sli, "threshold", feed)
    else:
        spec["ratioMetric"] = _ratio_document(sli, feed)
    return _object(Kind.SLI, sli.key, sli.name, (sli.labels, annotations), spec)


def _ratio_document(sli: SliOut, feed: Mapping[str, Any]) -> dict[str, Any]:
    if sli.parts in (RatioParts.RAW_SUCCESS, RatioParts.RAW_FAILURE):
        raw_type = "success" if sli.parts is RatioParts.RAW_SUCCESS else "failure"
        return {"rawType": raw_type, "raw": _metric_document(sli, "raw", feed)}
    counted = "good" if sli.parts is RatioParts.GOOD_TOTAL else "bad"
    ratio: dict[str, Any] = {"counter": True} if sli.counter else {}
    for part in (counted, "total"):
        ratio[part] = _metric_document(sli, part, feed)
    return ratio


def _metric_document(sli: SliOut, part: str, feed: Mapping[str, Any]) -> dict[str, Any]:
    source = dict(sli.sources).get(part)  # type: ignore[call-overload]
    if source is None:
        return {"metricSource": {"type": OWN_TYPE, "spec": {"feed": dict(feed)}}}
    written = {
        "metricSourceRef": source.metric_source_ref,
        "type": source.type,
        "spec": source.spec,
    }
    return {"metricSource": {name: value for name, value in written.items() if value is not None}}


def slo_document(slo: SloOut, policies: list[AlertPolicyOut]) -> dict[str, Any]:
    """An SLO with its alert policies inline, as OpenSLO writes it."""
    window: dict[str, Any] = {"duration": slo.time_window.duration}
    window["isRolling"] = slo.time_window.calendar is None
    if slo.time_window.calendar is not None:
        window["calendar"] = {
            "startTime": slo.time_window.calendar.start_time.strftime("%Y-%m-%d %H:%M:%S"),
            "timeZone": slo.time_window.calendar.timezone,
        }
    spec: dict[str, Any] = {"description": slo.description} if slo.description else {}
    spec["service"] = slo.service
    if slo.sli is not None:
        spec["indicatorRef"] = slo.sli
    spec["timeWindow"] = [window]
    spec["budgetingMethod"] = _METHOD_WORDS[slo.budgeting_method]
    spec["objectives"] = [_objective_document(slo, one) for one in slo.objectives]
    if policies:
        spec["alertPolicies"] = [policy_document(one) for one in policies]
    annotations = {
        **slo.annotations,
        f"{PREFIX}minimum-events": str(slo.minimum_events),
        f"{PREFIX}at-risk-below": str(slo.at_risk_below),
    }
    return _object(Kind.SLO, slo.key, slo.name, (slo.labels, annotations), spec)


def _objective_document(slo: SloOut, one: Any) -> dict[str, Any]:
    written = {
        "displayName": one.name,
        "op": None if one.op is None else one.op.value,
        "value": one.value,
        "target": float(one.target),
        "timeSliceTarget": None if one.time_slice_target is None else float(one.time_slice_target),
        "timeSliceWindow": None if one.time_slice_window is None else f"{one.time_slice_window}m",
        "indicatorRef": one.sli,
        "compositeWeight": float(one.weight) if slo.composite else None,
    }
    return {name: value for name, value in written.items() if value is not None}


def policy_document(policy: AlertPolicyOut) -> dict[str, Any]:
    """A policy with its condition inline. OpenSLO's condition has one window: a second one, the
    short, stands in an annotation."""
    annotations = foreign(policy.annotations)
    if policy.short_window is not None:
        annotations[f"{PREFIX}short-window"] = policy.short_window
    name = own(policy.annotations, "condition") or policy.key
    description = own(policy.annotations, "condition-description")
    burn = {
        "kind": "burnrate",
        "op": policy.op.value,
        "threshold": float(policy.factor),
        "lookbackWindow": policy.long_window,
        "alertAfter": policy.alert_after,
    }
    condition_spec: dict[str, Any] = {"description": description} if description else {}
    condition_spec |= {"severity": policy.severity, "condition": burn}
    spec: dict[str, Any] = {"description": policy.description} if policy.description else {}
    spec |= {
        "alertWhenNoData": policy.alert_when_no_data,
        "alertWhenBreaching": policy.alert_when_breaching,
        "alertWhenResolved": policy.alert_when_resolved,
        "conditions": [
            {"kind": "AlertCondition", "metadata": {"name": name}, "spec": condition_spec}
        ],
    }
    if policy.notification_targets:
        spec["notificationTargets"] = [{"targetRef": one} for one in policy.notification_targets]
    whole = _object(Kind.ALERT_POLICY, policy.key, policy.name, (policy.labels, annotations), spec)
    del whole["apiVersion"]
    return whole


def _object(
    kind: Kind,
    name: str,
    display_name: str | None,
    marks: tuple[Mapping[str, Any], Mapping[str, str]],
    spec: dict[str, Any],
) -> dict[str, Any]:
    labels, annotations = marks
    metadata: dict[str, Any] = {"name": name}
    if display_name is not None:
        metadata["displayName"] = display_name
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": V1, "kind": kind.value, "metadata": metadata, "spec": spec}


def without_secrets(value: Any) -> Any:
    """Connection details as they may be kept and shown: what looks like a secret is left out."""
    if isinstance(value, dict):
        return {
            name: without_secrets(part)
            for name, part in value.items()
            if not any(word in str(name).casefold() for word in _SECRET_WORDS)
        }
    return [without_secrets(part) for part in value] if isinstance(value, list) else value
