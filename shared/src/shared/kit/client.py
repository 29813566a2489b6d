"""Calls to another service: identity, deadline, retries on safe calls, a circuit that opens."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from circuitbreaker import CircuitBreaker
from structlog.contextvars import get_contextvars
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from shared import errors
from shared.errors import ApiError, FieldError, Unavailable
from shared.kit.auth import current_principal
from shared.kit.identity import TokenProvider
from shared.kit.settings import ServiceSettings
from shared.kit.tls import tls_context

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRIED_STATUSES = frozenset({502, 503, 504})
_PASSED_ON: dict[int, type[ApiError]] = {
    error.status: error
    for error in (
        errors.BadRequest,
        errors.Forbidden,
        errors.NotFound,
        errors.Conflict,
        errors.Stale,
        errors.TooLarge,
        errors.Invalid,
        errors.PreconditionRequired,
    )
}
_PROBLEM_MEMBERS = frozenset(
    {"type", "title", "status", "detail", "code", "instance", "request_id", "errors"}
)


@dataclass(frozen=True)
class CallPolicy:
    """How patient we are: `deadline` spans all attempts of a call together."""

    deadline: timedelta
    attempts: int = 3
    failures_to_open: int = 5
    open_for: timedelta = timedelta(seconds=10)


class CallFailed(Exception):
    """No usable answer came: the remote is away, broken, or too slow."""


class _WorthRetrying(CallFailed):
    """The next attempt may succeed: no connection, or 502, 503, 504."""


class RemoteClient:
    """One remote service. Raises shared.errors; Unavailable names it in `service`."""

    def __init__(
        self,
        settings: ServiceSettings,
        name: str,
        base_url: str,
        *,
        policy: CallPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self._policy = policy or CallPolicy(settings.remote_timeout)
        self._identity = TokenProvider(settings)
        seconds = self._policy.deadline.total_seconds()
        self._http = httpx.AsyncClient(
            base_url=base_url,
            verify=tls_context(),
            transport=transport,
            trust_env=False,  # our own services are never behind the machine's web proxy
            timeout=httpx.Timeout(connect=seconds / 2, read=seconds, write=seconds, pool=seconds),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
        )
        self._circuit = CircuitBreaker(
            failure_threshold=self._policy.failures_to_open,
            recovery_timeout=self._policy.open_for.total_seconds(),
            expected_exception=CallFailed,
            name=name,
        )
        self._probing = False

    async def aclose(self) -> None:
        await self._http.aclose()

    async def request(  # noqa: PLR0913 - one keyword per property of a call
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotent: bool | None = None,
        idempotency_key: str | None = None,
        deadline: timedelta | None = None,
    ) -> httpx.Response:
        """A 2xx reply within the deadline, or an error of shared.errors.

        `idempotent` says that a POST may be repeated, as one with an `idempotency_key` may; None
        decides by the method. `deadline` stands above the policy's, for what is known to be slow.
        """
        safe = method in SAFE_METHODS or idempotency_key is not None
        repeatable = safe if idempotent is None else idempotent
        seconds = (deadline or self._policy.deadline).total_seconds()
        until = asyncio.get_running_loop().time() + seconds
        headers = _headers(await self._token(until))
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        request = self._http.build_request(
            method,
            path,
            params=params,
            json=json,
            headers=headers,
            timeout=httpx.USE_CLIENT_DEFAULT if deadline is None else seconds,
        )
        reply = await self._guarded(request, self._policy.attempts if repeatable else 1, until)
        if not reply.is_success:
            raise _error_of(self.name, reply)
        return reply

    async def _token(self, until: float) -> str:
        try:
            async with asyncio.timeout_at(until):
                return await self._identity.token()
        except TimeoutError:
            raise Unavailable("The issuer of our own token did not answer in time") from None

    async def _guarded(self, request: httpx.Request, attempts: int, until: float) -> httpx.Response:
        """Send through the circuit. Only one call at a time tries whether the remote is back."""
        half_open = self._circuit.state == "half_open"
        if self._circuit.opened or (half_open and self._probing):
            raise self._unavailable("it failed repeatedly and is given a pause")
        self._probing = half_open
        try:
            outcome = await self._outcome(request, attempts, until)
        finally:
            self._probing = False
        # Told to the circuit only here: a call that was cancelled says nothing of the remote.
        try:
            reply: httpx.Response = self._circuit.call(_returned, outcome)
        except CallFailed as failure:
            raise self._unavailable(str(failure)) from failure
        return reply

    async def _outcome(
        self, request: httpx.Request, attempts: int, until: float
    ) -> httpx.Response | CallFailed:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            retry=retry_if_exception_type(_WorthRetrying),
            reraise=True,
        )
        try:
            async with asyncio.timeout_at(until):
                return await retrying(self._send, request)
        except CallFailed as failure:
            return failure
        except TimeoutError:
            return CallFailed("it did not answer in time")

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            reply = await self._http.send(request)
        except (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError) as failure:
            raise _WorthRetrying(f"no connection ({type(failure).__name__})") from failure
        except httpx.HTTPError as failure:
            raise CallFailed(f"no answer ({type(failure).__name__})") from failure
        if reply.status_code in RETRIED_STATUSES:
            raise _WorthRetrying(f"it answered {reply.status_code}")
        if reply.status_code >= 500:
            raise CallFailed(f"it answered {reply.status_code}")
        return reply

    def _unavailable(self, why: str) -> Unavailable:
        return Unavailable(
            f"{self.name} cannot be used now: {why}",
            headers={"Retry-After": str(max(1, self._circuit.open_remaining))},
            service=self.name,
        )


def _returned(outcome: httpx.Response | CallFailed) -> httpx.Response:
    if isinstance(outcome, CallFailed):
        raise outcome
    return outcome


def _headers(token: str) -> dict[str, str]:
    """Who calls, for whom, and as part of which request."""
    headers = {"Authorization": f"Bearer {token}"}
    request_id = get_contextvars().get("request_id")
    if request_id:
        headers["X-Request-Id"] = str(request_id)
    principal = current_principal.get()
    if principal is not None:
        headers["On-Behalf-Of"] = quote(principal.person, safe=":@/+|")
    return headers


def _error_of(name: str, reply: httpx.Response) -> ApiError:
    """The remote's problem as our error. A refusal of *our* identity or rate is our trouble."""
    problem = _problem(reply)
    kind = _PASSED_ON.get(reply.status_code)
    if kind is None or problem is None:
        return Unavailable(f"{name} refused the call with status {reply.status_code}", service=name)
    extra = {key: value for key, value in problem.items() if key not in _PROBLEM_MEMBERS}
    return kind(
        str(problem.get("detail", "")),
        code=str(problem.get("code", kind.code)),
        errors=_field_errors(problem.get("errors")),
        **{key: value for key, value in extra.items() if key not in {"pointer", "headers"}},
    )


def _problem(reply: httpx.Response) -> dict[str, Any] | None:
    if not reply.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        document = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _field_errors(found: Any) -> list[FieldError]:
    fields = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [
        FieldError(
            str(item.get("pointer", "")),
            str(item.get("detail", "")),
            str(item.get("code", "invalid")),
        )
        for item in fields
    ]
