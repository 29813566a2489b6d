"""One update from the body of a single POST, as an error where it is refused."""

from sqlalchemy.ext.asyncio import AsyncEngine

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.incidents.bodies import LINE_LIMIT
from metrics_api.incidents.updates import Refused, Update, accept, decode, find_source
from shared.errors import ApiError, BadRequest, Forbidden, Invalid, TooLarge
from shared.kit.auth import Principal
from shared.kit.database import driver, transaction


async def read_single(
    engine: AsyncEngine, memory: Memory, body: bytes, caller: Principal
) -> Update:
    """Raises BadRequest, Forbidden, Invalid or TooLarge."""
    if len(body) > LINE_LIMIT:
        raise TooLarge(f"An incident may have at most {LINE_LIMIT} bytes")
    try:
        return _read(memory, body, caller)
    except Refused:
        # What is known of the sources may be old: look once more before saying no.
        async with transaction(engine) as session:
            await current_directory(await driver(session), memory)
    try:
        return _read(memory, body, caller)
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
