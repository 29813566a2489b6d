"""Pushes over HTTP: the body of a request read as it arrives, and what it comes to."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import ClientDisconnect, Request

from metrics_api.intake.bodies import JSON, media_type, records_of
from metrics_api.intake.bulk import BulkIngest, take_in
from metrics_api.intake.kinds import Intake, Taken, Update
from metrics_api.intake.single import take_in_one
from shared.errors import BadRequest, UnsupportedMedia
from shared.kit.auth import Principal
from shared.schemas.metrics import BatchReply


async def push_one(request: Request, intake: Intake[Update, Taken], caller: Principal) -> Taken:
    """The one record of the body."""
    if media_type(request.headers.get("content-type")) != JSON:
        raise UnsupportedMedia(f"Send one record as {JSON}", pointer="/header/content-type")
    engine, memory = request.app.state.engine, request.app.state.memory
    return await take_in_one(intake, engine, memory, await request.body(), caller)


async def push_many(request: Request, intake: Intake[Any, Any], caller: Principal) -> BatchReply:
    """All records of the body, some thousand at a time."""
    headers, state = request.headers, request.app.state
    media = media_type(headers.get("content-type"))
    records = records_of(_body_of(request), media, headers.get("content-encoding"))
    return await take_in(BulkIngest(intake, state.engine, state.memory, caller), records)


async def _body_of(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        # Nobody reads this, but the import keeps it.
        raise BadRequest("The client went away in the middle", code="disconnected") from None
