"""Sending a request again until a service that died or is overloaded answers."""

import random
import time
from collections.abc import Collection, Iterator
from typing import Any

import httpx
import typer

from tollgate.connection import refusal
from tollgate.exits import CommandFailed

FIRST_PAUSE = 0.2  # seconds
LONGEST_PAUSE = 5.0


def call_until_answered(
    client: httpx.Client,
    method: str,
    path: str,
    *,
    patience: float,
    expecting: Collection[int] = (),
    **request: Any,
) -> httpx.Response:
    """A success or an `expecting` status; CommandFailed on another, or after `patience` seconds.

    Only for requests that may arrive twice. A server killed in the middle closes the
    connection, one whose database died answers 500 or 503: both are over when it is back.
    """
    give_up_at = time.monotonic() + patience
    for attempt, pause in enumerate(_pauses()):
        answer = _attempt(client, method, path, request)
        if isinstance(answer, httpx.Response) and not _passing(answer.status_code):
            if answer.is_success or answer.status_code in expecting:
                return answer
            raise refusal(answer)
        reason = refusal(answer) if isinstance(answer, httpx.Response) else answer
        if time.monotonic() + pause > give_up_at:
            raise CommandFailed(
                f"{client.base_url} gave no answer for {patience:g} s ({reason}):"
                " when it runs again, run the same command again, nothing is counted twice"
            )
        if attempt == 0:
            typer.echo(
                f"tollgate: {client.base_url} gave no answer ({reason});"
                f" trying again for {patience:g} s",
                err=True,
            )
        time.sleep(pause)
    raise AssertionError("unreachable")  # the pauses never end


def _attempt(
    client: httpx.Client, method: str, path: str, request: dict[str, Any]
) -> httpx.Response | httpx.TransportError:
    try:
        return client.request(method, path, **request)
    except (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError) as error:
        return error


def _passing(status: int) -> bool:
    return status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.5, 1)  # noqa: S311 - spreads clients, keeps no secret
        pause = min(pause * 2, LONGEST_PAUSE)
