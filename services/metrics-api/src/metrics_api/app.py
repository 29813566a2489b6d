"""The wiring of metrics-api, read top to bottom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
from fastapi import FastAPI

from metrics_api.attribution import routes as attribution
from metrics_api.attribution.rules import Memory
from metrics_api.catalog import connected
from metrics_api.facts import routes as facts
from metrics_api.imports import routes as imports
from metrics_api.incidents import routes as incidents
from metrics_api.incidents.contract import describing_incidents
from metrics_api.indicators import routes as indicators
from metrics_api.initiatives import routes as initiatives
from metrics_api.reports import routes as reports
from metrics_api.requests import routes as requests
from metrics_api.settings import Settings
from metrics_api.sources import routes as sources
from metrics_api.sources.actions import find_api_key
from metrics_api.targets import routes as targets
from shared.kit.app import build_app

DESCRIPTION = (
    "How IT services perform: takes in what ITSM tools send, keeps every version of it, and"
    " answers with KPIs, targets and the service performance report."
)


def create_app(
    settings: Settings | None = None, *, transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """The app; without settings it serves for its contract only and needs no environment.

    `transport` carries the calls to the catalog in tests.
    """
    chosen = settings if settings is not None else Settings.model_construct()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.memory = Memory()
        app.state.find_api_key = partial(find_api_key, app.state.engine)
        async with connected(chosen, transport) as app.state.catalog:
            yield

    app = build_app(
        chosen,
        package="metrics_api",
        title="metrics-api",
        description=DESCRIPTION,
        version="1.0.0",
        routers=(
            sources.router,
            attribution.router,
            incidents.router,
            requests.router,
            imports.router,
            indicators.router,
            targets.router,
            reports.router,
            initiatives.router,
            facts.router,
        ),
        lifespan=lifespan,
        streamed_paths=("/v1/incidents/batch",),
    )
    app.openapi = describing_incidents(app.openapi)  # type: ignore[method-assign]
    return app
