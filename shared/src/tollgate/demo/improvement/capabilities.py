"""How capable the ten processes are: a year ago and now, and the plan that closes the gaps."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from shared.schemas.processes import Process
from tollgate.demo.making import Providers, change, create, in_name_of, listed

ASSESSMENTS = "/v1/capability-assessments"
ASSESSOR, APPROVER = "ines.moreau", "clara.weiss"
PLAN_OWNER = "paul.berger"


class Rated(NamedTuple):
    """Levels of a process before, now and as wanted; what shows each level from the first on."""

    process: Process
    before: int
    now: int
    target: int
    shown: tuple[str, ...]


RATINGS = (
    Rated(
        Process.SERVICE_STRATEGY_DEFINITION, 1, 2, 3,
        ("Strategy of IT operations", "Approved versions, each with its owner"),
    ),
    Rated(
        Process.SERVICE_ROADMAP_DEFINITION, 0, 1, 3, ("Roadmap of the network, and of the hub",)
    ),
    Rated(
        Process.SERVICE_DEVELOPMENT_MANAGEMENT, 1, 1, 2, ("Development record of the hub",)
    ),
    Rated(
        Process.SERVICE_LIFECYCLE_MANAGEMENT, 1, 3, 3,
        (
            "Stages of all services in the catalog", "Who answers for each stage",
            "The tollgates, and how they are passed",
        ),
    ),
    Rated(
        Process.SERVICE_FINANCIAL_MANAGEMENT, 1, 2, 2,
        ("Costs of each service by quarter", "Charging models, reviewed with finance"),
    ),
    Rated(
        Process.SERVICE_CATALOG_MANAGEMENT, 2, 3, 3,
        (
            "The catalog, with every live service", "Agreements with version and owner",
            "How a service comes into the catalog",
        ),
    ),
    Rated(
        Process.SERVICE_PERFORMANCE_MANAGEMENT, 1, 2, 4,
        ("Performance report of each quarter", "Targets, each with an owner"),
    ),
    Rated(
        Process.VENDOR_PRODUCT_MANAGEMENT, 1, 1, 2, ("Register of vendor products and contracts",)
    ),
    Rated(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT, 0, 2, 3,
        ("Effect of the runbooks for dealers", "Plans with business case and owner"),
    ),
    Rated(
        Process.SERVICE_CONTINUITY_MANAGEMENT, 1, 1, 3, ("Test of the network's plan",)
    ),
)  # fmt: skip
SHOWN = {
    1: "It is done, and brings what it is for",
    2: "It is planned, and what it produces is kept",
    3: "It is defined once for all services",
}


class Assessment(NamedTuple):
    summary: str
    days_ago: int
    level: str  # the member of a rating
    remedied: bool


BEFORE = Assessment(
    "First assessment, by interviews with the owners of ten services", 380, "before", False
)
NOW = Assessment(
    "A year later: interviews, and samples of what the processes produced", 15, "now", True
)


def load_capabilities(at: Providers, until: date) -> None:
    """Both assessments, approved by another person; the later one's gaps have a plan."""
    present = {one["summary"]: one for one in listed(at.improvement, ASSESSMENTS)}
    for assessment in (BEFORE, NOW):
        found = present.get(assessment.summary)
        if found is None:
            text = _text(assessment, until)
            assessor = in_name_of(at, ASSESSOR)
            found = create(at.improvement, ASSESSMENTS, text, **assessor).json()
        _approve(at, assessment, found)


def _approve(at: Providers, assessment: Assessment, found: Any) -> None:
    """What is left of the way from draft to a plan for the gaps; asked again it is the same."""
    path = f"{ASSESSMENTS}/{found['id']}"
    if found["state"] == "draft" and not found["decisions"]:
        assessor = in_name_of(at, ASSESSOR)
        found = create(
            at.improvement, f"{path}/transitions", {"to": "submitted"}, **assessor
        ).json()
    approver = at.person(APPROVER)
    if found["state"] == "submitted" and approver is not None:
        verdict = {"verdict": "approved", "text_hash": found["text_hash"]}
        found = create(at.improvement, f"{path}/decisions", verdict, auth=approver).json()
    if found["state"] == "approved" and assessment.remedied:
        change(at.improvement, "POST", f"{path}/remedial-plan", {"owner": PLAN_OWNER})


def _text(assessment: Assessment, until: date) -> dict[str, Any]:
    return {
        "scope": "organisation",
        "assessed_on": str(until - timedelta(days=assessment.days_ago)),
        "summary": assessment.summary,
        "ratings": [_rating(rated, getattr(rated, assessment.level)) for rated in RATINGS],
    }


def _rating(rated: Rated, level: int) -> dict[str, Any]:
    where = f"https://wiki.example/processes/{rated.process.replace('_', '-')}"
    return {
        "process": rated.process,
        "level": level,
        "target": rated.target,
        "evidence": [
            {"level": number, "title": title, "url": f"{where}/{number}", "shows": SHOWN[number]}
            for number, title in enumerate(rated.shown[:level], start=1)
        ],
    }
