"""Attached documents on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from shared.schemas.common import Key, Out, ShortText, Storable, Wire
from shared.schemas.improvement import Gate

DocumentUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000),
    Storable,
    Field(examples=["https://wiki.example.org/design-package"]),
]


class EvidenceCreate(Wire):
    """A reference to a document: this service keeps where it is, not the document."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "criterion": "business-case",
                    "title": "Business case of the new gateway",
                    "url": "https://wiki.example.org/business-case",
                }
            ]
        }
    )

    criterion: Key
    title: ShortText
    url: DocumentUrl


class EvidenceOut(Out):
    id: str
    service: str
    gate: Gate
    criterion: str
    title: str
    url: str
    attached_at: datetime
    attached_by: str
