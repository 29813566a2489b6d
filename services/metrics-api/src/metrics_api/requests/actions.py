"""Taking in what the catalog tells of its requests; repeats and disorder do no harm."""

from collections.abc import Mapping

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.intake.storing import Outcome, until_won
from metrics_api.intake.updates import Refused
from metrics_api.records.actions import read_record, take_in_chunk
from metrics_api.records.updates import RecordUpdate
from metrics_api.requests.rules import fields_of
from metrics_api.sources.rules import CATALOG_SOURCE, SourceRules
from shared.errors import Invalid
from shared.kit.database import Engine, Session, driver
from shared.schemas.catalog import RequestSnapshot
from shared.schemas.metrics import RecordKind


async def take_in(engine: Engine, memory: Memory, snapshots: Mapping[str, RequestSnapshot]) -> bool:
    """Keep versions, and let the newest of each request stand; False when all were kept before.

    They come by their pointers into the body. Raises Invalid for what no record can hold.
    """
    if not snapshots:
        return False

    async def step(session: Session) -> bool:
        directory = await current_directory(await driver(session), memory)
        source = directory.sources[CATALOG_SOURCE]
        updates = [_read(source, *each) for each in snapshots.items()]
        taken = await take_in_chunk(session, memory, updates)
        return any(outcome is not Outcome.REPEATED for outcome in taken.outcomes)

    return await until_won(engine, step)


def _read(source: SourceRules, pointer: str, snapshot: RequestSnapshot) -> RecordUpdate:
    try:
        return read_record(RecordKind.REQUEST, source, fields_of(snapshot))
    except Refused as refused:
        raise Invalid(refused.reason, pointer=pointer + refused.pointer) from None
