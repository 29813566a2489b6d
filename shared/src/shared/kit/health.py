"""/healthz (the process runs), /readyz (its own database answers), /metrics."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import SecurityScopes
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from shared.errors import Unavailable
from shared.kit.auth import authenticate
from shared.kit.backlog import backlog_text
from shared.schemas.common import Out

# Not one of our routes: a probe may add what it likes to its URL.
router = APIRouter(tags=["operations"])
READY_TIMEOUT_S = 2.0


class HealthOut(Out):
    status: str
    service: str


@router.get("/healthz", operation_id="get_health")
async def get_health(request: Request) -> HealthOut:
    """The process is alive."""
    return HealthOut(status="ok", service=request.app.state.settings.service_name)


@router.get("/readyz", operation_id="get_readiness")
async def get_readiness(request: Request) -> HealthOut:
    """The service can reach its own database; other services do not count."""
    try:
        async with (
            asyncio.timeout(READY_TIMEOUT_S),
            request.app.state.engine.connect() as connection,
        ):
            await connection.execute(text("SELECT 1"))
    except Exception as error:
        raise Unavailable("The database does not answer", code="database_unavailable") from error
    return HealthOut(status="ready", service=request.app.state.settings.service_name)


async def may_read_metrics(request: Request) -> None:
    """`ops:read`, unless the operator opened /metrics for scrapers without tokens."""
    if not request.app.state.settings.metrics_open:
        await authenticate(request, SecurityScopes(["ops:read"]))


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(request: Request, _: Annotated[None, Depends(may_read_metrics)]) -> Response:
    """Figures of this process, and of what waits in its database, in Prometheus' text format."""
    state = request.app.state
    waiting = await backlog_text(state.engine, getattr(state, "backlog", ()))
    return Response(generate_latest(state.registry) + waiting, media_type=CONTENT_TYPE_LATEST)
