"""Taking in what the catalog tells of its requests; repeats and disorder do no harm."""

from metrics_api.requests import queries, rules
from metrics_api.sources.rules import CATALOG_SOURCE
from shared.kit import clock
from shared.kit.database import Session
from shared.schemas.catalog import RequestSnapshot


async def take_in(session: Session, snapshot: RequestSnapshot) -> bool:
    """Keep a version and let the newest stand; False when it was kept before."""
    identity = rules.Identity(CATALOG_SOURCE, snapshot.number)
    order, at = rules.order_of(snapshot), clock.now()
    payload = rules.payload_of(snapshot)
    if not await queries.keep_version(session, identity, order, payload, at):
        return False
    await queries.upsert_record(session, identity, order, rules.record_of(snapshot), at)
    return True
