"""Taking in what metrics-api tells."""

from typing import Final

from improvement_api.signals import queries
from improvement_api.signals.schemas import MetricsEvent
from shared.kit import clock
from shared.kit.database import Session
from shared.kit.jobs import bring_forward

CONSUME_SIGNALS: Final = "consume_signals"


async def take_event(session: Session, event: MetricsEvent) -> bool:
    """Keep an event and have it acted on once that is committed; False: it was taken in before."""
    values = {
        "id": event.id,
        "type": event.type,
        "service": event.subject,
        "data": event.data,
        "occurred_at": event.time,
        "received_at": clock.now(),
    }
    taken = await queries.keep_signal(session, values)
    if taken:
        await bring_forward(session, CONSUME_SIGNALS)
    return taken
