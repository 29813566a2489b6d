"""Background work of breaches."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from metrics_api.attribution.rules import Memory
from metrics_api.breaches import actions
from metrics_api.settings import Settings
from shared.kit.database import Engine
from shared.kit.jobs import Job, JobContext

# What a worker's process remembers: it reads the directory again only when that has changed.
_memories: WeakKeyDictionary[Engine, Memory] = WeakKeyDictionary()


async def watch_clocks(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Find clocks that ran out or are about to, and tell."""
    settings = context.settings
    assert isinstance(settings, Settings)
    memory = _memories.setdefault(context.engine, Memory())
    await actions.detect_breaches(context.engine, memory)
    await actions.predict_breaches(context.engine, memory, settings.breach_predicted_at)
    await actions.tell_breaches(context.engine, settings.breach_told_within)


JOBS: tuple[Job, ...] = (Job("watch_clocks", watch_clocks, cron="* * * * * */5", lane="breaches"),)
