"""Votes on the wire."""

from datetime import datetime

from pydantic import ConfigDict, Field

from improvement_api.votes.rules import Choice, Result
from shared.schemas.common import LongText, Out, Wire


class VoteCast(Wire):
    """Your vote on an evaluation that stands; it cannot be changed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"choice": "approve", "comment": "Well prepared"}]}
    )

    choice: Choice
    comment: LongText = ""


class VoteOut(Out):
    voter: str
    choice: Choice
    comment: str
    voted_at: datetime


class BallotOut(Out):
    """The votes on an evaluation and what has come of them."""

    evaluation: str
    board: str
    result: Result
    votes: list[VoteOut] = Field(description="all that were cast, in order")
    decision: str | None = Field(description="the decision that the board has made")
    rejection: str | None = Field(description="the board's no: to go on, evaluate again")


class CastOut(BallotOut):
    """The same after your vote, with what the board's members made of it at that moment."""

    counted: int = Field(description="votes of present members who have not signed")
    approve: int
    reject: int
    abstain: int
    needed: int = Field(description="votes that the quorum asks for")
    still_to_vote: list[str] = Field(description="members who can vote and have not")
