"""Evaluations over HTTP: make one, read them, simulate one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Query, Response

from improvement_api.evaluations.actions import evaluate_gate, simulate
from improvement_api.evaluations.asking import AskedGate, AskedOrProposed, Proposal
from improvement_api.evaluations.queries import (
    ReadEvaluation,
    list_evaluations,
    read_evaluation,
    read_evaluations,
)
from improvement_api.evaluations.rules import Assessment, exit_code_of
from improvement_api.evaluations.schemas import (
    JUNIT,
    MEDIA_TYPES,
    EvaluationForm,
    SimulationOut,
)
from improvement_api.gates.actions import propose
from improvement_api.gates.rules import GateDefinition
from improvement_api.signatures.queries import signature_out
from shared.documents.junit import junit_xml
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.forms import preferred
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.improvement import CriterionResult, EvaluationOut, Gate

router = Router(prefix="/v1", tags=["evaluations"])

GatesRead = Annotated[Principal, requires("gates:read")]
EvaluationsWrite = Annotated[Principal, requires("evaluations:write")]
XML = "application/xml"


@router.post(
    "/services/{key}/gates/{gate}/evaluations",
    status_code=201,
    operation_id="evaluate_gate",
    response_model=EvaluationOut,
    responses={201: JUNIT, **problem_responses(404, 409)},
)
async def evaluate(
    key: Key,
    gate: Gate,
    caller: EvaluationsWrite,
    asked: AskedGate,
    session: Session,
    response: Response,
    _: Idempotent,
    form: Annotated[
        EvaluationForm | None, Query(alias="format", description="stands above the Accept header")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Any:
    """May this service pass? No body; 201 whatever the verdict; as JSON or as JUnit XML.

    The reply is the evaluation that stands; `new_evaluation_id` names the one made now. An owner
    of facts that cannot be reached makes its criteria `error`, never a pass.
    """
    standing, made = await evaluate_gate(session, key, asked.definition, asked.replies, caller)
    answer = evaluation_out(standing, made)
    location = {"Location": f"/v1/evaluations/{made}", "Vary": "Accept"}
    if (form or preferred(accept, MEDIA_TYPES, EvaluationForm.JSON)) is EvaluationForm.JUNIT:
        return Response(junit_xml(answer), 201, location, XML)
    response.headers.update(location)
    return answer


@router.get(
    "/services/{key}/gates/{gate}/evaluations",
    operation_id="list_evaluations",
    responses=problem_responses(404),
)
async def list_of_gate(
    key: Key, gate: Gate, caller: GatesRead, session: Session, page: PageQuery
) -> Page[EvaluationOut]:
    """Evaluations of a service at a gate, newest first, each with its standing now."""
    rows = await list_evaluations(session, key, gate, page)
    shown = page_of(rows, page, key=lambda row: (row.evaluated_at, row.id))
    read = await read_evaluations(session, shown["items"], now())
    items = [evaluation_out(one, one.row.id) for one in read]
    return Page[EvaluationOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/evaluations/{evaluation_id}",
    operation_id="get_evaluation",
    responses=problem_responses(404),
)
async def get_one(evaluation_id: UUID, caller: GatesRead, session: Session) -> EvaluationOut:
    """One evaluation: its outcomes never change, verdict and standing are as of now."""
    return evaluation_out(await read_evaluation(session, evaluation_id, now()), evaluation_id)


@router.get(
    "/evaluations/{evaluation_id}/junit",
    operation_id="get_evaluation_junit",
    responses={200: JUNIT, **problem_responses(404)},
    response_class=Response,
)
async def get_junit(evaluation_id: UUID, caller: GatesRead, session: Session) -> Response:
    """One evaluation as JUnit XML: a test case a criterion, as CI systems show them."""
    read = await read_evaluation(session, evaluation_id, now())
    return Response(junit_xml(evaluation_out(read, evaluation_id)), media_type=XML)


@router.post(
    "/services/{key}/gates/{gate}/simulations",
    operation_id="simulate_gate",
    responses=problem_responses(404),
)
async def simulate_gate(
    key: Key,
    gate: Gate,
    caller: GatesRead,
    asked: AskedOrProposed,
    session: Session,
) -> SimulationOut:
    """The same as an evaluation, without consequence: nothing is stored or superseded.

    With a body: what the gate would say if it asked that instead, checked as a version would be.
    """
    if isinstance(asked, Proposal):
        definition = await propose(session, gate, asked.gate, asked.heard)
    else:
        definition = asked.definition
    judgement, assessment = await simulate(session, key, definition, asked.replies)
    return SimulationOut(
        service=key,
        gate=gate,
        gate_version=None if isinstance(asked, Proposal) else definition.version,
        stage=judgement.stage,
        verdict=assessment.verdict,
        exit_code=exit_code_of(assessment.verdict),
        score=None if assessment.score is None else float(assessment.score),
        criteria=_criteria_out(judgement.definition, assessment),
    )


def evaluation_out(read: ReadEvaluation, made: UUID) -> EvaluationOut:
    """An evaluation on the wire; `made` is the one that this request made, or itself."""
    row, assessment = read.row, read.assessment
    return EvaluationOut(
        id=str(row.id),
        new_evaluation_id=str(made),
        service=row.service,
        gate=row.gate,
        gate_version=row.gate_version,
        stage=row.stage,
        verdict=assessment.verdict,
        exit_code=exit_code_of(assessment.verdict),
        score=None if assessment.score is None else float(assessment.score),
        standing=read.standing,
        criteria=_criteria_out(read.definition, assessment),
        signatures=[signature_out(signature, read.as_of) for signature in read.signatures],
        facts_hash=row.facts_hash,
        evaluated_at=row.evaluated_at,
        evaluated_by=row.on_behalf_of or row.evaluated_by,
        expires_at=read.expires_at,
    )


def _criteria_out(definition: GateDefinition, assessment: Assessment) -> list[CriterionResult]:
    return [
        CriterionResult(
            id=criterion.id,
            kind=criterion.kind,
            title=criterion.title,
            required=criterion.required,
            weight=float(criterion.weight),
            outcome=assessment.results[criterion.id].outcome,
            reason=assessment.results[criterion.id].reason,
            how=criterion.how,
            facts=dict(assessment.results[criterion.id].facts),
            waiver=assessment.results[criterion.id].waiver,
        )
        for criterion in definition.criteria
    ]
