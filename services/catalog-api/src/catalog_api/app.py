"""The wiring of catalog-api, read top to bottom."""

from fastapi import FastAPI

from catalog_api.audit import routes as audit
from catalog_api.facts import routes as facts
from catalog_api.ownership import routes as ownership
from catalog_api.portfolios import routes as portfolios
from catalog_api.references import routes as references
from catalog_api.registry import routes as registry
from catalog_api.settings import Settings
from catalog_api.stages import routes as stages
from shared.kit.app import build_app

DESCRIPTION = (
    "The one truthful catalog of IT services: portfolios, services, who owns them, what ITSM tools"
    " call them, and the lifecycle stage that only a tollgate decision moves."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app; without settings it serves for its contract only and needs no environment."""
    return build_app(
        settings if settings is not None else Settings.model_construct(),
        package="catalog_api",
        title="catalog-api",
        description=DESCRIPTION,
        version="1.0.0",
        routers=(
            portfolios.router,
            registry.router,
            ownership.router,
            references.router,
            stages.router,
            facts.router,
            audit.router,
        ),
    )
