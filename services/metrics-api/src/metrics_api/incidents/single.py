"""One update in one request: refusals are errors of the request."""

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.incidents.actions import SourceChanged, TakenIn, ingest
from metrics_api.incidents.bodies import LINE_LIMIT
from metrics_api.incidents.updates import Refused, Update, accept, decode, find_source
from shared.errors import ApiError, BadRequest, Forbidden, Invalid, TooLarge
from shared.kit.auth import Principal
from shared.kit.database import Engine, driver, transaction


async def take_in_one(engine: Engine, memory: Memory, body: bytes, caller: Principal) -> TakenIn:
    """Raises BadRequest, Forbidden, Invalid or TooLarge."""
    if len(body) > LINE_LIMIT:
        raise TooLarge(f"An incident may have at most {LINE_LIMIT} bytes")
    try:
        return await ingest(engine, memory, [_read(memory, body, caller)])
    except (Refused, SourceChanged):
        # What this process remembers of the sources may be old: look once more.
        async with transaction(engine) as session:
            await current_directory(await driver(session), memory)
    try:
        return await ingest(engine, memory, [_read(memory, body, caller)])
    except Refused as refused:
        raise _problem(refused) from None


def _read(memory: Memory, body: bytes, caller: Principal) -> Update:
    fields = decode(body)
    return accept(fields, find_source(fields, memory.directory.sources, caller.source))


def _problem(refused: Refused) -> ApiError:
    if refused.syntax:
        return BadRequest(refused.reason, code="unparsable")
    error = Forbidden if refused.forbidden else Invalid
    return error(f"{refused.pointer or 'body'}: {refused.reason}", pointer=refused.pointer)
