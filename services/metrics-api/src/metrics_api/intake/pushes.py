"""Pushes over HTTP: the body of a request read as it arrives, and what it comes to."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from fastapi import Response
from starlette.requests import ClientDisconnect, Request

from metrics_api.intake.bodies import JSON, media_type, records_of
from metrics_api.intake.bulk import BulkIngest, take_in
from metrics_api.intake.kinds import Intake, Taken, Update
from metrics_api.intake.single import SinglePushes, take_in_one
from metrics_api.intake.storing import Outcome
from shared.errors import BadRequest, UnsupportedMedia
from shared.kit.auth import Principal
from shared.schemas.metrics import BatchReply


async def push_one(request: Request, intake: Intake[Update, Taken], caller: Principal) -> Taken:
    """The one record of the body."""
    if media_type(request.headers.get("content-type")) != JSON:
        raise UnsupportedMedia(f"Send one record as {JSON}", pointer="/header/content-type")
    state = request.app.state
    if not hasattr(state, "single_pushes"):
        state.single_pushes = SinglePushes(state.engine, state.memory)
    return await take_in_one(intake, state.single_pushes, await request.body(), caller)


def tell_outcome(response: Response, outcome: Outcome, path: str, external_id: str) -> None:
    """201 and where it is for a record that is new, else 200; `path` is that of its source."""
    if outcome is Outcome.CREATED:
        response.headers["Location"] = f"{path}/{quote(external_id, safe='')}"
    else:
        response.status_code = 200


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
