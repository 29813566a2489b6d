"""Taking in what the catalog tells: its services, its requests, and which copies are old."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics_api.attribution import queries
from metrics_api.attribution.actions import take_over
from metrics_api.attribution.rules import Memory
from metrics_api.attribution.schemas import CatalogEvent, RequestData, ServiceData
from metrics_api.copies.asking import ask_for_refresh
from metrics_api.copies.rules import kinds_told_by
from metrics_api.requests import actions as requests
from shared.kit import clock
from shared.kit.database import Engine, transaction
from shared.kit.received_events import checked
from shared.schemas.catalog import RequestSnapshot

SERVICE_EVENTS = "service."
REQUEST_EVENTS = "request."


@dataclass
class Told:
    """What events told: services by the event's id, requests by their place in the body.

    Of the rest it matters only what it is about: all of a kind is read again, so that neither the
    order of such events nor their repetition makes a difference.
    """

    services: dict[str, ServiceData] = field(default_factory=dict)
    requests: dict[str, RequestSnapshot] = field(default_factory=dict)
    old_copies: set[str] = field(default_factory=set)


def read(events: Mapping[str, CatalogEvent]) -> Told:
    """What events, by their places in the body, tell; Invalid for one that is of no known shape."""
    told = Told()
    for place, event in events.items():
        if event.type.startswith(REQUEST_EVENTS):
            record = checked(RequestData, event.data, f"{place}/data").record
            told.requests[f"{place}/data/record"] = record
            continue
        if event.type.startswith(SERVICE_EVENTS):
            told.services[event.id] = checked(ServiceData, event.data, f"{place}/data")
        else:
            told.old_copies.update(kinds_told_by(event.type))
    return told


async def take_in(engine: Engine, memory: Memory, events: Mapping[str, CatalogEvent]) -> bool:
    """Take events in; False when all of them were taken in before or are not needed.

    Services first and in a transaction of their own: a request would wait for the names that it
    holds. When a request is refused they stay, and are met as repeats when they come again.
    """
    told = read(events)
    old_copies = told.old_copies
    async with transaction(engine) as session:
        new = await queries.take_events(session, list(told.services), clock.now())
        if new:
            await take_over(session, [told.services[each] for each in new])
            old_copies = old_copies.union(kinds_told_by(SERVICE_EVENTS))
        await ask_for_refresh(session, old_copies)
    taken = await requests.take_in(engine, memory, told.requests)
    return taken or bool(new or told.old_copies)
