"""Requests in every state; each step is walked by somebody who holds its role."""

from datetime import date
from typing import Any, NamedTuple

from tollgate.demo.making import Providers, change, create, listed, read


class Asked(NamedTuple):
    """A request: one of each offering for a person, so that they tell it apart."""

    offering: str
    requested_for: str
    customer: str
    answers: dict[str, Any]
    impact: str
    steps: tuple[str, ...] = ()  # that are completed
    under_way: str | None = None  # the step that is started
    ending: tuple[str, str] | None = None  # cancel or reject, and why


LAPTOP = {"model": "light", "docking_station": True, "first_day": "2026-01-04"}
REQUESTS = (
    Asked(
        "new-laptop", "lukas.meyer", "sales", LAPTOP, "medium",
        ("approve", "prepare", "hand-over"),
    ),
    Asked(
        "new-laptop", "amira.said", "production", {**LAPTOP, "model": "workshop"}, "medium",
        ("approve",), "prepare",
    ),
    Asked("new-laptop", "jan.winter", "finance", {**LAPTOP, "model": "strong"}, "low"),
    Asked(
        "shared-mailbox", "marco.rossi", "sales", {"address": "fairs", "members": 6}, "low",
        ("create",),
    ),
    Asked(
        "shared-mailbox", "emil.horn", "production", {"address": "hall-3", "members": 12}, "low",
        ending=("cancel", "The team has one already"),
    ),
    Asked(
        "erp-role", "lukas.meyer", "sales",
        {"role": "approver", "reason": "Approves the discounts of the region"}, "high",
        ending=("reject", "Who sells does not approve discounts"),
    ),
    Asked(
        "erp-role", "amira.said", "production",
        {"role": "clerk", "reason": "Books what leaves the stock"}, "medium", (), "approve",
    ),
)  # fmt: skip
# Who walks the steps, by the role that owns them.
WORKERS = {"service_owner": "ines.moreau", "desk_agent": "kofi.mensah"}


def load_requests(at: Providers, _until: date) -> None:
    """Submitted, in fulfilment, fulfilled, cancelled and rejected."""
    present = {
        (item["offering"], item["requested_for"]): item
        for item in listed(at.catalog, "/v1/requests")
    }
    for asked in REQUESTS:
        request = present.get((asked.offering, asked.requested_for))
        if request is None:
            made = create(at.catalog, f"/v1/offerings/{asked.offering}/requests", _body(asked))
            request = made.json()
        if request["state"] in {"submitted", "in_fulfilment"}:
            _walk(at, asked, f"/v1/requests/{request['number']}")


def _walk(at: Providers, asked: Asked, path: str) -> None:
    """What is left of its steps, then its ending."""
    request = read(at.catalog, path)
    wanted = [*asked.steps, *([asked.under_way] if asked.under_way else [])]
    for step in request["steps"]:
        worker = at.person(WORKERS[step["owner_role"]], step["owner_role"])
        if step["id"] not in wanted or worker is None:
            break
        if step["started_at"] is None:
            change(at.catalog, "POST", f"{path}/steps/{step['id']}/start", None, auth=worker)
        if step["completed_at"] is None and step["id"] in asked.steps:
            change(at.catalog, "POST", f"{path}/steps/{step['id']}/complete", None, auth=worker)
    if asked.ending is not None:
        verb, reason = asked.ending
        owner = at.person(WORKERS["service_owner"], "service_owner")
        if owner is not None:
            change(at.catalog, "POST", f"{path}/{verb}", {"reason": reason}, auth=owner)


def _body(asked: Asked) -> dict[str, Any]:
    return {
        "answers": asked.answers,
        "requested_for": asked.requested_for,
        "customer": asked.customer,
        "impact": asked.impact,
        "urgency": "medium",
    }
