"""Taking surveys' comments in from metrics-api, and matching a changed theme once more."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from improvement_api.feedback.actions import MATCH_THEME, match_again, take_in_comments
from improvement_api.feedback.queries import comments_read_to, note_comments_read
from improvement_api.settings import Settings
from shared.clients.metrics import MetricsClient
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, RetryPolicy

# Stamps of receipt are taken before the commit and by another clock: what came shortly before the
# last reading may have become visible after it. Reading it again changes nothing.
OVERLAP: Final = timedelta(minutes=15)
_PATIENT = RetryPolicy(attempts=10, longest_wait=timedelta(minutes=5))


async def read_comments(context: JobContext, _: Mapping[str, Any]) -> None:
    """Take in the comments that were received since the last reading, changed ones included."""
    settings = cast(Settings, context.settings)
    began = now()
    async with transaction(context.engine) as session:
        read_to = await comments_read_to(session)
    since = began - settings.feedback_reach if read_to is None else read_to - OVERLAP
    await _read(context, since, began)


async def read_all_comments(context: JobContext, _: Mapping[str, Any]) -> None:
    """All within reach, daily: a comment that was attributed anew carries no new stamp."""
    settings = cast(Settings, context.settings)
    began = now()
    await _read(context, began - settings.feedback_reach, began)


async def _read(context: JobContext, since: datetime, until: datetime) -> None:
    """Read page by page; `until` is noted at the end only, so a break begins at `since` again."""
    metrics = MetricsClient(context.remote("metrics-api", context.settings.metrics_url))
    cursor: str | None = None
    while True:
        page = await metrics.survey_comments(since, until + OVERLAP, cursor)
        async with transaction(context.engine) as session:
            await take_in_comments(session, page.items)
        cursor = page.next_cursor
        if cursor is None:
            break
    async with transaction(context.engine) as session:
        await note_comments_read(session, until)


async def match_theme(context: JobContext, payload: Mapping[str, Any]) -> None:
    async with transaction(context.engine) as session:
        await match_again(session, UUID(payload["theme"]))


JOBS: tuple[Job, ...] = (
    Job("read_comments", read_comments, cron="*/5 * * * *", retry=_PATIENT),
    Job("read_all_comments", read_all_comments, cron="23 3 * * *", retry=_PATIENT),
    Job(MATCH_THEME, match_theme),
)
