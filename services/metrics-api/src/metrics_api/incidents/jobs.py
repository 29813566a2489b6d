"""Background work of incidents."""

from collections.abc import Mapping
from typing import Any

from metrics_api.attribution.rules import Memory
from metrics_api.incidents import refold
from metrics_api.incidents.version_queries import make_version_partitions
from shared.kit.database import transaction
from shared.kit.jobs import JobContext

MONTHS_AHEAD = 3


async def make_partitions_ahead(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Months of incident_version that are not there yet; without them rows go to the default."""
    async with transaction(context.engine) as session:
        await make_version_partitions(session, MONTHS_AHEAD)


async def refold_source(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Apply a changed mapping to the incidents that are there."""
    await refold.refold_source(context.engine, Memory(), payload["source"])
