"""Attached documents over HTTP."""

from typing import Annotated
from uuid import uuid4

from improvement_api.evidence.queries import insert_evidence, list_evidence
from improvement_api.evidence.schemas import EvidenceCreate, EvidenceOut
from improvement_api.evidence.tables import Evidence
from improvement_api.gates.queries import current_version, definition_of
from improvement_api.gates.rules import evidence_criterion
from improvement_api.providers import KnownService
from shared.kit.audit import record
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.improvement import Gate

router = Router(prefix="/v1/services/{key}/gates/{gate}/evidence", tags=["evidence"])

GatesRead = Annotated[Principal, requires("gates:read")]
EvaluationsWrite = Annotated[Principal, requires("evaluations:write")]


@router.post(
    "", status_code=201, operation_id="attach_evidence", responses=problem_responses(404, 409)
)
async def attach_evidence(
    gate: Gate,
    body: EvidenceCreate,
    caller: EvaluationsWrite,
    key: KnownService,
    session: Session,
    _: Idempotent,
) -> EvidenceOut:
    """Attach a document for an evidence criterion; the newest counts in the next evaluation."""
    definition = definition_of(await current_version(session, gate))
    criterion = evidence_criterion(definition.criteria, body.criterion)
    evidence = Evidence(
        id=uuid4(),
        service=key,
        gate=gate,
        criterion=criterion.id,
        title=body.title,
        url=body.url,
        attached_at=now(),
        attached_by=caller.subject,
        on_behalf_of=caller.on_behalf_of,
    )
    await insert_evidence(session, evidence)
    after = body.model_dump() | {"service": key, "gate": gate}
    await record(session, caller, "attached", ("evidence", str(evidence.id)), None, after)
    return _out(evidence)


@router.get("", operation_id="list_evidence", responses=problem_responses(404))
async def list_of_gate(
    key: Key, gate: Gate, caller: GatesRead, session: Session, page: PageQuery
) -> Page[EvidenceOut]:
    """Documents attached to a service at a gate, newest first."""
    rows = await list_evidence(session, key, gate, page)
    shown = page_of(rows, page, key=lambda row: (row.attached_at, row.id))
    items = [_out(row) for row in shown["items"]]
    return Page[EvidenceOut](items=items, next_cursor=shown["next_cursor"])


def _out(row: Evidence) -> EvidenceOut:
    return EvidenceOut(
        id=str(row.id),
        service=row.service,
        gate=row.gate,
        criterion=row.criterion,
        title=row.title,
        url=row.url,
        attached_at=row.attached_at,
        attached_by=row.on_behalf_of or row.attached_by,
    )
