"""Alembic's entry: every table of the service is imported, the plumbing does the rest."""

from metrics_api.attribution import tables as attribution
from metrics_api.base import Base
from metrics_api.imports import tables as imports
from metrics_api.incidents import tables as incidents
from metrics_api.indicators import tables as indicators
from metrics_api.initiatives import tables as initiatives
from metrics_api.requests import tables as requests
from metrics_api.sources import tables as sources
from metrics_api.targets import tables as targets
from shared.kit.migrations import run_env

TABLES = (attribution, imports, incidents, indicators, initiatives, requests, sources, targets)

run_env(Base.metadata)
