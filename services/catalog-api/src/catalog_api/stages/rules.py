"""Which stage follows which through which gate, and what a tollgate decision must say."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.errors import Conflict
from shared.schemas.catalog import Stage
from shared.schemas.common import Key, Storable
from shared.schemas.improvement import Gate

DECISION_TYPE = "tollgate-decision+jwt"
SIGNATURE_ALGORITHMS = ("EdDSA", "Ed25519")
CLOCK_SKEW_SECONDS = 60  # between improvement-api's clock and ours


class Phase(StrEnum):
    PIPELINE = "pipeline"
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True)
class Move:
    """A stage change and the gate that stands at it."""

    gate: Gate
    from_stage: Stage
    to_stage: Stage


_PHASES = {
    Stage.STRATEGY: Phase.PIPELINE,
    Stage.DESIGN: Phase.PIPELINE,
    Stage.TRANSITION: Phase.LIVE,
    Stage.OPERATE: Phase.LIVE,
    Stage.IMPROVE: Phase.LIVE,
    Stage.RETIREMENT: Phase.RETIRED,
}

MOVES = (
    Move(Gate.STRATEGY_TO_DESIGN, Stage.STRATEGY, Stage.DESIGN),
    Move(Gate.DESIGN_TO_TRANSITION, Stage.DESIGN, Stage.TRANSITION),
    Move(Gate.TRANSITION_TO_OPERATE, Stage.TRANSITION, Stage.OPERATE),
    Move(Gate.OPERATE_TO_IMPROVE, Stage.OPERATE, Stage.IMPROVE),
    Move(Gate.IMPROVE_TO_OPERATE, Stage.IMPROVE, Stage.OPERATE),
    *(
        Move(Gate.TO_RETIREMENT, stage, Stage.RETIREMENT)
        for stage in Stage
        if stage is not Stage.RETIREMENT
    ),
)


def phase_of(stage: Stage) -> Phase:
    return _PHASES[stage]


def is_live(stage: Stage) -> bool:
    """Live services are in transition, operate or improve."""
    return phase_of(stage) is Phase.LIVE


def moves_from(stage: Stage) -> list[Move]:
    """Every move that is possible from a stage, the way forward first."""
    return [move for move in MOVES if move.from_stage is stage]


def move_between(from_stage: Stage, to_stage: Stage) -> Move | None:
    """The move between two stages; None when no gate leads there."""
    for move in moves_from(from_stage):
        if move.to_stage is to_stage:
            return move
    return None


def check_not_retired(service: str, stage: Stage, act: str) -> None:
    """Nothing new is tied to a service that is in retirement (409)."""
    if phase_of(stage) is Phase.RETIRED:
        raise Conflict(
            f"{service} is in retirement: it can no longer {act}",
            code="service_retired",
            stage=stage,
            allowed=[one.value for one in Stage if phase_of(one) is not Phase.RETIRED],
        )


class Decision(BaseModel):
    """The verified claims of a tollgate decision; it has no expiry, its id works once."""

    model_config = ConfigDict(frozen=True, strict=True)

    id: Annotated[
        str, StringConstraints(min_length=1, max_length=200), Storable, Field(alias="jti")
    ]
    issuer: str = Field(alias="iss")
    issued_at: Annotated[int, Field(alias="iat", ge=0, lt=7_258_118_400)]  # before the year 2200
    service: Key
    gate: Annotated[Gate, Field(strict=False)]
    gate_version: Annotated[int, Field(ge=1, lt=2**31)]
    from_stage: Annotated[Stage, Field(strict=False)]
    to_stage: Annotated[Stage, Field(strict=False)]
    evaluation: Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
    decided_by: Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]


class InvalidDecision(Exception):
    """The statement is no decision of the tollgate; the message says why."""


def read_decision(statement: str, keys: KeySet, issuer: str) -> Decision:
    """Verify a compact JWS (RFC 7515) and its claims; raises InvalidDecision with the reason."""
    try:
        signed = jws.deserialize_compact(statement, keys, list(SIGNATURE_ALGORITHMS))
        claims = json.loads(signed.payload)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidDecision(
            f"it is not signed by a key of the tollgate ({_reason(error)})"
        ) from error
    if signed.headers().get("typ") != DECISION_TYPE:
        raise InvalidDecision(f"its header `typ` is not {DECISION_TYPE}")
    try:
        decision = Decision.model_validate(claims)
    except ValidationError as error:
        names = ", ".join(".".join(map(str, found["loc"])) for found in error.errors())
        raise InvalidDecision(f"claims are missing or malformed: {names or 'all'}") from error
    if decision.issuer != issuer:
        raise InvalidDecision(f"its issuer is not {issuer}")
    return decision


def _reason(error: Exception) -> str:
    """One printable line: libraries quote parts of what was sent."""
    return str(error).encode("ascii", "replace").decode().split("\n")[0][:200] or "malformed"


def why_not(
    decision: Decision,
    service: str,
    stage: Stage,
    to_stage: Stage | None = None,
    since: datetime | None = None,
) -> str | None:
    """Why a verified decision does not move this service from this stage; None when it does.

    `to_stage` is where the caller wants it to go, if they said so; `since` is when the service came
    to its stage, if it was not always there. A decision that was not used at its time is not good
    for a later stay at the same stage: that is not what was looked at.
    """
    if decision.service != service:
        return f"it was made for the service {decision.service}"
    if decision.from_stage is not stage:
        return f"it was made at stage {decision.from_stage}, and the service is at {stage}"
    if since is not None and decision.issued_at < since.timestamp() - CLOCK_SKEW_SECONDS:
        return f"it was made before the service came to {stage}, at {since.isoformat()}"
    if to_stage not in (None, decision.to_stage):
        return f"it leads to {decision.to_stage}, and {to_stage} was asked for"
    move = move_between(decision.from_stage, decision.to_stage)
    if move is None or move.gate is not decision.gate:
        return (
            f"the gate {decision.gate} does not lead"
            f" from {decision.from_stage} to {decision.to_stage}"
        )
    return None
