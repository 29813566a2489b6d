"""One update in one request: refusals are errors of the request."""

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.intake.bodies import LINE_LIMIT
from metrics_api.intake.kinds import Intake, Taken, Update
from metrics_api.intake.storing import SourceChanged
from metrics_api.intake.updates import Refused
from shared.errors import ApiError, BadRequest, Forbidden, Invalid, TooLarge
from shared.kit.auth import Principal
from shared.kit.database import Engine, driver, transaction


async def take_in_one(
    intake: Intake[Update, Taken], engine: Engine, memory: Memory, body: bytes, caller: Principal
) -> Taken:
    """Raises BadRequest, Forbidden, Invalid or TooLarge."""
    if len(body) > LINE_LIMIT:
        raise TooLarge(f"A record may have at most {LINE_LIMIT} bytes")
    try:
        return await intake.store(engine, memory, [intake.read(memory, body, caller)], None)
    except (Refused, SourceChanged):
        # What this process remembers of the sources may be old: look once more.
        async with transaction(engine) as session:
            await current_directory(await driver(session), memory)
    try:
        return await intake.store(engine, memory, [intake.read(memory, body, caller)], None)
    except Refused as refused:
        raise _problem(refused) from None


def _problem(refused: Refused) -> ApiError:
    if refused.syntax:
        return BadRequest(refused.reason, code="unparsable")
    error = Forbidden if refused.forbidden else Invalid
    return error(f"{refused.pointer or 'body'}: {refused.reason}", pointer=refused.pointer)
