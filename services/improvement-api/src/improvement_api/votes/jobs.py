"""Ballots are counted again when no vote comes any more that would do it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from improvement_api.decisions.keys import load_keys
from improvement_api.providers import providers_for
from improvement_api.settings import Settings
from improvement_api.votes.actions import count_again
from improvement_api.votes.asking import told_of
from improvement_api.votes.queries import open_ballots
from shared.errors import ApiError
from shared.kit.clock import now
from shared.kit.database import reading, transaction
from shared.kit.jobs import Job, JobContext
from shared.kit.logging import logger

log = logger(__name__)


async def count_ballots(context: JobContext, _: Mapping[str, Any]) -> None:
    """Count the votes on every evaluation that waits for its board, by the board of now.

    Who has yet to vote may leave the board, or the quorum may fall: then nobody might be left whose
    vote would bring a tie or a majority to its end.
    """
    async with reading(context.engine) as session:
        waiting = await open_ballots(session, now())
    for evaluation_id in waiting:
        try:
            await _count(context, evaluation_id)
        except ApiError as failure:  # the catalog is away, or it may not be decided now
            log.info("ballot_waits", evaluation=str(evaluation_id), why=failure.detail)


async def _count(context: JobContext, evaluation_id: UUID) -> None:
    settings = context.settings
    assert isinstance(settings, Settings)
    told = await told_of(context.engine, providers_for(context, settings), evaluation_id)
    async with transaction(context.engine) as session:
        await count_again(session, evaluation_id, told, load_keys(settings))


JOBS: tuple[Job, ...] = (Job("count_ballots", count_ballots, cron="*/5 * * * *"),)
