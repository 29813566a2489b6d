"""Deciding at a gate: check, freeze, sign, log, and have it delivered, all in one transaction."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID, uuid4

from improvement_api.decisions.keys import DecisionKeys
from improvement_api.decisions.queries import (
    insert_decision,
    insert_delivery,
    insert_log_entry,
    insert_rejection,
    lock_log,
)
from improvement_api.decisions.rules import (
    DeliveryState,
    check_no_board,
    check_second_person,
    check_stage,
    check_verdict,
    next_entry,
)
from improvement_api.decisions.schemas import DecisionCreate
from improvement_api.decisions.statements import claims_of, said_of, signatures_said
from improvement_api.decisions.tables import (
    BoardRejection,
    Decision,
    DecisionDelivery,
    DecisionLogEntry,
)
from improvement_api.evaluations.queries import (
    ASSESSMENT,
    ReadEvaluation,
    lock_standing,
    read_evaluation,
)
from improvement_api.evaluations.rules import check_open
from improvement_api.gates.rules import stages_of
from improvement_api.signatures.rules import check_person
from shared.errors import Invalid, NotFound, Unavailable
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.jobs import enqueue
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate

DELIVER = "deliver_decision"


async def decide(
    session: Session,
    place: tuple[str, Gate],
    body: DecisionCreate,
    caller: Principal,
    stage_now: Stage | None,
    keys: DecisionKeys,
) -> tuple[Decision, DecisionDelivery]:
    """Decide at `place` (service, gate); of two at once exactly one gets through.

    `stage_now` is what the catalog says; None: it cannot be reached, then the stage that the
    evaluation saw counts, and the catalog itself refuses a decision from another one.
    """
    service, gate = place
    await lock_standing(session, service, gate)
    read = await _evaluation_at(session, place, body.evaluation)
    check_no_board(read.definition.board)
    role = read.definition.decided_by
    assert role is not None, "a gate without a board names a role"
    check_person(
        kind=caller.kind,
        acting_for=caller.on_behalf_of,
        roles=caller.roles,
        role=role,
        act="decide",
    )
    check_open(read.standing)
    check_verdict(read.assessment, read.definition.criteria)
    check_second_person(caller.subject, read.signers)
    ruling = Ruling(decided_by=caller.subject, comment=body.comment)
    return await let_through(session, read, stage_now, ruling, caller, keys)


@dataclass(frozen=True)
class Ruling:
    """Who has decided: a person with a comment, or a board by the votes that counted."""

    decided_by: str
    comment: str = ""
    board: str | None = None
    votes: list[dict[str, str]] | None = None


async def let_through(
    session: Session,
    read: ReadEvaluation,
    stage_now: Stage | None,
    ruling: Ruling,
    caller: Principal,
    keys: DecisionKeys,
) -> tuple[Decision, DecisionDelivery]:
    """Keep the decision on an evaluation that may be decided; the caller holds the gate's lock."""
    from_stage = stage_now or read.row.stage
    if from_stage is None:
        raise Unavailable("catalog-api cannot be asked at which stage the service is")
    check_stage(read.row.gate, from_stage)
    decision = _decision(read, from_stage, ruling, keys)
    await insert_decision(session, decision)
    await _log(session, decision)
    delivery = await _deliver(session, decision)
    await record(session, caller, "decided", ("service", decision.service), None, _facts(decision))
    return decision, delivery


async def turn_down(
    session: Session,
    read: ReadEvaluation,
    board: str,
    votes: list[dict[str, str]],
    caller: Principal,
) -> BoardRejection:
    """Keep that a board has rejected an evaluation, which nobody can decide any more."""
    rejection = BoardRejection(
        id=uuid4(),
        evaluation_id=read.row.id,
        board=board,
        votes=votes,
        frozen=_frozen(read),
        rejected_at=read.as_of,
    )
    await insert_rejection(session, rejection)
    await _log(session, rejection)
    after = {"evaluation": str(read.row.id), "gate": read.row.gate, "board": board}
    await record(session, caller, "rejected", ("service", read.row.service), None, after)
    return rejection


async def _evaluation_at(
    session: Session, place: tuple[str, Gate], evaluation_id: UUID
) -> ReadEvaluation:
    """The evaluation, if it is one of this service at this gate; 422 otherwise."""
    try:
        read = await read_evaluation(session, evaluation_id, now())
    except NotFound:
        read = None
    if read is None or (read.row.service, read.row.gate) != place:
        raise Invalid(
            f"{evaluation_id} is no evaluation of {place[0]} at {place[1].value}",
            code="unknown_evaluation",
            pointer="/evaluation",
        )
    return read


def _decision(
    read: ReadEvaluation, from_stage: Stage, ruling: Ruling, keys: DecisionKeys
) -> Decision:
    decision = Decision(
        id=uuid4(),
        service=read.row.service,
        gate=read.row.gate,
        gate_version=read.row.gate_version,
        from_stage=from_stage,
        to_stage=stages_of(read.row.gate)[1],
        evaluation_id=read.row.id,
        frozen=_frozen(read),
        comment=ruling.comment,
        decided_at=read.as_of,
        decided_by=ruling.decided_by,
        board=ruling.board,
        votes=ruling.votes,
    )
    decision.statement = keys.sign(claims_of(decision))
    return decision


def _frozen(read: ReadEvaluation) -> dict[str, Any]:
    """The verdict with all outcomes, and whose signatures on which facts stand behind it."""
    return {
        **ASSESSMENT.dump_python(read.assessment, mode="json"),
        "facts_hash": read.row.facts_hash,
        "signatures": signatures_said(read.signatures, read.as_of),
    }


async def _log(session: Session, subject: Decision | BoardRejection) -> None:
    """Append the entry; from there on until the commit nobody else can append one."""
    last = await lock_log(session)
    link = next_entry(None if last is None else (last.seq, last.hash), said_of(subject))
    decided = isinstance(subject, Decision)
    entry = DecisionLogEntry(
        **asdict(link),
        decision_id=subject.id if decided else None,
        rejection_id=None if decided else subject.id,
    )
    await insert_log_entry(session, entry)


async def _deliver(session: Session, decision: Decision) -> DecisionDelivery:
    delivery = DecisionDelivery(
        decision_id=decision.id,
        state=DeliveryState.PENDING,
        attempts=0,
        reason=None,
        updated_at=decision.decided_at,
    )
    await insert_delivery(session, delivery)
    # One after the other, so that the catalog gets the decisions on a service in their order.
    lock = f"deliver:{decision.service}"
    await enqueue(session, DELIVER, {"decision": str(decision.id)}, lock=lock)
    return delivery


def _facts(decision: Decision) -> dict[str, Any]:
    return {
        "decision": str(decision.id),
        "gate": decision.gate,
        "gate_version": decision.gate_version,
        "from_stage": decision.from_stage,
        "to_stage": decision.to_stage,
        "evaluation": str(decision.evaluation_id),
        "verdict": decision.frozen["verdict"],
        "board": decision.board,
    }
