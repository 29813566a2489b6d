"""What follows from what was sent of a record, kind by kind. Pure.

`sent` is what all versions together say, `moves` are the transitions up to the end state.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from metrics_api.incidents.rules import RESOLVED, Transition, reopened
from metrics_api.intake.updates import given
from metrics_api.intake.words import name_of
from metrics_api.records.fields import (
    ChangeIn,
    InfrastructureEventIn,
    OutageIn,
    RequestIn,
    Score,
    SurveyIn,
)
from metrics_api.sources.rules import folded

Moves = Sequence[Transition]
Sent = datetime | UnsetType | None

CANCELLED = "cancelled"
ENDED = RESOLVED | {CANCELLED}
OUTCOMES = frozenset({"successful", "failed", "rolled_back"})
SCORES = {"csat": range(1, 6), "nps": range(11)}
_DIGITS = re.compile(r"[0-9]{1,2}")
_GAPS = re.compile(r"[\s-]+")


class Survey(NamedTuple):
    """`kind` is csat, nps or None; `score` is None where there is none that counts."""

    kind: str | None
    score: int | None


def request(sent: RequestIn, state: str | None, moves: Moves) -> dict[str, Any]:
    """The columns of a request."""
    fulfilled_at = finished(sent.fulfilled_at, state, moves)
    return {
        "opened_at": given(sent.opened_at),
        "due_at": given(sent.due_at),
        "started_at": given(sent.started_at),
        "fulfilled_at": fulfilled_at,
        "ended_at": request_end(sent, fulfilled_at, state, moves),
        "met": met(given(sent.met), given(sent.due_at), fulfilled_at),
        "offering": name_of(given(sent.offering)),
        "requester": name_of(given(sent.requester)),
        "low_value": given(sent.low_value),
        "steps": msgspec.to_builtins(sent.steps) if sent.steps else given(sent.steps),
        "reopened": reopened(moves),
        "reassignment_count": given(sent.reassignment_count),
    }


def change(sent: ChangeIn, state: str | None, moves: Moves) -> dict[str, Any]:
    """The columns of a change, its risk apart."""
    return {
        "opened_at": given(sent.opened_at),
        "planned_start_at": given(sent.planned_start_at),
        "planned_end_at": given(sent.planned_end_at),
        "started_at": given(sent.started_at),
        "completed_at": finished(sent.completed_at, state, moves),
        "outcome": outcome(given(sent.outcome), state),
        "emergency": is_emergency(sent),
    }


def outage(sent: OutageIn, state: str | None, moves: Moves) -> dict[str, Any]:
    """The columns of an outage."""
    return {
        "started_at": given(sent.started_at),
        "ended_at": outage_end(given(sent.ended_at), state, moves),
        "planned": sent.planned is True,
        "degraded": sent.degraded is True,
        "caused_by": name_of(given(sent.caused_by)),
    }


def survey(sent: SurveyIn, state: str | None, moves: Moves) -> dict[str, Any]:
    """The columns of a survey."""
    read = answer(given(sent.kind), given(sent.score))
    return {
        "kind": read.kind,
        "sent_at": given(sent.sent_at),
        "answered_at": given(sent.answered_at),
        "score": read.score,
        "comment": given(sent.comment),
        "about": name_of(given(sent.about)),
    }


def infrastructure_event(
    sent: InfrastructureEventIn, state: str | None, moves: Moves
) -> dict[str, Any]:
    """The columns of an infrastructure event."""
    return {
        "occurred_at": given(sent.occurred_at),
        "cleared_at": outage_end(given(sent.cleared_at), state, moves),
        "severity": name_of(given(sent.severity)),
        "component": name_of(given(sent.component)),
    }


def finished(sent: Sent, state: str | None, moves: Moves) -> datetime | None:
    """When a request was fulfilled or a change completed, as rule 3 has it for incidents.

    The tool's own stamp where it sends that field, else the last transition into resolved or
    closed; none while the end state is another one. A tool that sends no states is believed.
    """
    if state is not None and state not in RESOLVED:
        return None
    if sent is UNSET:
        return moves[-1].at if state in RESOLVED else None
    return given(sent)  # type: ignore[no-any-return]


def request_end(
    sent: RequestIn, fulfilled_at: datetime | None, state: str | None, moves: Moves
) -> datetime | None:
    """Fulfilled or given up: the tool's stamp, else that of the fulfilment or the cancellation."""
    if state is not None and state not in ENDED:
        return None
    if sent.ended_at is not UNSET:
        return sent.ended_at
    return moves[-1].at if state == CANCELLED else fulfilled_at


def met(sent: bool | None, due_at: datetime | None, fulfilled_at: datetime | None) -> bool | None:
    """What the tool says, else whether it was fulfilled when it was due; None until it is."""
    if fulfilled_at is None:
        return None
    if sent is None and due_at is not None:
        return fulfilled_at <= due_at
    return sent


def outage_end(sent: datetime | None, state: str | None, moves: Moves) -> datetime | None:
    """The end of an outage or event: the tool's stamp, else the move that ended it, else open.

    A tool that closes it without a stamp has ended it all the same: it must not be down for ever.
    """
    if sent is None and state in ENDED:
        return moves[-1].at
    return sent


def outcome(words: str | None, state: str | None) -> str | None:
    """How a change ended; a cancelled one has no outcome, an unknown word is none."""
    if words is None or state == CANCELLED:
        return None
    word = _GAPS.sub("_", folded(words))
    return word if word in OUTCOMES else None


def is_emergency(sent: ChangeIn) -> bool:
    """The tool's flag, else its type."""
    if isinstance(sent.emergency, bool):
        return sent.emergency
    return folded(given(sent.type) or "") == "emergency"


def answer(kind: str | None, score: Score | None) -> Survey:
    """A score counts if it is a whole number in the range of a known kind."""
    word = folded(kind) if kind else ""
    if word not in SCORES:
        return Survey(None, None)
    number = _whole(score)
    return Survey(word, number if number in SCORES[word] else None)


def _whole(score: Score | None) -> int | None:
    if isinstance(score, str):
        return int(score) if _DIGITS.fullmatch(score.strip()) else None
    return int(score) if score is not None and score == int(score) else None
