"""Background work of records."""

from collections.abc import Mapping
from typing import Any

from metrics_api.attribution.rules import Memory
from metrics_api.records import moving
from metrics_api.sources.rules import REFOLD_RECORDS_JOB
from shared.kit.jobs import Job, JobContext


async def refold_records(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Apply a changed mapping to the records that are there, incidents apart."""
    await moving.refold_source(context.engine, Memory(), payload["source"])


JOBS: tuple[Job, ...] = (Job(REFOLD_RECORDS_JOB, refold_records),)
