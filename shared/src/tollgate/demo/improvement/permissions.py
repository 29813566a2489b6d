"""What eases the way through a gate: waivers, delegations, and pipelines that ask it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from shared.schemas.improvement import Gate
from tollgate.demo.content import GATE, GATE_SERVICE
from tollgate.demo.improvement.portal import PORTAL
from tollgate.demo.making import Providers, create, ensure_listed, in_name_of, listed

WAIVERS, DELEGATIONS = "/v1/waivers", "/v1/delegations"
RULES = "/v1/deployment-protection/rules"


class Waiver(NamedTuple):
    """Asked for by who owns the risk; without a comment it is not decided on yet."""

    criterion: str
    reason: str
    compensating_control: str
    days: int
    comment: str = ""


class Delegation(NamedTuple):
    """`role` is the delegator's."""

    role: str
    delegator: str
    delegate: str
    reason: str
    begins_in_days: int
    days: int
    service: str | None = None
    gate: Gate | None = None


HUB, HUB_GATE, HUB_OWNER = "employee-hub", Gate.DESIGN_TO_TRANSITION, "li.wei"
WAIVER_DECIDER = "paul.berger"  # manages the portfolio that the hub is in
ACCEPTED = Waiver(
    "support-hours", "The hours of support are agreed with the works council only in spring.",
    "Until then the service desk answers for the pilot, from 08:00 to 17:00.", 120,
    "Accepted for the pilot, not for the launch",
)  # fmt: skip
ASKED = Waiver(
    "raci", "Two of the team begin next month, and get their parts then.",
    "The owner stands in for the open parts.", 45,
)  # fmt: skip
DELEGATED = (
    Delegation(
        "service_owner", PORTAL.owner, "jan.winter", "On leave", -2, 21, service=PORTAL.key
    ),
    Delegation(
        "operations_manager", "jonas.lind", "piet.bakker", "At the supplier's in Linz", 20, 14,
        gate=Gate.TRANSITION_TO_OPERATE,
    ),
)  # fmt: skip
RULE = {
    "repository": "harrow-works/employee-hub",
    "environment": "production",
    "service": HUB,
    "gate": Gate.TRANSITION_TO_OPERATE,
}


def load_waivers(at: Providers, until: date) -> None:
    """One that holds for the pilot of the hub, and one that nobody has decided on."""
    decider = at.person(WAIVER_DECIDER, "portfolio_manager")
    for waiver in (ACCEPTED, ASKED):
        asked = ensure_listed(
            at.improvement, WAIVERS, _waiver(waiver, until), "service", "criterion",
            **in_name_of(at, HUB_OWNER),
        )  # fmt: skip
        if asked["state"] == "requested" and waiver.comment and decider is not None:
            body = {"to": "approved", "comment": waiver.comment}
            create(at.improvement, f"{WAIVERS}/{asked['id']}/transitions", body, auth=decider)


def load_delegations(at: Providers, until: date) -> None:
    """Each is given in person; which one was given is known by who gave it to whom."""
    for delegation in DELEGATED:
        delegator = at.person(delegation.delegator, delegation.role)
        if delegator is not None:
            ensure_listed(
                at.improvement, DELEGATIONS, _delegation(delegation, until), "delegate", "role",
                auth=delegator,
            )  # fmt: skip


def load_pipelines(at: Providers, _until: date) -> None:
    """A token for the badge of a gate, and a repository whose deployments ask one."""
    tokens = f"/v1/services/{GATE_SERVICE}/gates/{GATE}/badge-tokens"
    if not list(listed(at.improvement, tokens)):
        create(at.improvement, tokens, None)
    ensure_listed(at.improvement, RULES, RULE, "repository", "environment")


def _waiver(waiver: Waiver, until: date) -> dict[str, Any]:
    return {
        "service": HUB,
        "gate": HUB_GATE,
        "criterion": waiver.criterion,
        "reason": waiver.reason,
        "risk_owner": HUB_OWNER,
        "compensating_control": waiver.compensating_control,
        "expires_at": _midnight(until + timedelta(days=waiver.days)),
    }


def _delegation(delegation: Delegation, until: date) -> dict[str, Any]:
    begins = until + timedelta(days=delegation.begins_in_days)
    return {
        "role": delegation.role,
        "delegate": delegation.delegate,
        "service": delegation.service,
        "gate": delegation.gate,
        "valid_from": _midnight(begins),
        "valid_until": _midnight(begins + timedelta(days=delegation.days)),
        "reason": delegation.reason,
    }


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()
