"""The artifact register with what realises each artifact, and the library of practices."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from tollgate.demo.making import Providers, change, ensure, ensure_each, listed


class Artifact(NamedTuple):
    """Who keeps it, when it is reviewed, and what realises it: kind, key or URI, title."""

    owner: str
    review_in_days: int
    resources: tuple[tuple[str, str, str], ...]


class Practice(NamedTuple):
    key: str
    kind: str
    title: str
    process: str
    context: str
    statement: str
    consequence: str
    taken_up: dict[str, dict[str, Any]]  # by service


# The service quality lifecycle has neither owner nor resource: a gap that shows.
ARTIFACTS = {
    "service-governance-framework": Artifact(
        "ines.moreau", 120,
        (
            ("board", "service-board", "Service board"),
            ("document", "https://docs.example/governance", "Governance handbook"),
        ),
    ),
    "service-planning-process": Artifact(
        "paul.berger", -30, (("document", "https://docs.example/planning", "How we plan"),)
    ),
    "voice-of-the-customer": Artifact(
        "rosa.klein", 60,
        (
            ("touchpoint", "service-portal", "Service portal"),
            ("customer", "sales", "Sales"),
            ("customer", "finance", "Finance"),
        ),
    ),
    "service-fulfilment-plan": Artifact(
        "eva.novak", 200, (("offering", "new-laptop", "A laptop for a new colleague"),)
    ),
    "service-plan": Artifact(
        "ines.moreau", 150, (("service", "network-infrastructure", "Network Infrastructure"),)
    ),
    "service-portfolio": Artifact(
        "ines.moreau", 90,
        (
            ("portfolio", "it-operations", "IT operations"),
            ("portfolio", "workplace", "Digital workplace"),
        ),
    ),
    "service-catalog": Artifact(
        "rosa.klein", 45,
        (
            ("portal", "https://portal.example/it", "Service portal"),
            ("offering", "erp-role", "Another role in the ERP"),
        ),
    ),
    "service-priority-scheme": Artifact(
        "rosa.klein", 300, (("priority_scheme", "standard-priorities", "Standard priorities"),)
    ),
    "service-portal": Artifact(
        "paul.berger", 100, (("touchpoint", "service-portal", "Service portal"),)
    ),
}  # fmt: skip

PRACTICES = (
    Practice(
        "articles-from-incidents", "better", "Knowledge articles from resolved incidents",
        "service_performance_management", "A service desk hears the same question again.",
        "Who resolves an incident writes or mends its article before closing it.",
        "More calls are resolved at once, and repair times fall.",
        {
            "application-support": {"adoption": "adopted"},
            "network-infrastructure": {"adoption": "planned"},
            "printing": {"adoption": "not_applicable", "reason": "It is to end"},
        },
    ),
    Practice(
        "restore-not-backup", "better", "Restores are tested, not backups",
        "service_continuity_management", "Backups run without an error for years.",
        "A restore of a whole service is tried every half year.",
        "It is known how long it takes to be back.", {"erp": {"adoption": "adopted"}},
    ),
    Practice(
        "renewed-because-late", "worst", "Renewed because it was too late to choose",
        "vendor_product_management", "A contract ends in a month.",
        "It is renewed as it is, since nobody compared.",
        "The price rises, and what is not used is paid for again.", {},
    ),
)  # fmt: skip
OPPORTUNITY = ("articles-from-incidents", "shorter-interruptions")


def load_register(at: Providers, until: date) -> None:
    """Each artifact's owner, review and resources; then practices and who takes them up."""
    registered = {item["key"]: item for item in listed(at.catalog, "/v1/artifacts")}
    for key, artifact in ARTIFACTS.items():
        _keep(at, registered[key], artifact, until)
    for practice in PRACTICES:
        body = {name: value for name, value in practice._asdict().items() if name != "taken_up"}
        ensure(at.catalog, "/v1/practices", body)
        _take_up(at, practice, until)
    practice_key, opportunity = OPPORTUNITY
    link = {"opportunity": opportunity}
    ensure_each(at.catalog, f"/v1/practices/{practice_key}/opportunities", [link], "opportunity")


def _keep(at: Providers, present: Any, artifact: Artifact, until: date) -> None:
    path = f"/v1/artifacts/{present['key']}"
    if present["owner"] is None:
        body = {
            "owner": artifact.owner,
            "review_on": str(until + timedelta(days=artifact.review_in_days)),
            "review_cadence_days": 365,
        }
        change(at.catalog, "PATCH", path, body)
    known = {resource["title"] for resource in present["resources"]}
    for kind, place, title in artifact.resources:
        if title not in known:
            where = "uri" if kind in {"document", "portal"} else "key"
            change(
                at.catalog,
                "POST",
                f"{path}/resources",
                {"kind": kind, "title": title, where: place},
            )


def _take_up(at: Providers, practice: Practice, until: date) -> None:
    known = {
        one["service"] for one in listed(at.catalog, f"/v1/practices/{practice.key}/adoptions")
    }
    for service, adoption in practice.taken_up.items():
        if service not in known:
            due = str(until + timedelta(days=90)) if adoption["adoption"] == "planned" else None
            path = f"/v1/services/{service}/practices/{practice.key}"
            change(at.catalog, "PUT", path, {**adoption, "due_on": due})
