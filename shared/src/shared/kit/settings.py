"""Settings that every service has; each service subclasses this with its own knobs and prefix."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DATABASE_URL_FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"


class TrustedIssuer(BaseModel):
    """An issuer whose tokens are accepted.

    `subject` pins an issuer to one subject (a service that signs for itself), `scopes` caps
    what its tokens may carry, and is what they carry where they name none. An issuer that speaks
    for strangers too, as those of GitHub and GitLab do, must be narrowed by `claims`.
    """

    model_config = ConfigDict(frozen=True)

    issuer: str
    jwks: str = Field(description="URL or path of the issuer's JWKS")
    subject: str | None = None
    scopes: frozenset[str] | None = None
    claims: dict[str, str] = Field(
        default_factory=dict, description="claims that its tokens must carry, with these values"
    )


class Subscriber(BaseModel):
    """A subscriber that is always there: another of our services."""

    model_config = ConfigDict(frozen=True)

    name: str
    url: str
    secret: SecretStr
    types: list[str] = Field(default_factory=list, description="event types; empty means all")
    batch: int = Field(1, ge=1, le=500, description="events a request that it takes at most")


class ServiceSettings(BaseSettings):
    """Read once, by the entry point; never at import, so that the contract needs no environment."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    schema_name: ClassVar[str]
    service_name: ClassVar[str]
    # Of every session with PostgreSQL, beside the plumbing's own.
    server_settings: ClassVar[Mapping[str, str]] = {}

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, description="port to listen on")
    database_url: SecretStr = Field(
        SecretStr("postgresql://localhost/tollgate"),
        description="URL of the runtime role; it owns no table",
    )
    database_pool_size: int = Field(10, description="connections kept open")
    database_pool_overflow: int = Field(10, description="connections above that under load")
    statement_timeout: timedelta = Field(
        timedelta(seconds=30), description="limit of one SQL statement"
    )

    audience: str = Field("tollgate", description="`aud` that tokens must carry")
    trusted_issuers: tuple[TrustedIssuer, ...] = Field((), description="JSON list of issuers")
    identity_key_file: Path | None = Field(
        None, description="private JWK with which this service signs its own tokens"
    )
    identity_issuer: str | None = Field(None, description="`iss` of the tokens signed with it")
    token_url: str | None = Field(None, description="token endpoint for client credentials")
    client_id: str | None = Field(None, description="client id at the token endpoint")
    client_secret: SecretStr | None = Field(None, description="client secret at the token endpoint")

    catalog_url: str = Field("http://127.0.0.1:8001", description="base URL of catalog-api")
    metrics_url: str = Field("http://127.0.0.1:8002", description="base URL of metrics-api")
    remote_timeout: timedelta = Field(
        timedelta(seconds=2), description="deadline of one call to another service"
    )

    subscribers: tuple[Subscriber, ...] = Field((), description="JSON list of built-in subscribers")
    allow_private_subscribers: bool = Field(
        False, description="let webhooks go to loopback and private addresses"
    )

    cors_origins: tuple[str, ...] = Field(
        (), description="JSON list of the origins whose web pages may call from a browser"
    )
    metrics_open: bool = Field(False, description="serve /metrics without a token")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_format: str = Field("json", description="json or console")

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, url: SecretStr) -> SecretStr:
        try:
            ours = make_url(url.get_secret_value()).get_backend_name() in {"postgresql", "postgres"}
        except (ArgumentError, ValueError):
            ours = False
        if not ours:
            raise ValueError(f"write {DATABASE_URL_FORM}")
        return url
