"""Taking in what the catalog tells of its requests; repeats and disorder do no harm."""

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.intake.storing import Outcome, until_won
from metrics_api.intake.updates import Refused
from metrics_api.records.actions import read_record, take_in_chunk
from metrics_api.requests.rules import fields_of
from metrics_api.sources.rules import CATALOG_SOURCE
from shared.errors import Invalid
from shared.kit.database import Engine, Session, driver
from shared.schemas.catalog import RequestSnapshot
from shared.schemas.metrics import RecordKind


async def take_in(engine: Engine, memory: Memory, snapshot: RequestSnapshot) -> bool:
    """Keep a version and let the newest stand; False when it was kept before.

    Raises Invalid for what no record can hold.
    """

    async def step(session: Session) -> bool:
        directory = await current_directory(await driver(session), memory)
        source = directory.sources[CATALOG_SOURCE]
        update = read_record(RecordKind.REQUEST, source, fields_of(snapshot))
        taken = await take_in_chunk(session, memory, [update])
        return taken.outcomes[0] is not Outcome.REPEATED

    try:
        return await until_won(engine, step)
    except Refused as refused:
        raise Invalid(refused.reason, pointer="/data/record" + refused.pointer) from None
