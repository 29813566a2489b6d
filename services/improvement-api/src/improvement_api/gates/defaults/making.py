"""How the default criteria are written: each belongs to one of the ten processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from improvement_api.gates.rules import CRITERIA, Criterion
from improvement_api.gates.schemas import GateVersionCreate
from shared.schemas.improvement import CriterionKind
from shared.schemas.processes import Process

ADVISORY = {"required": False, "weight": 0.2}
"""What is good to have: one that is missing leaves a pass, many make it a warning at most."""


@dataclass(frozen=True)
class Asked:
    """A default criterion and the process that asks it; the process begins its `why`."""

    process: Process
    criterion: Criterion


def title_of(process: Process) -> str:
    return process.value.replace("_", " ").capitalize()


def asks(process: Process, criterion_id: str, title: str, expression: str, **more: Any) -> Asked:
    """A question to facts; `more` has why and how, and what differs from required with weight 1."""
    kind = CriterionKind.AUTOMATED
    return _asked(process, id=criterion_id, kind=kind, title=title, expression=expression, **more)


def document(process: Process, criterion_id: str, title: str, wanted: str, **more: Any) -> Asked:
    how = (
        "Attach it: POST /v1/services/{key}/gates/{gate}/evidence in improvement-api with"
        f' {{"criterion": "{criterion_id}", "title": …, "url": …}}.'
    )
    kind = CriterionKind.EVIDENCE
    return _asked(
        process, id=criterion_id, kind=kind, title=title, document=wanted, how=how, **more
    )


def signed(process: Process, criterion_id: str, title: str, role: str, why: str) -> Asked:
    how = (
        f"A holder of the role {role}, not who asked for the evaluation, signs it:"
        " POST /v1/evaluations/{evaluation}/signatures in improvement-api with"
        f' {{"criterion": "{criterion_id}", "facts_hash": …}}.'
    )
    kind = CriterionKind.SIGN_OFF
    return _asked(process, id=criterion_id, kind=kind, title=title, role=role, why=why, how=how)


def in_stage(expression: str, stage: str) -> Asked:
    return asks(
        Process.SERVICE_LIFECYCLE_MANAGEMENT,
        "in-stage",
        f"The service is {stage}",
        expression,
        why="a gate decides one move of the lifecycle; elsewhere its answer means nothing.",
        how="Pass the gates of the stages before this one in their order:"
        " POST /v1/services/{key}/gates/{gate}/decisions in improvement-api.",
    )


def version(asked: Sequence[Asked], reason: str) -> GateVersionCreate:
    return GateVersionCreate(
        criteria=[one.criterion for one in asked], decided_by="portfolio_manager", reason=reason
    )


def _asked(process: Process, **fields: Any) -> Asked:
    fields["why"] = f"{title_of(process)}: {fields['why']}"
    (criterion,) = CRITERIA.validate_python([fields])
    return Asked(process, criterion)
