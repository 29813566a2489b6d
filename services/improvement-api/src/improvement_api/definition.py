"""What the plumbing needs to know of improvement-api."""

from improvement_api.base import metadata
from improvement_api.settings import Settings
from shared.kit.definition import ServiceDefinition

DEFINITION = ServiceDefinition(
    package="improvement_api",
    settings=Settings,
    app="improvement_api.app:create_app",
    metadata=metadata,
    jobs="improvement_api.worker:JOBS",
)
