"""Settings of metrics-api beside those that every service has."""

from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from METRICS_* variables."""

    model_config = SettingsConfigDict(env_prefix="METRICS_", frozen=True, extra="ignore")

    schema_name: ClassVar[str] = "metrics"
    service_name: ClassVar[str] = "metrics-api"

    port: int = Field(8002, description="port to listen on")
    catalog_event_secret: SecretStr | None = Field(
        None, description="secret with which catalog-api signs the events it delivers"
    )
    catalog_event_secret_before: SecretStr | None = Field(
        None, description="the one before it, valid as well while it is rotated"
    )
    allow_private_pulls: bool = Field(
        False, description="let pulls go to loopback and private addresses"
    )
