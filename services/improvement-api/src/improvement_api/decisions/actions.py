"""Deciding at a gate: check, freeze, sign, log, and have it delivered, all in one transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from improvement_api.decisions.keys import DecisionKeys
from improvement_api.decisions.queries import insert_decision, lock_log
from improvement_api.decisions.rules import (
    DeliveryState,
    check_second_person,
    check_stage,
    check_verdict,
    next_entry,
)
from improvement_api.decisions.schemas import DecisionCreate
from improvement_api.decisions.tables import Decision, DecisionDelivery, DecisionLogEntry
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
    check_person(
        kind=caller.kind,
        acting_for=caller.on_behalf_of,
        roles=caller.roles,
        role=read.definition.decided_by,
        act="decide",
    )
    check_open(read.standing)
    check_verdict(read.assessment)
    check_second_person(caller.subject, {one.signed_by for one in read.signatures})
    from_stage = stage_now or read.row.stage
    if from_stage is None:
        raise Unavailable("catalog-api cannot be asked at which stage the service is")
    check_stage(gate, from_stage)
    decision = _decision(read, from_stage, body, caller, keys)
    return decision, await _keep(session, decision, caller)


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
    read: ReadEvaluation,
    from_stage: Stage,
    body: DecisionCreate,
    caller: Principal,
    keys: DecisionKeys,
) -> Decision:
    decision_id, at = uuid4(), now()
    claims = {
        "jti": str(decision_id),
        "iat": int(at.timestamp()),
        "service": read.row.service,
        "gate": read.row.gate.value,
        "gate_version": read.row.gate_version,
        "from_stage": from_stage.value,
        "to_stage": stages_of(read.row.gate)[1].value,
        "evaluation": str(read.row.id),
        "decided_by": caller.subject,
    }
    return Decision(
        id=decision_id,
        service=read.row.service,
        gate=read.row.gate,
        gate_version=read.row.gate_version,
        from_stage=from_stage,
        to_stage=stages_of(read.row.gate)[1],
        evaluation_id=read.row.id,
        frozen=ASSESSMENT.dump_python(read.assessment, mode="json"),
        comment=body.comment,
        decided_at=at,
        decided_by=caller.subject,
        statement=keys.sign(claims),
    )


async def _keep(session: Session, decision: Decision, caller: Principal) -> DecisionDelivery:
    last = await lock_log(session)
    statement = {
        "decision": str(decision.id),
        "decided_at": decision.decided_at.isoformat(),
        "frozen": decision.frozen,
        "comment": decision.comment,
        "statement": decision.statement,
    }
    seq, entry, prev_hash, own_hash = next_entry(
        None if last is None else (last.seq, last.hash), statement
    )
    delivery = _pending(decision.id, decision.decided_at)
    await insert_decision(
        session,
        decision,
        DecisionLogEntry(
            seq=seq, decision_id=decision.id, entry=entry, prev_hash=prev_hash, hash=own_hash
        ),
        delivery,
    )
    await record(session, caller, "decided", ("service", decision.service), None, _facts(decision))
    # One after the other, so that the catalog gets the decisions on a service in their order.
    lock = f"deliver:{decision.service}"
    await enqueue(session, DELIVER, {"decision": str(decision.id)}, lock=lock)
    return delivery


def _pending(decision_id: UUID, at: datetime) -> DecisionDelivery:
    return DecisionDelivery(
        decision_id=decision_id,
        state=DeliveryState.PENDING,
        attempts=0,
        reason=None,
        updated_at=at,
    )


def _facts(decision: Decision) -> dict[str, Any]:
    return {
        "decision": str(decision.id),
        "gate": decision.gate,
        "gate_version": decision.gate_version,
        "from_stage": decision.from_stage,
        "to_stage": decision.to_stage,
        "evaluation": str(decision.evaluation_id),
        "verdict": decision.frozen["verdict"],
    }
