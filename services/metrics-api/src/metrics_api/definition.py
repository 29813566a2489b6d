"""What the plumbing needs to know of metrics-api."""

from metrics_api.app import create_app
from metrics_api.attribution import tables as attribution
from metrics_api.base import Base
from metrics_api.imports import tables as imports
from metrics_api.incidents import tables as incidents
from metrics_api.indicators import tables as indicators
from metrics_api.initiatives import tables as initiatives
from metrics_api.settings import Settings
from metrics_api.sources import tables as sources
from metrics_api.targets import tables as targets
from metrics_api.worker import JOBS
from shared.kit.definition import ServiceDefinition

# Grants are given for every table of the metadata, so all of them are imported.
TABLES = (attribution, imports, incidents, indicators, initiatives, sources, targets)

DEFINITION = ServiceDefinition(
    package="metrics_api",
    settings=Settings,
    create_app=create_app,
    metadata=Base.metadata,
    jobs=JOBS,
    routines=("make_version_partitions(integer)",),
)
