"""Service level indicators and objectives: of records, of pushed samples, and of several."""

from datetime import date
from typing import Any

from tollgate.demo.making import Providers, create, ensure, listed

SIGN_ON = "sign-on-requests"
ORDER_LATENCY = "erp-order-latency"
NETWORK_AVAILABILITY = "network-availability"
ERP_IN_TIME = "erp-incidents-in-time"
FOUR_WEEKS = {"duration": "28d"}
FAST: dict[str, Any] = {
    "target": 0.98,
    "op": "lte",
    "value": 650,
}  # of orders: its budget is overspent

INDICATORS: tuple[dict[str, Any], ...] = (
    {
        "key": SIGN_ON,
        "service": "identity-and-access",
        "name": "Sign-on that works",
        "description": "Sign-ons without an error of ours, counted by the hour",
        "kind": "ratio",
        "parts": "good_total",
        "feed": {"kind": "samples"},
        "labels": {"team": "service-desk"},
    },
    {
        "key": ORDER_LATENCY,
        "service": "erp",
        "name": "Time to save an order",
        "description": "95th percentile of each hour",
        "kind": "threshold",
        "unit": "ms",
        "feed": {"kind": "samples"},
    },
    {
        "key": NETWORK_AVAILABILITY,
        "service": "network-infrastructure",
        "name": "Network up",
        "kind": "ratio",
        "parts": "good_total",
        "feed": {"kind": "records", "measure": "availability"},
    },
    {
        "key": ERP_IN_TIME,
        "service": "erp",
        "name": "ERP incidents resolved in time",
        "kind": "ratio",
        "parts": "good_total",
        "feed": {"kind": "records", "measure": "incidents_resolved_in_time"},
    },
)

OBJECTIVES: tuple[dict[str, Any], ...] = (
    {
        "key": "people-can-sign-on",
        "service": "identity-and-access",
        "name": "People can sign on",
        "sli": SIGN_ON,
        "budgeting_method": "occurrences",
        "time_window": FOUR_WEEKS,
        "objectives": [{"target": 0.995}],
    },
    {
        "key": "orders-are-saved-fast",
        "service": "erp",
        "name": "Orders are saved fast",
        "sli": ORDER_LATENCY,
        "budgeting_method": "occurrences",
        "time_window": FOUR_WEEKS,
        "objectives": [FAST],
    },
    {
        "key": "network-is-up",
        "service": "network-infrastructure",
        "name": "The network is up",
        "sli": NETWORK_AVAILABILITY,
        "budgeting_method": "occurrences",
        "time_window": {"duration": "90d"},
        "objectives": [{"target": 0.99}],
    },
    {
        "key": "erp-is-repaired-in-time",
        "service": "erp",
        "name": "The ERP is repaired in time",
        "sli": ERP_IN_TIME,
        "budgeting_method": "occurrences",
        "time_window": {
            "duration": "1Q",
            "calendar": {"start_time": "2025-01-01T00:00:00", "timezone": "Europe/Zurich"},
        },
        "objectives": [{"target": 0.8}],
    },
    # What an order needs: half a budget is burnt by one as fast as by the other.
    {
        "key": "orders-can-be-taken",
        "service": "erp",
        "name": "Orders can be taken",
        "description": "People are signed on, and what they enter is saved fast",
        "budgeting_method": "occurrences",
        "time_window": FOUR_WEEKS,
        "objectives": [
            {"target": 0.995, "sli": SIGN_ON, "weight": 0.5},
            {**FAST, "sli": ORDER_LATENCY, "weight": 0.5},
        ],
    },
)
ALERTED = ("people-can-sign-on", "orders-are-saved-fast", "network-is-up")


def load_objectives(at: Providers, _until: date) -> None:
    """Indicators, the objectives on them, and the usual alerts on burning budgets."""
    for indicator in INDICATORS:
        ensure(at.metrics, "/v1/slis", indicator)
    for objective in OBJECTIVES:
        ensure(at.metrics, "/v1/slos", objective)
    for key in ALERTED:
        path = f"/v1/slos/{key}"
        if not any(listed(at.metrics, f"{path}/alert-policies")):
            create(at.metrics, f"{path}/default-alert-policies", None)
