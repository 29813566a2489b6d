"""Settings of metrics-api beside those that every service has."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from METRICS_* variables."""

    model_config = SettingsConfigDict(env_prefix="METRICS_", frozen=True, extra="ignore")

    schema_name: ClassVar[str] = "metrics"
    service_name: ClassVar[str] = "metrics-api"
    # A plan kept from when the ledger of deltas was empty reads all of it for each piece, and a
    # bulk load fills it in seconds.
    server_settings: ClassVar[Mapping[str, str]] = {"plan_cache_mode": "force_custom_plan"}

    port: int = Field(8002, description="port to listen on")
    catalog_event_secret: SecretStr | None = Field(
        None, description="secret with which catalog-api signs the events it delivers"
    )
    catalog_event_secret_before: SecretStr | None = Field(
        None, description="the one before it, valid as well while it is rotated"
    )
    breach_told_within: timedelta = Field(
        timedelta(days=90),
        ge=timedelta(0),
        description="a breach that was older than this when it was detected is kept but not told",
    )
    breach_predicted_at: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="share of its time below which a running clock is told to be about to run out",
    )
    allow_private_sources: bool = Field(
        False, description="let tools and Prometheus servers be asked at private addresses"
    )
