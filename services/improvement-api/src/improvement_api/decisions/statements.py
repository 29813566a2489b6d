"""What is said of a decision: in its signed statement, in its entry of the log, of its signatures.

The first two are made from the row alone, the last from those of the signatures, so that verifying
the log can make them again and compare.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from improvement_api.decisions.schemas import FrozenSignature, LogEntryOut
from improvement_api.decisions.tables import BoardRejection, Decision, DecisionLogEntry
from improvement_api.signatures.queries import GivenSignature, signature_out


def claims_of(decision: Decision) -> dict[str, Any]:
    """The claims of the signed statement but its issuer."""
    return {
        "jti": str(decision.id),
        "iat": int(decision.decided_at.timestamp()),
        "service": decision.service,
        "gate": decision.gate.value,
        "gate_version": decision.gate_version,
        "from_stage": decision.from_stage.value,
        "to_stage": decision.to_stage.value,
        "evaluation": str(decision.evaluation_id),
        "decided_by": decision.decided_by,
    }


def said_of(subject: Decision | BoardRejection) -> dict[str, Any]:
    """What the log says of a decision or a rejection."""
    return _of_decision(subject) if isinstance(subject, Decision) else _of_rejection(subject)


def _of_decision(decision: Decision) -> dict[str, Any]:
    said = {
        "decision": str(decision.id),
        "decided_at": decision.decided_at.isoformat(),
        "frozen": decision.frozen,
        "comment": decision.comment,
        "statement": decision.statement,
    }
    # Decisions before there were boards have no such members, nor have those of single persons.
    board = {} if decision.board is None else {"board": decision.board, "votes": decision.votes}
    return said | board


def _of_rejection(rejection: BoardRejection) -> dict[str, Any]:
    return {
        "rejection": str(rejection.id),
        "rejected_at": rejection.rejected_at.isoformat(),
        "evaluation": str(rejection.evaluation_id),
        "frozen": rejection.frozen,
        "board": rejection.board,
        "votes": rejection.votes,
    }


def signatures_said(given: Iterable[GivenSignature], at: datetime) -> list[dict[str, Any]]:
    """Of an evaluation's signatures those that counted when it was decided, as that froze them."""
    counting = (signature_out(one, at) for one in given if one.counts(at))
    return [FrozenSignature.model_validate(one).model_dump(mode="json") for one in counting]


def entry_out(row: DecisionLogEntry) -> LogEntryOut:
    """An entry of the log as it is shown."""
    return LogEntryOut(
        seq=row.seq,
        decision=None if row.decision_id is None else str(row.decision_id),
        rejection=None if row.rejection_id is None else str(row.rejection_id),
        entry=row.entry,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
