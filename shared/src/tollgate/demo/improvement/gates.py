"""Taking a service through a tollgate as its people do: evidence, signatures, a decision."""

import time
from typing import Any

import typer

from tollgate.demo.making import LEARNING, Providers, change, create, listed, read

PATIENCE_OF_DELIVERY = 30.0  # seconds for the worker to bring the decision to the catalog
SIGNERS = {
    "service_owner": "noor.salem",
    "portfolio_manager": "henrik.dahl",
    "operations_manager": "jonas.lind",
    "service_level_manager": "rosa.klein",
    "service_manager": "jan.winter",
}
DECIDER = "ines.moreau"  # signs nothing herself
PERMITTING = ("pass", "warning")


def pass_gate(at: Providers, service: str, gate: str) -> bool:
    """Whether the stage has moved; what still keeps it is told on standard error."""
    path = f"/v1/services/{service}/gates/{gate}"
    decider = at.person(DECIDER, "portfolio_manager")
    if decider is None:
        return False
    criteria = {one["id"]: one for one in read(at.improvement, f"/v1/gates/{gate}")["criteria"]}
    _attach(at, path, criteria)
    evaluation = create(at.improvement, f"{path}/evaluations", None).json()
    _sign(at, evaluation, criteria)
    evaluation = read(at.improvement, f"/v1/evaluations/{evaluation['id']}")
    if evaluation["verdict"] not in PERMITTING:
        _tell(evaluation)
        return False
    body = {"evaluation": evaluation["id"], "comment": "The figures speak for it"}
    decision = change(at.improvement, "POST", f"{path}/decisions", body, auth=decider)
    return _delivered(at, decision["id"])


def _attach(at: Providers, path: str, criteria: dict[str, Any]) -> None:
    there = {one["criterion"] for one in listed(at.improvement, f"{path}/evidence")}
    for criterion in criteria.values():
        if criterion["kind"] == "evidence" and criterion["id"] not in there:
            body = {
                "criterion": criterion["id"],
                "title": criterion["document"],
                "url": f"https://docs.example/partner-portal/{criterion['id']}",
            }
            create(at.improvement, f"{path}/evidence", body)


def _sign(at: Providers, evaluation: Any, criteria: dict[str, Any]) -> None:
    """One signature for each criterion that asks for one; nobody signs twice."""
    signed = {one["criterion"] for one in evaluation["signatures"]}
    for criterion in criteria.values():
        if criterion["kind"] != "sign_off" or criterion["id"] in signed:
            continue
        role = criterion["role"]
        signer = at.person(SIGNERS.get(role, f"{role}.of.the.demo"), role)
        body = {"criterion": criterion["id"], "facts_hash": evaluation["facts_hash"]}
        change(
            at.improvement, "POST", f"/v1/evaluations/{evaluation['id']}/signatures", body,
            auth=signer,
        )  # fmt: skip


def _delivered(at: Providers, decision: str) -> bool:
    give_up_at = time.monotonic() + PATIENCE_OF_DELIVERY
    while time.monotonic() < give_up_at:
        state = read(at.improvement, f"/v1/decisions/{decision}")["delivery"]
        if state != "pending":
            return bool(state == "applied")
        time.sleep(LEARNING)
    return False


def _tell(evaluation: Any) -> None:
    unmet = [
        f"{one['id']}: {one['reason']}"
        for one in evaluation["criteria"]
        if one["outcome"] not in PERMITTING
    ]
    typer.echo(
        f"tollgate: the demo's {evaluation['service']} does not pass {evaluation['gate']}"
        f" ({evaluation['verdict']}): {'; '.join(unmet)}",
        err=True,
    )
