"""Background work of agreements."""

from collections.abc import Mapping
from typing import Any

from catalog_api.agreements.advancing import advance
from catalog_api.agreements.signing import ADVANCE
from shared.kit import clock
from shared.kit.jobs import Job, JobContext


async def advance_agreements(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Begin signed versions on their first day, end active ones after their last day."""
    await advance(context.engine, clock.now())


JOBS: tuple[Job, ...] = (Job(ADVANCE, advance_agreements, cron="* * * * *"),)
