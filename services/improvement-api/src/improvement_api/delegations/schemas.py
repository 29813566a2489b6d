"""Delegations on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from improvement_api.delegations.rules import DelegationState
from improvement_api.gates.rules import Role
from shared.schemas.catalog import Subject
from shared.schemas.common import Key, LongText, Out, ShortText, Timestamp, Wire
from shared.schemas.improvement import Gate


class DelegationCreate(Wire):
    """Let a named person sign for a role that you hold, for a time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "role": "service_owner",
                    "delegate": "bob@example.org",
                    "service": "network-infrastructure",
                    "valid_from": "2027-07-01T00:00:00Z",
                    "valid_until": "2027-07-15T00:00:00Z",
                    "reason": "I am on leave",
                }
            ]
        }
    )

    role: Role
    delegate: Subject
    service: Annotated[Key | None, Field(description="absent: for every service")] = None
    gate: Annotated[Gate | None, Field(description="absent: at every gate")] = None
    valid_from: Annotated[Timestamp | None, Field(description="absent: from now on")] = None
    valid_until: Timestamp
    reason: ShortText


class DelegationRevoke(Wire):
    """End a delegation before its time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Back early"}]})

    reason: LongText = ""


class DelegationOut(Out):
    """A delegation: while `valid`, its delegate can sign in place of its delegator."""

    id: str
    role: str
    delegator: str = Field(description="who held the role and gave the delegation")
    delegate: str
    service: str | None = Field(description="null: every service")
    gate: Gate | None = Field(description="null: every gate")
    valid_from: datetime
    valid_until: datetime
    reason: str
    state: DelegationState = Field(description="now")
    created_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
