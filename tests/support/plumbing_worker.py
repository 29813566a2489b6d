"""A worker process to kill: its job hangs the first time it runs and finishes the second time."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, insert, select

from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext
from shared.kit.worker import Pace, run_worker
from tests.support.plumbing import PlumbingSettings, note

PACE = Pace(poll=0.05, heartbeat=0.2, stalled_after=1, grace=1)


async def hang_once(context: JobContext, _: Mapping[str, Any]) -> None:
    async with transaction(context.engine) as session:
        runs = await session.scalar(select(func.count()).select_from(note)) or 0
        await session.execute(insert(note).values(id=runs + 1, text="started"))
    if runs == 0:
        await asyncio.Event().wait()


if __name__ == "__main__":
    settings = PlumbingSettings(database_url=SecretStr(sys.argv[1]))
    asyncio.run(run_worker(settings, [Job("hang_once", hang_once)], pace=PACE))
