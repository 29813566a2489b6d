"""Moving a service to another stage on a signed tollgate decision, exactly once."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from catalog_api.changes import Change, record_change
from catalog_api.ownership import queries as owner_queries
from catalog_api.ownership import rules as owner_rules
from catalog_api.registry import queries as registry_queries
from catalog_api.stages import queries, rules
from catalog_api.stages.rules import Decision, InvalidDecision, Move
from shared.errors import Conflict, Unavailable
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.catalog import Stage, TransitionRequest


@dataclass(frozen=True)
class Trust:
    """Whose decisions are believed: the issuer, and its JWKS as a path or as JSON."""

    issuer: str
    jwks: str

    def keys(self) -> KeySet:
        """Read anew each time, so that a rotated key needs no restart; 503 without any."""
        try:
            inline = self.jwks.lstrip().startswith("{")
            document = json.loads(self.jwks if inline else Path(self.jwks).read_text())
            return KeySet.import_key_set(document)
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            raise Unavailable(
                "The public keys of tollgate decisions cannot be read: the operator sets"
                " CATALOG_DECISION_JWKS to the JWKS of improvement-api",
                code="decision_keys_unavailable",
            ) from error


async def move_stage(
    session: Session, caller: Principal, key: str, request: TransitionRequest, trust: Trust
) -> tuple[Any, bool]:
    """The transition and whether it happened now; the same decision again moves nothing.

    The locked service row makes simultaneous requests one after the other.
    """
    keys = trust.keys() if request.decision is not None else None
    service = await registry_queries.lock_service(session, key)
    if request.decision is None or keys is None:
        raise _decision_required(_asked_move(service.stage, request.to_stage))
    try:
        decision = rules.read_decision(request.decision, keys, trust.issuer)
    except InvalidDecision as error:
        raise _invalid(str(error), _asked_move(service.stage, request.to_stage)) from error
    made = await queries.transition_by(session, decision.id)
    if made is not None and (made.service, made.to_stage) == (key, decision.to_stage):
        return made, False
    since = await queries.last_moved_at(session, key)
    claimed = Move(decision.gate, decision.from_stage, decision.to_stage)
    reason = (
        "its id was used for another transition"
        if made is not None
        else rules.why_not(decision, key, service.stage, request.to_stage, since)
    )
    if reason is not None:
        raise _invalid(reason, claimed)
    await _refuse_without_owner(session, key, decision.to_stage)
    return await _move(session, caller, decision, request.decision), True


async def _move(session: Session, caller: Principal, decision: Decision, statement: str) -> Any:
    moment = now()
    fields = decision.model_dump(exclude={"id", "issuer", "issued_at", "service"})
    values = {
        **fields,
        "id": uuid4(),
        "service_key": decision.service,
        "decision": decision.id,
        "decided_at": datetime.fromtimestamp(decision.issued_at, UTC),
        "statement": statement,
        "moved_at": moment,
        "moved_by": caller.subject,
        "on_behalf_of": caller.on_behalf_of,
    }
    transition = await queries.insert_transition(session, values)
    stage = {"stage": decision.to_stage}
    await registry_queries.change_service(session, decision.service, stage, moment)
    change = Change(
        "stage_moved",
        {"stage": decision.from_stage},
        stage | {"gate": decision.gate, "decision": decision.id, "decided_by": decision.decided_by},
        "service.stage_changed",
    )
    await record_change(session, caller, decision.service, change)
    return transition


async def _refuse_without_owner(session: Session, key: str, to_stage: Stage) -> None:
    owners = await owner_queries.present_owners(session, key)
    if owner_rules.lacks_service_owner(to_stage, owners):
        raise Conflict(
            f"{key} cannot move to {to_stage} before it has a service_owner",
            code="service_owner_required",
            to_stage=to_stage,
            missing_role=owner_rules.SERVICE_OWNER,
        )


def _asked_move(stage: Stage, to_stage: Stage | None) -> Move:
    """The move that the request is about, the way forward if it names none."""
    possible = rules.moves_from(stage)
    if to_stage is None and possible:
        return possible[0]
    move = rules.move_between(stage, to_stage) if to_stage is not None else None
    if move is None:
        raise Conflict(
            f"No tollgate leads from {stage}" + (f" to {to_stage}" if to_stage else ""),
            code="move_not_allowed",
            from_stage=stage,
            to_stage=to_stage,
            allowed=[vars(one) for one in possible],
        )
    return move


def _decision_required(move: Move) -> Conflict:
    return Conflict(
        f"A service moves from {move.from_stage} to {move.to_stage} only with a passed decision of"
        f" the tollgate {move.gate}: send it as `decision`",
        code="decision_required",
        **vars(move),
        allowed=[vars(one) for one in rules.moves_from(move.from_stage)],
    )


def _invalid(reason: str, move: Move) -> Conflict:
    return Conflict(
        f"The decision does not move this service: {reason}",
        code="decision_invalid",
        **vars(move),
    )
