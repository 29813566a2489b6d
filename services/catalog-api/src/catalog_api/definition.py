"""What the plumbing needs to know of catalog-api."""

from catalog_api.base import metadata
from catalog_api.settings import Settings
from shared.kit.definition import ServiceDefinition

DEFINITION = ServiceDefinition(
    package="catalog_api",
    settings=Settings,
    app="catalog_api.app:create_app",
    metadata=metadata,
    jobs="catalog_api.worker:JOBS",
    routines=("text_resemblance(text, text)", "text_resembles(text, text)"),
    extensions=("pg_trgm",),
)
