"""The wiring of metrics-api, read top to bottom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
from fastapi import FastAPI

from metrics_api import backlog
from metrics_api.attribution import routes as attribution
from metrics_api.attribution.rules import Memory
from metrics_api.breaches import routes as breaches
from metrics_api.catalog import connected
from metrics_api.clocks import routes as clocks
from metrics_api.copies import routes as copies
from metrics_api.corrections import routes as corrections
from metrics_api.facts import routes as facts
from metrics_api.imports import routes as imports
from metrics_api.inbox import routes as inbox
from metrics_api.inbox.actions import Inbox
from metrics_api.incidents import routes as incidents
from metrics_api.incidents.updates import IncidentIn
from metrics_api.indicators import routes as indicators
from metrics_api.initiatives import routes as initiatives
from metrics_api.intake.contract import describing
from metrics_api.issued_reports import routes as issued_reports
from metrics_api.judgements import routes as judgements
from metrics_api.openslo import routes as openslo
from metrics_api.prometheus import routes as prometheus
from metrics_api.pulls import routes as pulls
from metrics_api.quality_reports import routes as quality_reports
from metrics_api.records import routes as records
from metrics_api.records.kinds import FIELDS
from metrics_api.reports import routes as reports
from metrics_api.samples import routes as samples
from metrics_api.service_credits import routes as service_credits
from metrics_api.settings import Settings
from metrics_api.slis import routes as slis
from metrics_api.slo_alerts import routes as slo_alerts
from metrics_api.slos import routes as slos
from metrics_api.source_health import routes as source_health
from metrics_api.sources import routes as sources
from metrics_api.sources.actions import find_api_key
from metrics_api.success_factors import routes as success_factors
from metrics_api.surveys import routes as surveys
from metrics_api.target_proposals import routes as target_proposals
from metrics_api.targets import routes as targets
from metrics_api.tiers import routes as tiers
from metrics_api.trends import routes as trends
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
        app.state.inbox = Inbox(app.state.engine)
        async with connected(chosen, transport) as app.state.catalog:
            yield
        await app.state.inbox.refused.end()

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
            imports.router,
            indicators.router,
            targets.router,
            judgements.router,
            target_proposals.router,
            reports.router,
            quality_reports.router,
            initiatives.router,
            facts.router,
            copies.router,
            records.router,
            surveys.router,
            inbox.router,
            source_health.router,
            pulls.router,
            clocks.router,
            breaches.router,
            service_credits.router,
            slis.router,
            slos.router,
            slo_alerts.router,
            corrections.router,
            samples.router,
            openslo.router,
            prometheus.router,
            tiers.router,
            success_factors.router,
            trends.router,
            issued_reports.router,
        ),
        lifespan=lifespan,
        streamed_paths=("/v1/incidents/batch", *records.BATCH_PATHS),
    )
    app.state.backlog = (backlog.gauges,)
    app.openapi = describing(app.openapi, (IncidentIn, *FIELDS))  # type: ignore[method-assign]
    return app
