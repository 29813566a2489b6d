"""Opportunities that people raised: whom the problem hurts, and how urgent solving it is."""

from datetime import date
from typing import Any, NamedTuple

from tollgate.demo.improvement.causes import ANALYSES, CORE_ROUTER
from tollgate.demo.making import (
    PATIENCE,
    Providers,
    change,
    create,
    in_name_of,
    listed,
)
from tollgate.pages import items_of

OPPORTUNITIES = "/v1/opportunities"


class Raised(NamedTuple):
    """`wsjf`: business value, time criticality, risk reduction, job size; none yet: it is new."""

    title: str
    problem: str
    service: str
    kpi: str | None
    owner: str
    impacts: tuple[tuple[str, str], ...]  # stakeholder, effect
    benefit: str
    wsjf: tuple[int, int, int, int] | None = None
    comment: str = ""
    analysis: str | None = None  # title of the root cause analysis that it comes from


RAISED = (
    Raised(
        "Meetings with customers begin late",
        "In one of three rooms it takes five minutes and more until the screen shows the call.",
        "video-meetings", "csat", "li.wei",
        (
            ("Sales", "The customer sees a blank screen first"),
            ("Service desk", "It is called into a room four times a day"),
        ),
        "A meeting begins when it is due.",
        (8, 3, 1, 2), "Small, and every customer sees it",
    ),
    Raised(
        "Faults of partners' networks come into ours",
        "What a partner announces wrongly is taken in at once; it was, twice in a year.",
        "network-infrastructure", "unplanned_outages", "jonas.lind",
        (
            ("Plant", "Stands still until the network is back"),
            ("Branch offices", "Cannot sell, since prices come over the network"),
        ),
        "A partner's fault stays with the partner.",
        (13, 5, 13, 8), "Limits are set; filters of routes are what is left",
        CORE_ROUTER.title,
    ),
    Raised(
        "Old invoices are hard to find",
        "An invoice of more than two years is found by its number only.",
        "erp", None, "jan.winter", (("Finance", "Auditors wait for a day"),),
        "An audit takes a week less.",
    ),
)  # fmt: skip


def load_opportunities(at: Providers, _until: date) -> None:
    """Two that are assessed and so ranked, one of them linked to what it comes from; one new."""
    manual = items_of(at.improvement, OPPORTUNITIES, PATIENCE, {"source": "manual"})
    present = {one["title"]: one for one in manual}
    for raised in RAISED:
        owner = in_name_of(at, raised.owner)
        found = present.get(raised.title)
        if found is None:
            found = create(at.improvement, OPPORTUNITIES, _body(raised), **owner).json()
        path = f"{OPPORTUNITIES}/{found['id']}"
        if found["state"] == "new" and raised.wsjf is not None:
            change(at.improvement, "PUT", f"{path}/assessment", _assessment(raised), **owner)
        if raised.analysis is not None:
            _link(at, path, raised.analysis)


def _link(at: Providers, path: str, analysis: str) -> None:
    known = {one["title"]: one["id"] for one in listed(at.improvement, ANALYSES)}
    target = known.get(analysis)
    linked = {one["target"] for one in listed(at.improvement, f"{path}/links")}
    if target is not None and target not in linked:
        link = {"kind": "root_cause_analysis", "target": target}
        create(at.improvement, f"{path}/links", link)


def _body(raised: Raised) -> dict[str, Any]:
    return {
        "title": raised.title,
        "problem": raised.problem,
        "service": raised.service,
        "kpi": raised.kpi,
        "impacts": [{"stakeholder": who, "effect": effect} for who, effect in raised.impacts],
        "benefit": raised.benefit,
    }


def _assessment(raised: Raised) -> dict[str, Any]:
    names = ("business_value", "time_criticality", "risk_reduction", "job_size")
    return {**dict(zip(names, raised.wsjf or (), strict=True)), "comment": raised.comment}
