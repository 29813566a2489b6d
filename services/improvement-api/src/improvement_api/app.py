"""The wiring of improvement-api, read top to bottom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from improvement_api.backtests import routes as backtests
from improvement_api.benefits import routes as benefits
from improvement_api.business_cases import routes as business_cases
from improvement_api.capabilities import routes as capabilities
from improvement_api.checks import routes as checks
from improvement_api.decisions import routes as decisions
from improvement_api.decisions.keys import load_keys
from improvement_api.delegations import routes as delegations
from improvement_api.deployment_protection import routes as deployment_protection
from improvement_api.embedding import routes as embedding
from improvement_api.evaluations import routes as evaluations
from improvement_api.evidence import routes as evidence
from improvement_api.facts import routes as facts
from improvement_api.feedback import routes as feedback
from improvement_api.gates import routes as gates
from improvement_api.gates.actions import load_defaults as load_gates
from improvement_api.goals import routes as goals
from improvement_api.opportunities import routes as opportunities
from improvement_api.outcomes import routes as outcomes
from improvement_api.plans import routes as plans
from improvement_api.providers import connected
from improvement_api.root_causes import routes as root_causes
from improvement_api.service_reviews import routes as service_reviews
from improvement_api.settings import Settings
from improvement_api.signals import routes as signals
from improvement_api.signatures import routes as signatures
from improvement_api.triggers import routes as triggers
from improvement_api.triggers.actions import load_defaults as load_triggers
from improvement_api.votes import routes as votes
from improvement_api.waivers import routes as waivers
from shared.kit.app import build_app
from shared.kit.database import transaction

DESCRIPTION = (
    "Deciding and improving: tollgates whose criteria are evaluated against facts, decisions that"
    " move a service's stage, and improvement plans."
)


def create_app(
    settings: Settings | None = None, *, transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """The app; without settings it serves for its contract only and needs no environment.

    `transport` carries the calls to the other services in tests.
    """
    chosen = settings if settings is not None else Settings.model_construct()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.decision_keys = load_keys(chosen)
        async with transaction(app.state.engine) as session:
            await load_gates(session)
            await load_triggers(session)
        async with connected(chosen, transport) as app.state.providers:
            yield

    return build_app(
        chosen,
        package="improvement_api",
        title="improvement-api",
        description=DESCRIPTION,
        version="1.0.0",
        routers=(
            gates.router,
            facts.router,
            evaluations.router,
            evidence.router,
            signatures.router,
            delegations.router,
            waivers.router,
            votes.router,
            decisions.router,
            backtests.router,
            checks.router,
            deployment_protection.router,
            opportunities.router,
            triggers.router,
            plans.router,
            goals.router,
            business_cases.router,
            benefits.router,
            root_causes.router,
            feedback.router,
            service_reviews.router,
            capabilities.router,
            embedding.router,
            outcomes.router,
            signals.router,
        ),
        lifespan=lifespan,
    )
