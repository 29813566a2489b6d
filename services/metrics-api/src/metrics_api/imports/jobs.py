"""Background work of imports."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from metrics_api.imports.queries import finish_abandoned
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import JobContext

ABANDONED_AFTER = timedelta(hours=1)


async def finish_abandoned_imports(context: JobContext, payload: Mapping[str, Any]) -> None:
    """An import that has not advanced for an hour lost its process: say so."""
    at = clock.now()
    async with transaction(context.engine) as session:
        await finish_abandoned(session, at - ABANDONED_AFTER, at)
