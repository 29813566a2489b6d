"""Owners with their history."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.schemas.catalog import OwnerAssignment
from shared.schemas.common import Out

OwnerList = Annotated[
    list[OwnerAssignment],
    Field(
        max_length=50,
        examples=[[{"role": "service_owner", "subject": "ada@example.org"}]],
    ),
]


class OwnershipOut(Out):
    """A person in a role; `valid_to` is null while it lasts."""

    id: UUID
    role: str
    subject: str
    valid_from: datetime
    valid_to: datetime | None
