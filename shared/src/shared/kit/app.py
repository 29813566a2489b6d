"""The app factory of all services: everything but the domain, wired top to bottom."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from shared.kit import audit_routes, auth, etag, event_routes, health, pagination, problems
from shared.kit.browsers import cross_origin
from shared.kit.contract import (
    describe_headers,
    drop_titles,
    list_tags,
    name_schemas,
    shape_parameters,
)
from shared.kit.database import engine_for
from shared.kit.docs import CONVENTIONS, serve_docs
from shared.kit.migrations import check_schema
from shared.kit.requests import HeadAsGet, RequestEnvelope, RequestFigures
from shared.kit.routing import RouteTable
from shared.kit.settings import ServiceSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_app(  # noqa: PLR0913 - the wiring of an app is what it is made of
    settings: ServiceSettings,
    *,
    package: str,
    title: str,
    description: str,
    version: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan | None = None,
    streamed_paths: Sequence[str] = (),
) -> FastAPI:
    """A service's app. `streamed_paths` read their body themselves, without the size limit.

    Process-wide things live on app.state: settings, engine, registry, verifier.
    """
    registry = _registry()

    @asynccontextmanager
    async def whole_lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = engine_for(settings)
        try:
            await check_schema(app.state.engine, package, settings.schema_name)
            async with _own(lifespan, app):
                yield
        finally:
            await app.state.engine.dispose()

    app = FastAPI(
        title=title,
        description=description,
        version=version,
        lifespan=whole_lifespan,
        openapi_url=None,  # see shared.kit.docs
        docs_url=None,
        redoc_url=None,
        middleware=[
            *cross_origin(settings.cors_origins),
            Middleware(HeadAsGet),
            Middleware(
                RequestEnvelope,
                figures=RequestFigures(registry),
                streamed=frozenset(streamed_paths),
            ),
        ],
    )
    app.state.settings = settings
    app.state.registry = registry
    auth.install_verifier(app, settings)
    problems.install_problem_handlers(app)
    ours = (*routers, audit_routes.router, event_routes.router, health.router)
    table = RouteTable([route for router in ours for route in router.routes])
    app.router.routes.append(table)
    serve_docs(app)  # last: whatever comes first is asked before each request
    app.openapi = lambda: _contract(app, table.routes)  # type: ignore[method-assign]
    return app


def _own(lifespan: Lifespan | None, app: FastAPI) -> AbstractAsyncContextManager[None]:
    return nullcontext() if lifespan is None else lifespan(app)


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def _contract(app: FastAPI, routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with problems instead of FastAPI's own errors."""
    if app.openapi_schema is None:
        contract = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description + "\n" + CONVENTIONS,
            routes=routes,
            servers=[{"url": "/", "description": "Where this contract is served"}],
        )
        name_schemas(contract)
        shape_parameters(contract)
        problems.describe_problems(contract)
        auth.describe_security(contract)
        etag.describe_etags(contract)
        pagination.describe_links(contract)
        describe_headers(contract)
        list_tags(contract)
        drop_titles(contract)
        app.openapi_schema = contract
    return app.openapi_schema
