"""The wiring of improvement-api, read top to bottom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from improvement_api.decisions import routes as decisions
from improvement_api.decisions.keys import load_keys
from improvement_api.evaluations import routes as evaluations
from improvement_api.evidence import routes as evidence
from improvement_api.facts import routes as facts
from improvement_api.gates import routes as gates
from improvement_api.gates.actions import load_defaults
from improvement_api.plans import routes as plans
from improvement_api.providers import connected
from improvement_api.settings import Settings
from improvement_api.signals import routes as signals
from improvement_api.signatures import routes as signatures
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
            await load_defaults(session)
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
            decisions.router,
            plans.router,
            signals.router,
        ),
        lifespan=lifespan,
    )
