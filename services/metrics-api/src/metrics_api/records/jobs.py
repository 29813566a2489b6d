"""Background work of records."""

from collections.abc import Mapping
from typing import Any

from metrics_api.attribution.rules import FOLLOW_WORDS_JOB, Memory
from metrics_api.attribution.words import follow_words as follow
from metrics_api.records import moving
from metrics_api.sources.rules import REFOLD_RECORDS_JOB
from shared.kit.jobs import Job, JobContext


async def refold_records(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Apply a changed mapping to the records that are there, incidents apart."""
    await moving.refold_source(context.engine, Memory(), payload["source"])


async def follow_words(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Vendor products and customers of the records there are, by the copies as they are now."""
    await follow(context.engine, Memory())


JOBS: tuple[Job, ...] = (
    Job(REFOLD_RECORDS_JOB, refold_records),
    Job(FOLLOW_WORDS_JOB, follow_words, cron="* * * * *"),
)
