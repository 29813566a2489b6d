"""Signatures on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.schemas.common import Key, LongText, Wire


class SignatureCreate(Wire):
    """`facts_hash` is that of the evaluation the signer has read."""

    criterion: Key
    facts_hash: Annotated[
        str,
        StringConstraints(pattern="^[0-9a-f]{64}$"),
        Field(description="`facts_hash` of the evaluation, 64 hex digits", examples=["0f" * 32]),
    ]
    delegation: UUID | None = Field(
        None, description="the delegation by which you sign in its delegator's place; absent: none"
    )


class SignatureWithdraw(Wire):
    """Take back your signature, before the decision."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The plan has changed"}]})

    reason: LongText = ""
