"""Signatures on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.schemas.common import Key, Wire


class SignatureCreate(Wire):
    """`facts_hash` is that of the evaluation the signer has read."""

    criterion: Key
    facts_hash: Annotated[
        str,
        StringConstraints(pattern="^[0-9a-f]{64}$"),
        Field(description="`facts_hash` of the evaluation, 64 hex digits", examples=["0f" * 32]),
    ]
