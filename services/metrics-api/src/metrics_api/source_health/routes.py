"""HTTP of how a source's deliveries are getting on."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from metrics_api.source_health import queries
from metrics_api.source_health.schemas import RecentOut, RefusedOut, SourceHealthOut
from metrics_api.sources.queries import get_source
from shared.kit import clock
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key

SourcesRead = Annotated[Principal, requires("metrics:read")]

router = Router(prefix="/v1/sources", tags=["inbox"])


@router.get("/{source}/health", operation_id="get_source_health", responses=problem_responses(404))
async def get_source_health(
    source: Key,
    session: Session,
    _: SourcesRead,
    hours: Annotated[int, Query(ge=1, le=168, description="what counts as recent")] = 24,
) -> SourceHealthOut:
    """Whether the tool delivers, whether we keep up, and what was refused and why."""
    found, now = await get_source(session, source), clock.now()
    since = now - timedelta(hours=hours)
    standing = await queries.standing(session, found.id, since)
    refused = await queries.refusals_of(session, found.id)
    oldest, wait = standing.oldest_pending_at, standing.wait_p95
    return SourceHealthOut(
        source=source,
        as_of=now,
        active=found.active,
        pending=standing.pending,
        lag_seconds=0.0 if oldest is None else max(0.0, (now - oldest).total_seconds()),
        failed=standing.failed,
        last_received_at=standing.last_received_at,
        last_processed_at=standing.last_processed_at,
        recent=RecentOut(
            since=since,
            received=standing.received,
            processed=standing.processed,
            ignored=standing.ignored,
            failed=standing.failed_lately,
            wait_seconds_p95=None if wait is None else wait.total_seconds(),
        ),
        refused=[RefusedOut.model_validate(one) for one in refused],
    )
