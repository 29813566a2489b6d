"""Idempotency-Key on creating POSTs: the reply is kept in the transaction of the data.

Per client and path, for 24 hours: the same key and body get the first reply again, another body
gets 422, a request still in flight 409. Failed requests roll back and are not kept.
"""

import hashlib
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Conflict, Invalid
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.tables import kit_tables_of

_KEPT_HEADERS = ("content-type", "location", "etag")


class ReplayReply(Exception):
    """The request was served before; `response` is what was answered then."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def claim_idempotency_key(
    request: Request,
    session: Session,
    # Not `key`: that is a path parameter of the routes this stands in.
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="repeat a creating POST safely: the first reply is given again for 24 h",
        ),
    ] = None,
) -> None:
    if idempotency_key is None:
        return
    caller: Principal = request.state.principal
    claim = {"client": caller.subject, "path": request.url.path, "key": idempotency_key}
    body_hash = hashlib.sha256(await request.body()).digest()
    await _take(session, claim)
    kept = await _kept_reply(session, claim)
    if kept is None:
        request.state.idempotency = {**claim, "body_hash": body_hash}
    elif kept.body_hash != body_hash:
        raise Invalid(
            "This Idempotency-Key was used with another body",
            code="idempotency_key_reused",
            pointer="/header/idempotency-key",
        )
    else:
        replay = Response(kept.body, kept.status, {**kept.headers, "Idempotency-Replayed": "true"})
        raise ReplayReply(replay)


Idempotent = Annotated[None, Depends(claim_idempotency_key, scope="function")]


async def _take(session: AsyncSession, claim: dict[str, str]) -> None:
    """Hold the key until the transaction ends; another request with it meanwhile is refused."""
    identity = "\n".join(claim.values())
    free = await session.scalar(
        select(func.pg_try_advisory_xact_lock(func.hashtextextended(identity, 0)))
    )
    if not free:
        raise Conflict(
            "A request with this Idempotency-Key is still in flight: repeat it later",
            code="idempotency_key_in_flight",
            headers={"Retry-After": "1"},
        )


async def _kept_reply(session: AsyncSession, claim: dict[str, str]) -> Any:
    table = kit_tables_of(session).idempotency_key
    expired = table.c.created_at < func.now() - text("interval '24 hours'")
    same = (table.c[name] == value for name, value in claim.items())
    await session.execute(delete(table).where(*same, expired))
    same = (table.c[name] == value for name, value in claim.items())
    return (await session.execute(select(table).where(*same))).first()


async def keep_reply(request: Request, response: Response) -> None:
    """Store the reply of a claimed request, in the request's own transaction."""
    claim = getattr(request.state, "idempotency", None)
    if claim is None:
        return
    session: AsyncSession = request.state.session
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    await session.execute(
        insert(kit_tables_of(session).idempotency_key).values(
            **claim, status=response.status_code, headers=headers, body=bytes(response.body)
        )
    )


async def purge_expired(session: AsyncSession) -> None:
    """Forget keys older than 24 hours; a periodic job of every service."""
    table = kit_tables_of(session).idempotency_key
    await session.execute(
        delete(table).where(table.c.created_at < func.now() - text("interval '24 hours'"))
    )
