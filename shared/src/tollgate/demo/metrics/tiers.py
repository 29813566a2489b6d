"""Key result areas, the links from targets down to components, and critical success factors."""

from datetime import date
from typing import Any

from tollgate.demo.catalog.planning import KEY_RESULT_AREA
from tollgate.demo.making import Providers, ensure_known, listed
from tollgate.demo.metrics.objectives import NETWORK_AVAILABILITY, SIGN_ON

DEPENDABLE, SATISFIED = KEY_RESULT_AREA[1], "satisfied-people"


def _kpis(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"kpi": kpi, "service": service} for kpi, service in pairs]


AREAS: tuple[dict[str, Any], ...] = (
    {
        "key": DEPENDABLE,
        "name": "Dependable IT",
        "description": "Production and sales never wait for it",
        "owner": "ines.moreau",
        "objective": KEY_RESULT_AREA[0],
        "kpis": _kpis(
            ("mttr", "network-infrastructure"),
            ("mttr", "application-support"),
            ("availability", "network-infrastructure"),
            ("sla_attainment", "erp"),
        ),
    },
    {
        "key": SATISFIED,
        "name": "Satisfied people",
        "owner": "paul.berger",
        "objective": "first-day-ready",
        # No target holds for the satisfaction with meetings: a broken link.
        "kpis": _kpis(
            ("fulfilment_time", "managed-laptop"),
            ("csat", "file-sharing"),
            ("csat", "video-meetings"),
        ),
    },
)

FACTORS: tuple[dict[str, Any], ...] = (
    {
        "key": "interruptions-end-soon",
        "name": "Interruptions of the network end before a shift does",
        "owner": "jonas.lind",
        "kra": DEPENDABLE,
        "kpis": _kpis(
            ("mttr", "network-infrastructure"), ("availability", "network-infrastructure")
        ),
    },
    {
        "key": "erp-kept-at-month-end",
        "name": "What is promised for the ERP is kept at the end of a month",
        "owner": "asha.verma",
        "objective": "month-end-in-three-days",
        "kpis": _kpis(("sla_attainment", "erp")),
    },
)

# Targets (KPI, service) serve vital activities, which rest on objectives.
SERVED = (
    ("mttr", "network-infrastructure", "keep-lines-running"),
    ("availability", "network-infrastructure", "keep-lines-running"),
    ("mttr", "application-support", "keep-lines-running"),
    ("sla_attainment", "erp", "close-the-books"),
    ("sla_attainment", "erp", "take-orders"),
    ("csat", "file-sharing", "get-drawings"),
)
RESTING_ON = (
    ("keep-lines-running", "network-is-up"),
    ("take-orders", "orders-can-be-taken"),
    ("take-orders", "network-is-up"),
    ("close-the-books", "erp-is-repaired-in-time"),
)
COMPONENTS = {NETWORK_AVAILABILITY: "core-router", SIGN_ON: "sign-on"}
COMPONENTS_EACH = 4  # numbered as in the infrastructure events of the year


def load_areas(at: Providers, _until: date) -> None:
    """What the organisation must be good at, and what must go well for it."""
    for area in AREAS:
        ensure_known(at.metrics, "/v1/kras", area)
    for factor in FACTORS:
        ensure_known(at.metrics, "/v1/success-factors", factor)


def load_links(at: Providers, _until: date) -> None:
    """The seven tiers joined, but for what the list of broken links is to show."""
    targets = {
        (target["kpi"], target["service"]): target["id"]
        for target in listed(at.metrics, "/v1/targets")
        if target["valid_to"] is None
    }
    served = [(targets.get((kpi, service)), activity) for kpi, service, activity in SERVED]
    links = [
        *(("kpt_vma", target, activity) for target, activity in served if target is not None),
        *(("vma_slo", activity, objective) for activity, objective in RESTING_ON),
        *(
            ("sli_sie", indicator, f"{component}-{number}")
            for indicator, component in COMPONENTS.items()
            for number in range(1, COMPONENTS_EACH + 1)
        ),
    ]
    present = {
        (link["kind"], link["upper"], link["lower"])
        for link in listed(at.metrics, "/v1/tier-links")
    }
    for link in links:
        if link not in present:
            body = dict(zip(("kind", "upper", "lower"), link, strict=True))
            ensure_known(at.metrics, "/v1/tier-links", body)
