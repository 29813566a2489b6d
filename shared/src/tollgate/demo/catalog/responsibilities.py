"""Who is accountable and responsible in each process of a service (RACI)."""

from datetime import date

from tollgate.demo.making import Providers, change, read

# Process → who answers for it, and who does the work; `role:` and `unit:` are not persons.
OF_ANY_SERVICE = {
    "service_strategy_definition": "ines.moreau",
    "service_roadmap_definition": "role:service_owner",
    "service_development_management": "role:service_owner",
    "service_lifecycle_management": "role:service_owner",
    "service_financial_management": "helga.brandt",
    "service_catalog_management": "rosa.klein",
    "service_performance_management": "role:service_level_manager",
    "vendor_product_management": "ines.moreau",
    "continuous_service_improvement": "role:service_owner",
    "service_continuity_management": "dev.patel",
}
# Service → who works; these are complete.
COMPLETE = {"erp": "unit:erp-team", "identity-and-access": "unit:service-desk"}
# Service → who works, and in how many of the processes that is said.
PARTIAL = {
    "network-infrastructure": ("unit:network-operations", 6),
    "server-platform": ("unit:platform-team", 4),
}
# A unit without a manager is accountable: no person stands behind it.
VACANT = ("server-platform", "service_continuity_management", "unit:platform-team")


def load_responsibilities(at: Providers, _until: date) -> None:
    """Charts that nobody has written yet; printing and the rest stay without any."""
    for service, team in COMPLETE.items():
        _write(at, service, {process: (who, team) for process, who in OF_ANY_SERVICE.items()})
    for service, (team, count) in PARTIAL.items():
        some = list(OF_ANY_SERVICE.items())[:count]
        charts = {process: (who, team) for process, who in some}
        if service == VACANT[0]:
            charts[VACANT[1]] = (VACANT[2], team)
        _write(at, service, charts)


def _write(at: Providers, service: str, charts: dict[str, tuple[str, str]]) -> None:
    path = f"/v1/services/{service}/raci"
    present = {one["process"]: one["assignments"] for one in read(at.catalog, path)["processes"]}
    for process, (accountable, responsible) in charts.items():
        if not present.get(process):
            assignments = [
                {"responsibility": "accountable", **_assignee(accountable)},
                {"responsibility": "responsible", **_assignee(responsible)},
                {"responsibility": "informed", "role": "service_level_manager"},
            ]
            change(at.catalog, "PUT", f"{path}/{process}", assignments)


def _assignee(who: str) -> dict[str, str]:
    kind, _, name = who.rpartition(":")
    return {kind or "subject": name}
