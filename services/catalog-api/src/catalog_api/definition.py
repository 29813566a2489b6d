"""What the plumbing needs to know of catalog-api."""

from catalog_api.app import create_app
from catalog_api.base import metadata
from catalog_api.settings import Settings
from catalog_api.worker import JOBS
from shared.kit.definition import ServiceDefinition

DEFINITION = ServiceDefinition(
    package="catalog_api",
    settings=Settings,
    create_app=create_app,
    metadata=metadata,
    jobs=JOBS,
    routines=("text_resemblance(text, text)", "text_resembles(text, text)"),
    extensions=("pg_trgm",),
)
