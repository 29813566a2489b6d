"""Background work of attribution."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from metrics_api.attribution import actions, queries
from metrics_api.attribution.rules import Memory
from shared.clients.catalog import CatalogClient
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import JobContext

EVENTS_KEPT = timedelta(days=30)


def _catalog(context: JobContext) -> CatalogClient:
    return CatalogClient(context.remote("catalog-api", context.settings.catalog_url))


async def refresh_from_catalog(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Copy what the events of the catalog may have missed."""
    await actions.refresh(context.engine, Memory(), _catalog(context))


async def resolve_references(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Ask the catalog for names that ingest met and nobody here knows."""
    await actions.resolve(context.engine, Memory(), _catalog(context))


async def attribute_records(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Attribute the records whose names mean a service by now."""
    await actions.attribute_records(context.engine, Memory())


async def move_records(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Move the records of a service whose names mean another one by now."""
    await actions.move_records(context.engine, Memory(), payload["service"])


async def forget_events(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Ids of events so old that the catalog delivers them no more."""
    async with transaction(context.engine) as session:
        await queries.forget_events(session, clock.now() - EVENTS_KEPT)
