"""What happens around every request: its id, its log line, its figures and its size limit."""

import os
import re
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from shared.kit.logging import logger
from shared.kit.problems import unexpected_problem

MAX_BODY_BYTES = 16 * 1024 * 1024
# No browser takes what we answer for anything but what we say it is.
_AS_DECLARED = (b"x-content-type-options", b"nosniff")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_QUIET = {"/healthz", "/readyz", "/metrics"}
log = logger("request")


class RequestFigures:
    """Prometheus figures of the requests of one app."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "path", "status")
        self.requests = Counter("http_requests", "Requests answered", labels, registry=registry)
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time from the request's head to the end of the reply",
            ("method", "path"),
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self._labelled: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, not the path: a key in a label would grow without bound.
        route = scope.get("route")
        requests, duration = self._of(scope["method"], getattr(route, "path", "unmatched"), status)
        requests.inc()
        duration.observe(seconds)

    def _of(self, method: str, path: str, status: int) -> tuple[Counter, Histogram]:
        """Looked up once: `labels` takes a lock and makes texts of what it is given."""
        known = self._labelled.get((method, path, status))
        if known is None:
            known = self.requests.labels(method, path, status), self.seconds.labels(method, path)
            self._labelled[method, path, status] = known
        return known


class HeadAsGet:
    """ASGI middleware: HEAD is answered as GET is, but for the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, send_without_body)


class RequestEnvelope:
    """ASGI middleware: request id in and out, one log line, figures, body limit."""

    def __init__(self, app: ASGIApp, figures: RequestFigures, streamed: frozenset[str]) -> None:
        self.app = app
        self.figures = figures
        self.streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status, answered = time.perf_counter(), 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], True
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    _AS_DECLARED,
                ]
            await send(message)

        limited = receive if scope["path"] in self.streamed else _limited(receive)
        try:
            await self.app(scope, limited, send_with_id)
        except Exception as problem:
            # Here and not around the whole app: so it bears the id, and is one for browsers too.
            if not answered:
                await unexpected_problem(scope, problem)(scope, receive, send_with_id)
            raise
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        self.figures.count(scope, status, seconds)
        if scope["path"] not in _QUIET:
            _log_request(scope, status, seconds)


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    log.info(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        ms=round(seconds * 1000, 2),
        caller=scope["state"].get("caller"),
    )


def _request_id(scope: Scope) -> str:
    """The caller's X-Request-Id where it is harmless, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            sent: str = value.decode("latin-1")
            if _REQUEST_ID.match(sent):
                return sent
    return os.urandom(16).hex()


def _limited(receive: Receive) -> Receive:
    """A body that grows over the limit ends in a 413 instead of in our memory."""
    received = 0

    async def receive_within_limit() -> Message:
        nonlocal received
        message: dict[str, Any] = dict(await receive())
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(413, f"A body may have at most {MAX_BODY_BYTES} bytes")
        return message

    return receive_within_limit
