"""Registering servers, and asking them for what the SLIs want."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from metrics_api.prometheus import queries
from metrics_api.prometheus.rules import (
    BadAnswer,
    Points,
    Span,
    next_span,
    parameters,
    points_of,
    samples_of,
)
from metrics_api.prometheus.schemas import ServerCreate, ServerPatch
from metrics_api.remote_secrets import secret_needed
from metrics_api.samples.actions import store_samples
from metrics_api.slis.rules import RatioParts
from shared.errors import Conflict
from shared.kit import audit, clock
from shared.kit.auth import Principal
from shared.kit.database import Engine, Session, transaction
from shared.kit.etag import check_version
from shared.kit.tls import tls_context
from shared.kit.webhook_targets import RefusedTarget, resolve_target

RESOURCE = "prometheus_server"
AT_ONCE = 4
ANSWER_SECONDS = 20
ANSWER_LIMIT = 16 * 1024 * 1024


async def create_server(session: Session, caller: Principal, body: ServerCreate) -> Any:
    """A new server; 409 where the key is taken."""
    at = clock.now()
    token = body.token.get_secret_value() if body.token else None
    shown = body.model_dump(mode="json", exclude={"token"})
    values = {**shown, "token": token, "active": True, "version": 1}
    if not await queries.insert_server(session, values | {"created_at": at, "updated_at": at}):
        raise Conflict(f"There is a server {body.key}", code="key_taken", pointer="/key")
    after = {**shown, "has_token": token is not None}
    await audit.record(session, caller, "created", (RESOURCE, body.key), after=after)
    return await queries.get_server(session, body.key)


async def change_server(
    session: Session, caller: Principal, key: str, patch: ServerPatch, expected: int
) -> Any:
    """Change the named fields; a token is never shown, also not in the audit trail."""
    present = await queries.get_server(session, key, lock=True)
    check_version(expected, present.version)
    changes = patch.model_dump(mode="json", exclude_unset=True, exclude={"token"})
    if "token" in patch.model_fields_set:
        changes["token"] = patch.token.get_secret_value() if patch.token else None
    changed = {name: value for name, value in changes.items() if value != present._mapping[name]}
    if not changed:
        return present
    if "url" in changed and present.token is not None and "token" not in patch.model_fields_set:
        raise secret_needed("token")
    grown = {"version": present.version + 1, "updated_at": clock.now()}
    await queries.update_server(session, key, changed | grown)
    before = _shown({name: present._mapping[name] for name in changed})
    await audit.record(session, caller, "changed", (RESOURCE, key), before, _shown(changed))
    return await queries.get_server(session, key)


def _shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in fields.items() if name != "token"}
    return {**shown, "has_token": fields["token"] is not None} if "token" in fields else shown


async def query_all(engine: Engine, *, allow_private: bool) -> None:
    """One round: ask for what is new of every SLI that Prometheus feeds.

    A server that does not answer holds up only its own SLIs, and those for one round.
    """
    async with transaction(engine) as session:
        slis = await queries.fed_slis(session)
        servers = await queries.active_servers(session)
    limit = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(
        verify=tls_context(), trust_env=False, timeout=ANSWER_SECONDS
    ) as http:

        async def one(sli: Any) -> None:
            async with limit:
                server = servers.get(sli.feed["server"] or "")
                await _query_one(engine, _Asking(http, server, allow_private), sli)

        await asyncio.gather(*(one(sli) for sli in slis))


class _Asking:
    """One server and the way to it; `server` is None where there is none of that key."""

    def __init__(self, http: httpx.AsyncClient, server: Any, allow_private: bool) -> None:
        self.http = http
        self.server = server
        self.allow_private = allow_private

    async def points(self, query: str, span: Span) -> Points:
        """The answer to one query; BadAnswer says why there is none."""
        if self.server is None:
            raise BadAnswer("There is no active Prometheus server of that key")
        url = f"{self.server.url}/api/v1/query_range"
        form = httpx.QueryParams(parameters(query, span))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.server.token is not None:
            headers["Authorization"] = f"Bearer {self.server.token}"
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                target = await resolve_target(url, allow_private=self.allow_private)
                reply = await self.http.send(
                    target.request(str(form).encode(), headers), stream=True
                )
                body = await _bounded(reply)
        except RefusedTarget as refusal:
            raise BadAnswer(f"The URL is refused: {refusal}") from None
        except TimeoutError:
            raise BadAnswer(f"No answer within {ANSWER_SECONDS} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise BadAnswer(f"No answer: {type(failure).__name__}") from None
        return _read(reply.status_code, body)


async def _bounded(reply: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in reply.aiter_bytes():
        body += piece
        if len(body) > ANSWER_LIMIT:
            await reply.aclose()
            raise BadAnswer(f"The answer has more than {ANSWER_LIMIT} bytes")
    return bytes(body)


def _read(status: int, body: bytes) -> Points:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadAnswer(f"It answered {status} without JSON") from None
    return points_of(answer)


async def _query_one(engine: Engine, asking: _Asking, sli: Any) -> None:
    at = clock.now()
    span = next_span(sli.queried_until, at, sli.feed["step_seconds"])
    if span is None:
        return
    parts = RatioParts(sli.parts) if sli.parts else None
    error: str | None = None
    samples = []
    try:
        answers = {
            part: await asking.points(str(source["spec"].get("query", "")), span)
            for part, source in sli.sources.items()
        }
        samples = samples_of(parts, answers, at)
    except BadAnswer as bad:
        error = str(bad)
    async with transaction(engine) as session:
        await store_samples(session, sli, samples)
        until = None if error else span.end
        await queries.note_round(session, sli.key, at, until, error)
