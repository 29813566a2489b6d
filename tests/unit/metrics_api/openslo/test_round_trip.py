"""What is exported imports unchanged: SLIs, SLOs and alert policies."""

import string
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from metrics_api.openslo.plan import Plan, plan_of
from metrics_api.openslo.reading import documents_of
from metrics_api.openslo.rules import sli_document, slo_document
from metrics_api.openslo.yaml_text import objects_of, text_of
from metrics_api.slis.schemas import SliCreate, SliOut
from metrics_api.slo_alerts.schemas import AlertPolicyCreate, AlertPolicyOut
from metrics_api.slos.schemas import SloCreate, SloOut

RECORDED = {
    "state": "active",
    "version": 1,
    "recorded_at": datetime(2026, 1, 1, tzinfo=UTC),
    "recorded_by": "ada",
}
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30).filter(
    str.strip
)
KEYS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
LABELS = st.dictionaries(KEYS, WORDS | st.lists(WORDS, max_size=2), max_size=2)
ANNOTATIONS = st.dictionaries(KEYS, WORDS, max_size=2)
SHARES = st.decimals("0.001", "0.999", places=3)
MARKS = {"labels": LABELS, "annotations": ANNOTATIONS}
QUERY = st.fixed_dictionaries(
    {"type": st.just("Prometheus"), "spec": st.fixed_dictionaries({"query": WORDS})}
)
PARTS = {
    "good_total": ("good", "total"),
    "bad_total": ("bad", "total"),
    "raw_success": ("raw",),
    "raw_failure": ("raw",),
    None: ("threshold",),
}


@st.composite
def slis(draw: st.DrawFn) -> SliCreate:
    parts = draw(st.sampled_from(list(PARTS)))
    feed, sources = draw(st.sampled_from(["samples", "prometheus", "records"])), {}
    told: dict[str, Any] = {"kind": feed}
    if feed == "prometheus":
        told |= {"server": draw(st.none() | KEYS), "step_seconds": draw(st.integers(1, 3600))}
        sources = {part: draw(QUERY) for part in PARTS[parts]}
    if feed == "records":
        parts = draw(st.sampled_from([None, "good_total"]))
        told["measure"] = "resolution_hours" if parts is None else "incidents_resolved_in_time"
        told["priorities"] = draw(st.lists(st.integers(1, 5), max_size=2))
    return SliCreate.model_validate(
        {
            "key": draw(KEYS),
            "service": "network",
            "name": draw(st.none() | WORDS),
            "description": draw(WORDS | st.just("")),
            "kind": "threshold" if parts is None else "ratio",
            "parts": parts,
            "counter": feed != "records"
            and parts in ("good_total", "bad_total")
            and draw(st.booleans()),
            "unit": draw(st.none() | WORDS),
            "feed": told,
            "sources": sources,
            **{name: draw(strategy) for name, strategy in MARKS.items()},
        }
    )


@st.composite
def slos(draw: st.DrawFn, sli: str | None) -> SloCreate:
    calendar = {"start_time": "2026-01-01T08:30:00", "timezone": "Europe/Vienna"}
    composite = sli is None
    return SloCreate.model_validate(
        {
            "key": draw(KEYS),
            "service": "network",
            "name": draw(st.none() | WORDS),
            "description": draw(WORDS | st.just("")),
            "sli": sli,
            "budgeting_method": draw(
                st.sampled_from(["occurrences", "timeslices", "ratio_timeslices"])
            ),
            "time_window": {
                "duration": draw(st.sampled_from(["28d", "1M", "4w", "1Q"])),
                "calendar": draw(st.sampled_from([None, calendar])),
            },
            "objectives": [
                {
                    "name": draw(st.none() | WORDS),
                    "target": draw(SHARES),
                    "time_slice_target": draw(st.none() | SHARES),
                    "time_slice_window": draw(st.none() | st.integers(1, 1440)),
                    "sli": "other" if composite else None,
                    "weight": draw(st.integers(1, 9)) if composite else 1,
                }
            ],
            "minimum_events": draw(st.integers(0, 1000)),
            "at_risk_below": draw(SHARES),
            **{name: draw(strategy) for name, strategy in MARKS.items()},
        }
    )


@st.composite
def policies(draw: st.DrawFn) -> AlertPolicyCreate:
    key = draw(KEYS)
    return AlertPolicyCreate.model_validate(
        {
            "key": key,
            "name": draw(st.none() | WORDS),
            "severity": draw(st.sampled_from(["page", "ticket"])),
            "op": draw(st.sampled_from(["gt", "gte"])),
            "factor": draw(st.decimals("0.1", "20", places=1)),
            "long_window": "1h",
            "short_window": draw(st.none() | st.just("5m")),
            "alert_after": draw(st.sampled_from(["0m", "2m"])),
            "alert_when_resolved": draw(st.booleans()),
            "alert_when_no_data": draw(st.booleans()),
            "notification_targets": draw(st.lists(WORDS, max_size=2)),
            **{name: draw(strategy) for name, strategy in MARKS.items()},
        }
    )


def imported(*objects: dict[str, Any]) -> Plan:
    text = text_of(list(objects))
    return plan_of(documents_of(objects_of(text)), lambda name: name, {"other": "network"})


@given(slis())
def test_an_exported_sli_imports_unchanged(sli: SliCreate) -> None:
    (planned,) = imported(sli_document(SliOut.model_validate(sli.model_dump() | RECORDED))).slis

    assert planned.body == sli


@given(st.data())
def test_an_exported_slo_imports_unchanged_with_its_policies(data: st.DataObject) -> None:
    slo = data.draw(slos(data.draw(st.sampled_from(["other", None]))))
    policy = data.draw(policies())
    out = SloOut.model_validate(slo.model_dump() | RECORDED | {"composite": slo.sli is None})
    alert = AlertPolicyOut.model_validate(
        policy.model_dump() | RECORDED | {"id": uuid4(), "slo": slo.key}
    )

    plan = imported(slo_document(out, [alert]))

    assert [one.body for one in plan.slos] == [slo]
    (found,) = plan.policies
    assert found.owner == slo.key
    assert found.body == policy


def test_what_was_imported_exports_as_the_same_again() -> None:
    text = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: checkout, displayName: Checkout, labels: {team: [a, b]}}
spec:
  service: network
  indicator:
    metadata: {name: checkout-latency}
    spec:
      thresholdMetric: {metricSource: {type: Prometheus, spec: {query: latency_ms}}}
  timeWindow:
    - {duration: 1M, calendar: {startTime: 2026-01-01 00:00:00, timeZone: UTC}}
  budgetingMethod: Timeslices
  objectives:
    - {op: lt, value: 500, targetPercent: 99.5, timeSliceTarget: 0.9, timeSliceWindow: 5m}
"""
    once = plan_of(documents_of(objects_of(text)), lambda name: name, {})
    sli = SliOut.model_validate(once.slis[0].body.model_dump() | RECORDED)
    slo = SloOut.model_validate(once.slos[0].body.model_dump() | RECORDED | {"composite": False})

    again = imported(sli_document(sli), slo_document(slo, []))

    assert [one.body for one in again.slis] == [one.body for one in once.slis]
    assert [one.body for one in again.slos] == [one.body for one in once.slos]
    assert once.slos[0].body.objectives[0].target == Decimal("0.995")
