"""The knobs of improvement-api."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from the environment with the prefix IMPROVEMENT_."""

    model_config = SettingsConfigDict(env_prefix="IMPROVEMENT_", frozen=True, extra="ignore")

    schema_name: ClassVar[str] = "improvement"
    service_name: ClassVar[str] = "improvement-api"

    port: int = Field(8003, description="port to listen on")
    decision_key_file: Path | None = Field(
        None, description="private Ed25519 JWK that signs decisions; without it none can be made"
    )
    retired_decision_keys_file: Path | None = Field(
        None, description="JWKS of former public keys, still published for old decisions"
    )
    decision_issuer: str = Field(
        "urn:tollgate:improvement-api", description="`iss` of the decisions"
    )
    fact_deadline: timedelta = Field(
        timedelta(seconds=5), description="limit of one question for facts, retries included"
    )
    metrics_event_secret: SecretStr | None = Field(
        None, description="secret with which metrics-api signs the events it delivers"
    )
    metrics_event_secret_before: SecretStr | None = Field(
        None, description="the one before it, valid as well while it is rotated"
    )
    public_url: str | None = Field(
        None, description="URL under which people reach this service; links in what it writes"
    )
    github_webhook_secret: SecretStr | None = Field(
        None, description="secret with which GitHub signs its webhooks"
    )
    github_webhook_secret_before: SecretStr | None = Field(
        None, description="the one before it, valid as well while it is rotated"
    )
    github_app_id: str | None = Field(
        None, description="client id (or app id) of the GitHub App that protects deployments"
    )
    github_app_key_file: Path | None = Field(
        None, description="private RSA key (PEM) of that app, as GitHub gives it"
    )
    github_api_url: str = Field(
        "https://api.github.com",
        description="API of GitHub; of an Enterprise Server https://HOST/api/v3",
    )
    business_case_approver_role: str = Field(
        "portfolio_manager", description="role whose holders decide on business cases"
    )
    rca_due: timedelta = Field(
        timedelta(days=5),
        description="within which a major incident's root cause is found, from its resolution on",
    )
    major_incident_reach: timedelta = Field(
        timedelta(days=730),
        description="how far back major incidents need an analysis, by their opening",
    )
    feedback_reach: timedelta = Field(
        timedelta(days=730), description="how far back surveys' comments are taken in at first"
    )

    @field_validator("github_api_url")
    @classmethod
    def _secure(cls, url: str) -> str:
        """Tokens and answers go there: in the clear to this machine only."""
        parts = urlsplit(url)
        loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
            raise ValueError("must be an https URL")
        return url.rstrip("/")
