"""Prometheus servers on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from metrics_api.slis.schemas import ObjectKey
from shared.kit.patches import absent
from shared.kit.webhook_targets import RefusedTarget, parse_target
from shared.schemas.common import Out, ShortText, Wire


def _a_target(url: str) -> str:
    try:
        parse_target(url)
    except RefusedTarget as refusal:
        raise ValueError(str(refusal)) from None
    return url.rstrip("/")


Url = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_a_target),
    Field(description="up to where /api/v1 begins", examples=["https://prometheus.example.org"]),
]
Token = Annotated[SecretStr, Field(max_length=4000, description="bearer token; never shown")]


class ServerCreate(Wire):
    key: ObjectKey
    name: ShortText
    url: Url
    token: Token | None = None


class ServerPatch(Wire):
    """The fields to change; a null token takes it away. A new URL needs its token beside it."""

    name: ShortText = absent()
    url: Url = absent()
    token: Token | None = absent()
    active: bool = absent()


class ServerOut(Out):
    key: str
    name: str
    url: str
    has_token: bool
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class QueryOut(Out):
    """How the queries of an SLI fare."""

    sli: str
    server: str | None
    queried_until: datetime | None = Field(description="the last moment that was answered")
    last_run_at: datetime | None
    last_error: str | None
    failures: int = Field(description="in a row; 0: the last round succeeded")
