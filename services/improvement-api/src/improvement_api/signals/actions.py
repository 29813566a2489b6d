"""Taking in what metrics-api tells."""

from collections.abc import Sequence
from typing import Final

from improvement_api.signals import queries
from improvement_api.signals.schemas import MetricsEvent
from shared.kit import clock
from shared.kit.database import Session
from shared.kit.jobs import bring_forward

CONSUME_SIGNALS: Final = "consume_signals"


async def take_events(session: Session, events: Sequence[MetricsEvent]) -> int:
    """Keep events and have them acted on once that is committed; how many were not known yet."""
    taken = await queries.keep_signals(session, events, clock.now())
    if taken:
        await bring_forward(session, CONSUME_SIGNALS)
    return taken
