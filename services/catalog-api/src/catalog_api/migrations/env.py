"""Alembic's entry: every table of the service is imported, the plumbing does the rest."""

from catalog_api.base import metadata
from catalog_api.ownership import tables as ownership
from catalog_api.portfolios import tables as portfolios
from catalog_api.references import tables as references
from catalog_api.registry import tables as registry
from catalog_api.stages import tables as stages
from shared.kit.migrations import run_env

TABLES = (ownership, portfolios, references, registry, stages)

run_env(metadata)
