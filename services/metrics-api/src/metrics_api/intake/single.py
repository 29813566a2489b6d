"""One update in one request: refusals are errors of the request."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.gathering import Gathering
from metrics_api.intake.bodies import LINE_LIMIT
from metrics_api.intake.kinds import Intake, Taken, Update
from metrics_api.intake.storing import SourceChanged
from metrics_api.intake.updates import Refused
from shared.errors import ApiError, BadRequest, FieldError, Forbidden, Invalid, TooLarge
from shared.kit.auth import Principal
from shared.kit.database import Engine, driver, transaction
from shared.schemas.metrics import RecordKind

GROUP = 200


@dataclass
class SinglePushes:
    """Single pushes of a process: those of one kind that come at once share a transaction."""

    engine: Engine
    memory: Memory
    groups: dict[RecordKind, Gathering[Any, Any]] = field(default_factory=dict)

    async def store(self, intake: Intake[Update, Taken], update: Update) -> Taken:
        if intake.alone is None:
            return await intake.store(self.engine, self.memory, [update], None)
        if intake.kind not in self.groups:
            store = _storing_groups(intake, intake.alone, self.engine, self.memory)
            self.groups[intake.kind] = Gathering(store, at_most=GROUP)
        taken: Taken = await self.groups[intake.kind].put(update)
        return taken


def _storing_groups(
    intake: Intake[Update, Taken],
    alone: Callable[[Taken, Update, int], Taken],
    engine: Engine,
    memory: Memory,
) -> Callable[[Sequence[Update]], Awaitable[Sequence[Taken]]]:
    async def store(updates: Sequence[Update]) -> Sequence[Taken]:
        taken = await intake.store(engine, memory, updates, None)
        return [alone(taken, update, place) for place, update in enumerate(updates)]

    return store


async def take_in_one(
    intake: Intake[Update, Taken], pushes: SinglePushes, body: bytes, caller: Principal
) -> Taken:
    """Raises BadRequest, Forbidden, Invalid or TooLarge."""
    if len(body) > LINE_LIMIT:
        raise TooLarge(f"A record may have at most {LINE_LIMIT} bytes")
    try:
        return await pushes.store(intake, intake.read(pushes.memory, body, caller))
    except (Refused, SourceChanged):
        # What this process remembers of the sources may be old: look once more.
        async with transaction(pushes.engine) as session:
            await current_directory(await driver(session), pushes.memory)
    try:
        return await pushes.store(intake, intake.read(pushes.memory, body, caller))
    except Refused as refused:
        raise _problem(refused) from None


def _problem(refused: Refused) -> ApiError:
    if refused.syntax:
        return BadRequest(refused.reason, code="unparsable")
    error = Forbidden if refused.forbidden else Invalid
    field = FieldError(refused.pointer, refused.reason, error.code)
    return error(f"{refused.pointer or 'body'}: {refused.reason}", errors=[field])
