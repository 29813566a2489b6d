"""The wiring of catalog-api, read top to bottom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from catalog_api.agreements import routes as agreements
from catalog_api.artifacts import routes as artifacts
from catalog_api.audit import routes as audit
from catalog_api.benchmarks import routes as benchmarks
from catalog_api.boards import meeting_routes
from catalog_api.boards import routes as boards
from catalog_api.calendars import routes as calendars
from catalog_api.candidates import routes as candidates
from catalog_api.ceilings import routes as ceilings
from catalog_api.charging import routes as charging
from catalog_api.continuity import routes as continuity
from catalog_api.copies import routes as copies
from catalog_api.costs import routes as costs
from catalog_api.currencies import routes as currencies
from catalog_api.customers import engagement_routes as engagements
from catalog_api.customers import routes as customers
from catalog_api.dependencies import routes as dependencies
from catalog_api.development import routes as development
from catalog_api.documents import routes as documents
from catalog_api.documents.queries import compile_sections
from catalog_api.exports import routes as exports
from catalog_api.facts import routes as facts
from catalog_api.financials import routes as financials
from catalog_api.impact import routes as impact
from catalog_api.objectives import routes as objectives
from catalog_api.obligations import routes as obligations
from catalog_api.offerings import catalog_routes
from catalog_api.offerings import routes as offerings
from catalog_api.organisation import routes as organisation
from catalog_api.ownership import routes as ownership
from catalog_api.plans import routes as plans
from catalog_api.portfolios import routes as portfolios
from catalog_api.practices import routes as practices
from catalog_api.priorities import routes as priorities
from catalog_api.raci import routes as raci
from catalog_api.references import routes as references
from catalog_api.registry import routes as registry
from catalog_api.requests import routes as requests
from catalog_api.requirements import routes as requirements
from catalog_api.retirement import routes as retirement
from catalog_api.risks import routes as risks
from catalog_api.settings import Settings
from catalog_api.stages import routes as stages
from catalog_api.touchpoints import routes as touchpoints
from catalog_api.vendors import routes as vendors
from catalog_api.vital_activities import routes as vital_activities
from shared.kit.app import build_app
from shared.kit.database import reading

DESCRIPTION = (
    "The one truthful catalog of IT services: portfolios, services, who owns them, what ITSM tools"
    " call them, and the lifecycle stage that only a tollgate decision moves."
)


@asynccontextmanager
async def warmed_up(app: FastAPI) -> AsyncIterator[None]:
    """Compile the large statement of documents and facts before the first tollgate asks."""
    if app.state.settings.warm_up:
        async with reading(app.state.engine) as session:
            await compile_sections(session)
    yield


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app; without settings it serves for its contract only and needs no environment."""
    return build_app(
        settings if settings is not None else Settings.model_construct(),
        package="catalog_api",
        title="catalog-api",
        description=DESCRIPTION,
        version="1.0.0",
        lifespan=warmed_up,
        routers=(
            portfolios.router,
            objectives.router,
            customers.router,
            engagements.router,
            vital_activities.router,
            touchpoints.router,
            requirements.router,
            registry.router,
            ownership.router,
            references.router,
            stages.router,
            documents.router,
            plans.router,
            development.router,
            retirement.router,
            offerings.router,
            catalog_routes.router,
            requests.router,
            dependencies.router,
            impact.router,
            vendors.router,
            candidates.router,
            ceilings.router,
            currencies.router,
            costs.router,
            charging.router,
            benchmarks.router,
            financials.router,
            continuity.router,
            calendars.router,
            priorities.router,
            agreements.router,
            risks.router,
            obligations.router,
            organisation.router,
            raci.router,
            boards.router,
            meeting_routes.router,
            artifacts.router,
            practices.router,
            copies.router,
            exports.router,
            facts.router,
            audit.router,
        ),
    )
