"""What the plumbing needs to know of improvement-api."""

from improvement_api.app import create_app
from improvement_api.base import metadata
from improvement_api.settings import Settings
from improvement_api.worker import JOBS
from shared.kit.definition import ServiceDefinition

DEFINITION = ServiceDefinition(
    package="improvement_api",
    settings=Settings,
    create_app=create_app,
    metadata=metadata,
    jobs=JOBS,
)
