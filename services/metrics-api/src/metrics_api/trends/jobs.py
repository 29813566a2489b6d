"""Background work of trends."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from metrics_api.trends import actions, risk_actions
from metrics_api.trends.risk_actions import RAISE_JOB, RAISE_LANE
from shared.clients.catalog import CatalogClient
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, RetryPolicy


async def refresh_trends(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Test all series anew, then see which degrading trends have become causes of risks."""
    moment = clock.now()
    await actions.refresh_trends(context.engine, moment)
    async with transaction(context.engine) as session:
        await risk_actions.raise_risks(session, moment)


async def raise_risk(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Raise the risk of one cause in the catalog."""
    catalog = CatalogClient(context.remote("catalog-api", context.settings.catalog_url))
    await risk_actions.raise_risk(context.engine, catalog, UUID(payload["cause"]))


JOBS: tuple[Job, ...] = (
    Job("refresh_trends", refresh_trends, cron="41 4 * * *", lane="trends"),
    Job(
        RAISE_JOB,
        raise_risk,
        # For ever: a risk that is raised late is better than none.
        retry=RetryPolicy(attempts=None, longest_wait=timedelta(hours=1)),
        lane=RAISE_LANE,
    ),
)
