"""The knobs of catalog-api."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Read from the environment with the prefix CATALOG_."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", frozen=True, extra="ignore")

    schema_name: ClassVar[str] = "catalog"
    service_name: ClassVar[str] = "catalog-api"
    # Lower than PostgreSQL's 0.6, so that two swapped letters still find the name.
    server_settings: ClassVar[Mapping[str, str]] = {"pg_trgm.word_similarity_threshold": "0.4"}

    port: int = Field(8001, description="port to listen on")
    decision_jwks: str = Field(
        "", description="public keys of tollgate decisions: path of a JWKS file, or the JSON itself"
    )
    decision_issuer: str = Field(
        "urn:tollgate:improvement-api", description="`iss` that a decision must carry"
    )
    warm_up: bool = Field(
        True, description="compile the statements of documents and facts before serving"
    )
