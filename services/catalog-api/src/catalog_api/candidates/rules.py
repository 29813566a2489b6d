"""How well a vendor's product meets a strategy's requirements, and when it may be chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


class CandidateState(StrEnum):
    OPEN = "open"
    SELECTED = "selected"
    REJECTED = "rejected"


MOVES: Mapping[CandidateState, tuple[CandidateState, ...]] = {
    CandidateState.OPEN: (CandidateState.SELECTED, CandidateState.REJECTED),
    CandidateState.SELECTED: (),
    CandidateState.REJECTED: (),
}


@dataclass(frozen=True)
class Assessment:
    """The requirements with their scores, and what they come to.

    `total` is the weighted mean 0 to 5, to four places; what is not scored yet counts 0, so it
    can only grow. None when there is no requirement.
    """

    lines: tuple[dict[str, Any], ...]
    unscored: tuple[str, ...]
    total: Decimal | None


def assess(
    requirements: Sequence[Mapping[str, Any]], scores: Mapping[str, Mapping[str, Any]]
) -> Assessment:
    """Requirements ({id, text, weight}) with the scores ({score, reason, …}) given by their id.

    Scores of requirements that the strategy no longer has are left out.
    """
    lines = tuple(
        {
            "requirement": requirement["id"],
            "text": requirement["text"],
            "weight": requirement["weight"],
            **{
                field: scores.get(requirement["id"], {}).get(field)
                for field in ("score", "reason", "scored_by", "scored_at")
            },
        }
        for requirement in requirements
    )
    unscored = tuple(line["requirement"] for line in lines if line["score"] is None)
    weight = sum(line["weight"] for line in lines)
    points = sum(line["weight"] * (line["score"] or 0) for line in lines)
    total = (Decimal(points) / weight).quantize(Decimal("0.0001")) if weight else None
    return Assessment(lines, unscored, total)
