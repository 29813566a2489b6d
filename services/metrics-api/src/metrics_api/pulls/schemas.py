"""Wire models of pulls."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.kit.webhook_targets import RefusedTarget, parse_target
from shared.schemas.common import Out, ShortText, Storable, Timestamp, Wire


def _reachable(text: str) -> str:
    try:
        url = parse_target(text)
    except RefusedTarget as refused:
        raise ValueError(str(refused)) from None
    if url.query:
        raise ValueError("it must have no query")
    return text.rstrip("/")


def _narrowing(condition: str) -> str:
    if "^NQ" in condition.upper():
        raise ValueError("must only narrow: ^NQ begins another query")
    return condition


Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    Storable,
    Field(json_schema_extra={"writeOnly": True}),
]
Condition = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"^[^\n]+$"),
    Storable,
    AfterValidator(_narrowing),
    Field(
        description="a further condition: an encoded query of ServiceNow, or OQL",
        examples=["active=true"],
    ),
]


class PullPut(Wire):
    """`password` is never shown; left out on a change, the one before stays, at its URL only."""

    url: Annotated[
        str,
        StringConstraints(min_length=1, max_length=500),
        Storable,
        AfterValidator(_reachable),
        Field(examples=["https://instance.service-now.com"]),
    ]
    subject: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$"),
        Field(description="table of ServiceNow, class of iTop", examples=["incident"]),
    ]
    username: ShortText | None = None
    password: Password | None = None
    condition: Condition | None = None
    interval_seconds: Annotated[int, Field(ge=15, le=86_400)] = 300
    page_size: Annotated[int, Field(ge=1, le=1_000)] = 200
    overlap_seconds: Annotated[
        int, Field(ge=1, le=86_400, description="how far before the cursor each run begins")
    ] = 120
    active: bool = True
    since: Annotated[
        Timestamp | None,
        Field(description="fetch what changed from here on; null: go on, or from the beginning"),
    ] = None


class PullOut(Out):
    source: str
    tool: str
    url: str
    subject: str
    username: str | None
    condition: str | None
    interval_seconds: int
    page_size: int
    overlap_seconds: int
    active: bool
    version: int
    cursor_at: datetime | None = Field(description="the newest update that was taken in")
    next_run_at: datetime
    last_run_at: datetime | None
    last_success_at: datetime | None
    last_error: str | None = Field(description="of the last run; null: it succeeded")
    failures: int = Field(description="in a row; each doubles the wait, up to an hour")
    records: int = Field(description="taken in so far, repeats included")
