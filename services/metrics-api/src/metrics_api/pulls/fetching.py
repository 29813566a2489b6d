"""One page over HTTP, from an address that was checked."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx
import orjson

from metrics_api.pulls.rules import (
    Asked,
    Page,
    Place,
    PullFailed,
    Wanted,
    ask_itop,
    ask_servicenow,
    read_itop,
    read_servicenow,
)
from shared.kit.webhook_targets import RefusedTarget, Target, resolve_target

TIMEOUT = httpx.Timeout(30, connect=10)
LARGEST_PAGE = 8 * 1024 * 1024


class Protocol(NamedTuple):
    """How a tool is asked and its answer read; `ordered`: the oldest changes come first."""

    ask: Callable[[Wanted, Place], Asked]
    read: Callable[[Wanted, Place, Any], Page]
    ordered: bool


PROTOCOLS: Mapping[str, Protocol] = {
    "servicenow": Protocol(ask_servicenow, read_servicenow, ordered=True),
    "itop": Protocol(ask_itop, read_itop, ordered=False),
}


async def target_of(url: str, *, allow_private: bool) -> Target:
    """Where a tool is, looked up once a run; raises PullFailed."""
    try:
        return await resolve_target(url, allow_private=allow_private)
    except RefusedTarget as refused:
        raise PullFailed(f"the URL is refused: {refused}") from None


async def fetch(http: httpx.AsyncClient, target: Target, wanted: Wanted, asked: Asked) -> bytes:
    """The body of a page; raises PullFailed."""
    try:
        async with http.stream(
            asked.method,
            target.url.copy_with(path=target.url.path.rstrip("/") + asked.path),
            params=asked.query,
            data=asked.form,
            headers=_heads(target, wanted, asked),
            extensions={"sni_hostname": target.named.raw_host.decode()},
        ) as reply:
            body = await _read(reply)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PullFailed(f"no answer ({type(error).__name__})") from None
    if reply.status_code != httpx.codes.OK:
        raise PullFailed(f"HTTP {reply.status_code}: {_words(body)}")
    return body


def decoded(body: bytes) -> Any:
    """The JSON of a page; raises PullFailed."""
    try:
        return orjson.loads(body)
    except ValueError:
        raise PullFailed(f"the answer is no JSON: {_words(body)}") from None


def _heads(target: Target, wanted: Wanted, asked: Asked) -> dict[str, str]:
    heads = {"Host": target.named.netloc.decode(), "Accept": "application/json"}
    if asked.basic and wanted.username is not None:
        pair = f"{wanted.username}:{wanted.password or ''}"
        heads["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return heads


async def _read(reply: httpx.Response) -> bytes:
    whole = bytearray()
    async for piece in reply.aiter_bytes():
        whole += piece
        if len(whole) > LARGEST_PAGE:
            raise PullFailed(f"a page has more than {LARGEST_PAGE} bytes: lower page_size")
    return bytes(whole)


def _words(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace").replace("\x00", "")
