"""What the plumbing needs to know of metrics-api."""

from metrics_api.base import Base
from metrics_api.settings import Settings
from shared.kit.definition import ServiceDefinition

DEFINITION = ServiceDefinition(
    package="metrics_api",
    settings=Settings,
    app="metrics_api.app:create_app",
    metadata=Base.metadata,
    jobs="metrics_api.worker:JOBS",
    routines=(
        "make_version_partitions(integer)",
        "make_body_partitions(integer)",
        "forget_received(integer)",
    ),
)
