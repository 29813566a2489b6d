"""Decisions over HTTP, and the public keys to check them with."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from improvement_api.decisions.actions import decide
from improvement_api.decisions.export import export_log
from improvement_api.decisions.queries import (
    DecisionFilter,
    find_decision,
    list_decisions,
    list_log,
    log_span,
)
from improvement_api.decisions.rules import Checkpoint
from improvement_api.decisions.schemas import (
    BreakOut,
    CountedVote,
    DecisionCreate,
    DecisionOut,
    FrozenCriterion,
    Jwks,
    LogEntryOut,
    VerificationOut,
)
from improvement_api.decisions.statements import entry_out
from improvement_api.decisions.tables import Decision, DecisionDelivery
from improvement_api.decisions.verification import verify_log
from improvement_api.evaluations.queries import ASSESSMENT
from improvement_api.providers import AskedStage
from shared.errors import NotFound
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, Timestamp
from shared.schemas.improvement import Gate

router = Router(tags=["decisions"])

GatesRead = Annotated[Principal, requires("gates:read")]
DecisionsWrite = Annotated[Principal, requires("decisions:write")]
NDJSON: dict[str, Any] = {
    "description": "A line an entry, and the last one of the export itself",
    "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
}


@router.post(
    "/v1/services/{key}/gates/{gate}/decisions",
    status_code=201,
    operation_id="decide_gate",
    responses=problem_responses(404, 409),
)
async def decide_gate(
    key: Key,
    gate: Gate,
    body: DecisionCreate,
    caller: DecisionsWrite,
    stage_now: AskedStage,
    session: Session,
    _: Idempotent,
    *,
    request: Request,
    response: Response,
) -> DecisionOut:
    """Let a service through a gate, in person, as a holder of the gate's `decided_by` role.

    The evaluation must stand, be younger than `max_age` and have the verdict pass or warning: 409
    `gate_not_passed` lists every criterion that is not met. The stage moves when the catalog has
    the decision: see `delivery`.
    """
    keys = request.app.state.decision_keys
    made = await decide(session, (key, gate), body, caller, stage_now, keys)
    response.headers["Location"] = f"/v1/decisions/{made[0].id}"
    return _out(*made)


@router.get("/v1/decisions", operation_id="list_decisions")
async def list_all(
    caller: GatesRead,
    session: Session,
    page: PageQuery,
    service: Annotated[Key | None, Query(description="of this service only")] = None,
    gate: Annotated[Gate | None, Query(description="at this gate only")] = None,
    since: Annotated[Timestamp | None, Query(description="decided then or later")] = None,
    until: Annotated[Timestamp | None, Query(description="decided before then")] = None,
) -> Page[DecisionOut]:
    """Decisions, newest first."""
    wanted = DecisionFilter(service, gate, since, until)
    rows = await list_decisions(session, wanted, page)
    shown = page_of(rows, page, key=lambda row: (row.Decision.decided_at, row.Decision.id))
    items = [_out(row.Decision, row.DecisionDelivery) for row in shown["items"]]
    return Page[DecisionOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/v1/decisions/{decision_id}", operation_id="get_decision", responses=problem_responses(404)
)
async def get_one(decision_id: UUID, caller: GatesRead, session: Session) -> DecisionOut:
    """A decision and how far its delivery to the catalog is."""
    row = await find_decision(session, decision_id)
    if row is None:
        raise NotFound(f"There is no decision {decision_id}")
    return _out(row.Decision, row.DecisionDelivery)


@router.get("/v1/decision-log", operation_id="list_decision_log")
async def list_entries(caller: GatesRead, session: Session, page: PageQuery) -> Page[LogEntryOut]:
    """The hash-chained log of all decisions and rejections, oldest first."""
    rows = await list_log(session, page)
    shown = page_of(rows, page, key=lambda row: (row.seq,))
    items = [entry_out(row) for row in shown["items"]]
    return Page[LogEntryOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/v1/decision-log/export",
    operation_id="export_decision_log",
    responses={200: NDJSON},
    response_class=Response,
)
async def export_decision_log(
    caller: GatesRead,
    session: Session,
    request: Request,
    since: Annotated[Timestamp | None, Query(description="decided then or later")] = None,
    until: Annotated[Timestamp | None, Query(description="decided before then")] = None,
) -> Response:
    """The log of a span as one file, oldest first and without a gap, to keep and to verify alone.

    Each line is an entry as in the list. The last line has how many there are, the hash of the
    last one, and the public keys of their statements; a file without it was cut short.
    """
    state, span = request.app.state, await log_span(session, since, until)
    lines = export_log(state.engine, span, state.decision_keys, now())
    headers = {"Content-Disposition": 'attachment; filename="decision-log.ndjson"'}
    return StreamingResponse(lines, headers=headers, media_type="application/x-ndjson")


@router.get("/v1/decision-log/verify", operation_id="verify_decision_log")
async def verify_decision_log(
    caller: GatesRead,
    session: Session,
    request: Request,
    expected_count: Annotated[
        int | None, Query(ge=1, lt=2**63, description="`count` of an earlier verification")
    ] = None,
    expected_head: Annotated[
        str | None, Query(pattern="^[0-9a-f]{64}$", description="`head` of the same one")
    ] = None,
) -> VerificationOut:
    """Make every hash, entry and signature anew, and say where the log breaks first, if it does.

    Found are altered, missing and re-ordered entries, altered decisions, forged statements,
    signatures that are not those a decision froze, and decisions without an entry. With what an
    earlier verification answered also a log whose end was cut off, or that was written anew as a
    whole; without it nobody can see that.
    """
    noted = Checkpoint(expected_count, expected_head)
    found = await verify_log(session, request.app.state.decision_keys, noted)
    return VerificationOut(
        intact=found.broken is None,
        count=found.count,
        head=found.head,
        broken=None if found.broken is None else BreakOut.model_validate(found.broken),
        verified_at=now(),
    )


@router.get("/.well-known/jwks.json", operation_id="get_decision_keys")
async def get_decision_keys(request: Request, response: Response) -> Jwks:
    """The public keys of decisions, former ones included; open to everyone."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return Jwks(keys=request.app.state.decision_keys.public())


def _out(decision: Decision, delivery: DecisionDelivery) -> DecisionOut:
    frozen = ASSESSMENT.validate_python(decision.frozen)
    return DecisionOut(
        id=str(decision.id),
        service=decision.service,
        gate=decision.gate,
        gate_version=decision.gate_version,
        from_stage=decision.from_stage,
        to_stage=decision.to_stage,
        evaluation=str(decision.evaluation_id),
        verdict=frozen.verdict,
        score=None if frozen.score is None else float(frozen.score),
        criteria=[
            FrozenCriterion(
                id=name,
                outcome=result.outcome,
                reason=result.reason,
                waiver=None if result.waiver is None else result.waiver.id,
            )
            for name, result in frozen.results.items()
        ],
        signatures=decision.frozen.get("signatures"),
        facts_hash=decision.frozen.get("facts_hash"),
        comment=decision.comment,
        decided_by=decision.decided_by,
        board=decision.board,
        votes=None
        if decision.votes is None
        else [CountedVote.model_validate(vote) for vote in decision.votes],
        decided_at=decision.decided_at,
        statement=decision.statement,
        delivery=delivery.state,
        delivery_attempts=delivery.attempts,
        delivery_reason=delivery.reason,
    )
