"""Vendor candidates on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from catalog_api.candidates.rules import CandidateState
from shared.kit.patches import absent
from shared.schemas.common import Key, LongText, NonBlank, Out, ShortText, Wire

Reason = Annotated[NonBlank, Field(examples=["Best on availability, fair price"])]
Product = Annotated[
    Key | None, Field(description="key of the vendor product it is, if the catalog has it")
]


class CandidateCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Hosted mail", "vendor": "Postbox AG"}]}
    )

    name: Annotated[ShortText, Field(examples=["Hosted mail"])]
    vendor: Annotated[ShortText, Field(examples=["Postbox AG"])]
    description: LongText = ""
    vendor_product: Product = None


class CandidatePatch(Wire):
    """The fields to change; those left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"vendor": "Postbox AG"}]})

    name: ShortText = absent()
    vendor: ShortText = absent()
    description: LongText = absent()
    vendor_product: Product = absent()


class ScoreWrite(Wire):
    score: Annotated[int, Field(ge=0, le=5, description="0 does not meet it, 5 meets it fully")]
    reason: LongText = ""


class CandidateDecision(Wire):
    reason: Reason


class ScoreLine(Out):
    """A requirement of the strategy; score and what follows are null while it is not scored."""

    requirement: str
    text: str
    weight: int
    score: int | None
    reason: str | None
    scored_by: str | None
    scored_at: datetime | None


class CandidateOut(Out):
    id: UUID
    service: str
    name: str
    vendor: str
    description: str
    state: CandidateState
    vendor_product: str | None = Field(description="always there once it is selected")
    total: float | None = Field(
        description="weighted mean of the scores, 0 to 5; what is not scored counts 0. Null"
        " without requirements"
    )
    scores: list[ScoreLine] = Field(
        description="against the approved strategy; once decided, as it was then"
    )
    unscored: list[str] = Field(description="requirements that still need a score")
    decision_reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime
