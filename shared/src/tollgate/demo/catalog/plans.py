"""Strategies, roadmaps and yearly targets of services and portfolios: approved, asked, drafted."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from tollgate.demo.catalog import plan_texts
from tollgate.demo.making import Providers, change, create, listed

Text = Callable[[date], dict[str, Any]]


class Plan(NamedTuple):
    """A plan of `services/…` or `portfolios/…`, how far it gets, and who approves it."""

    of: str
    text: Text
    becomes: str
    approver: str = ""


PLANS = (
    Plan("portfolios/it-operations", plan_texts.operations_strategy, "approved", "ines.moreau"),
    Plan("services/network-infrastructure", plan_texts.network_strategy, "approved", "ines.moreau"),
    Plan("services/network-infrastructure", plan_texts.network_roadmap, "approved", "jonas.lind"),
    Plan("services/network-infrastructure", plan_texts.network_targets, "approved", "jonas.lind"),
    Plan("services/employee-hub", plan_texts.hub_strategy, "approved", "paul.berger"),
    Plan("services/employee-hub", plan_texts.hub_roadmap, "in_review"),
    Plan("services/erp", plan_texts.erp_strategy, "draft"),
)


def load_plans(at: Providers, until: date) -> None:
    """Each plan's first version as far as it got; those who hold the role approve it."""
    for plan in PLANS:
        text = plan.text(until)
        path = f"/v1/{plan.of}/plans/{text['kind']}/versions"
        versions = list(listed(at.catalog, path))
        version = versions[0] if versions else create(at.catalog, path, {"text": text}).json()
        if len(versions) < 2:
            _bring(at, plan, version, f"{path}/{version['version']}")


def _bring(at: Providers, plan: Plan, version: Any, path: str) -> None:
    """What is left of the way to the state it is shown in."""
    if version["state"] == "draft" and plan.becomes != "draft":
        version = change(at.catalog, "POST", f"{path}/submission", None)
    approver = at.person(plan.approver) if plan.approver else None
    if version["state"] == "in_review" and approver is not None:
        body = {"text_hash": version["text_hash"]}
        change(at.catalog, "POST", f"{path}/approvals", body, auth=approver)
