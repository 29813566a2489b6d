"""Looking at every live service once an hour, so that the report is a local read.

Asking for the facts of hundreds of services takes minutes; the report says as of when it is. What
cannot be asked for keeps what was seen of it before.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from improvement_api.embedding.looking import LANE, LOOK
from improvement_api.embedding.queries import forget_all_but, replace_standings
from improvement_api.embedding.rules import FACTS_BY_OWNER, CannotTell, standings_of
from improvement_api.facts.asking import ask_every_owner
from improvement_api.providers import Providers, providers_for
from improvement_api.settings import Settings
from shared.errors import NotFound
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext
from shared.kit.logging import logger
from shared.schemas.catalog import ServiceSummary, Stage

_AT_ONCE = 4
_LIVE = frozenset({Stage.TRANSITION, Stage.OPERATE, Stage.IMPROVE})
_log = logger(__name__)


async def look_at_embedding(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Look at each live service; those that are live no more are forgotten."""
    providers = providers_for(context, cast("Settings", context.settings))
    began = now()
    listed = providers.catalog.iterate("/v1/services")
    services = [ServiceSummary.model_validate(one) async for one in listed]
    live = [service for service in services if service.stage in _LIVE]
    free = asyncio.Semaphore(_AT_ONCE)

    async def look(service: ServiceSummary) -> None:
        async with free:
            await _look_at(context, providers, service)

    await asyncio.gather(*(look(service) for service in live))
    async with transaction(context.engine) as session:
        await forget_all_but(session, [service.key for service in live], began)


async def _look_at(context: JobContext, providers: Providers, service: ServiceSummary) -> None:
    try:
        replies = await ask_every_owner(context.engine, providers, service.key, FACTS_BY_OWNER)
        at = now()
        standings = await asyncio.to_thread(standings_of, replies, at)
    except NotFound:
        return  # gone since it was listed
    except CannotTell as reason:
        _log.warning("embedding_unknown", service=service.key, reason=str(reason))
        return
    async with transaction(context.engine) as session:
        await replace_standings(session, (service.key, service.name), standings, at)


JOBS: tuple[Job, ...] = (Job(LOOK, look_at_embedding, cron="17 * * * *", lane=LANE),)
