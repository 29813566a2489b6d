"""Reading which incidents are major, and asking whether what was fixed happened again."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from improvement_api.root_causes.actions import Answer, take_answer
from improvement_api.root_causes.analysis_queries import due_fixes, note_check_failure
from improvement_api.root_causes.queries import forget_unseen, keep_major_incidents, note_reading
from improvement_api.root_causes.rules import due_after
from improvement_api.root_causes.tables import Fix
from improvement_api.settings import Settings
from shared.clients.metrics import MetricsClient
from shared.errors import ApiError, Unavailable
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, RetryPolicy, rest_after
from shared.kit.logging import logger
from shared.schemas.metrics import MajorIncident

READ, CHECK = "read_major_incidents", "check_fixes"
AT_ONCE: Final = 100
RESTS: Final = 3
"""So many times as long as a page took the reading rests after it: whoever asks metrics-api for
figures shall not wait behind it."""
AFTER_REFUSAL: Final = timedelta(hours=1)
_PATIENT = RetryPolicy(attempts=10, longest_wait=timedelta(minutes=5))
log = logger(__name__)


async def read_major_incidents(context: JobContext, _: Mapping[str, Any]) -> None:
    """Read all major incidents within reach, page by page, and mark those that are none any more.

    All of them each time: an incident becomes or ceases to be major, or belongs to another
    service, by late updates, corrected mappings, schemes and attributions, and only some of these
    leave a stamp to ask by. metrics-api answers from an index that holds major incidents only. A
    reading that breaks off is begun anew; what it stored is right, and none is marked before its
    end.
    """
    settings = cast(Settings, context.settings)
    metrics = _metrics(context)
    began = now()
    opened_from = began - settings.major_incident_reach
    cursor: str | None = None
    while True:
        started = time.monotonic()
        page = await metrics.major_incidents(opened_from, cursor)
        rows = [_row(one, settings.rca_due) for one in page.items]
        async with transaction(context.engine) as session:
            await keep_major_incidents(session, rows, began)
        cursor = page.next_cursor
        if cursor is None:
            break
        await rest_after(started, RESTS)
    async with transaction(context.engine) as session:
        gone = await forget_unseen(session, began, opened_from)
        await note_reading(session, began)
    if gone:
        log.info("incidents_not_major", count=gone)


def _row(one: MajorIncident, within: timedelta) -> dict[str, Any]:
    return {
        "source": one.source,
        "external_id": one.external_id,
        "service": one.service,
        "title": one.title,
        "priority": one.priority,
        "state": one.state,
        "opened_at": one.opened_at,
        "resolved_at": one.resolution_at,
        "due_at": due_after(one.resolution_at, one.opened_at, within),
    }


async def check_fixes(context: JobContext, _: Mapping[str, Any]) -> None:
    """Ask about every fix whose time has come; what metrics-api refuses waits for an hour."""
    settings = cast(Settings, context.settings)
    metrics = _metrics(context)
    began = now()
    while True:
        async with transaction(context.engine) as session:
            due = await due_fixes(session, began, AT_ONCE)
        for fix, service in due:
            query = _question(fix, service)
            try:
                found = await metrics.recurrences(query)
            except Unavailable as away:
                await _note_failure(context, fix, away, now())
                raise
            except ApiError as refusal:
                await _note_failure(context, fix, refusal, now() + AFTER_REFUSAL)
                continue
            async with transaction(context.engine) as session:
                await take_answer(session, fix, Answer(query, found), settings.rca_due)
        if len(due) < AT_ONCE:
            return


def _question(fix: Fix, service: str) -> dict[str, str]:
    """The query, as it is recorded with its answer: anybody may ask metrics-api the same."""
    return {"service": service, "opened_from": fix.implemented_at.isoformat(), **fix.fingerprint}


async def _note_failure(
    context: JobContext, fix: Fix, failure: ApiError, again_at: datetime
) -> None:
    async with transaction(context.engine) as session:
        reason = f"{failure.code}: {failure.detail}"
        await note_check_failure(session, fix.id, reason, again_at)


def _metrics(context: JobContext) -> MetricsClient:
    return MetricsClient(context.remote("metrics-api", context.settings.metrics_url))


JOBS: tuple[Job, ...] = (
    Job(READ, read_major_incidents, cron="*/10 * * * *", retry=_PATIENT),
    Job(CHECK, check_fixes, cron="* * * * *", retry=_PATIENT),
)
