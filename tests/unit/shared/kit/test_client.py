"""Calls to another service: patience, retries, the circuit, and whose errors are passed on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.contextvars import bound_contextvars

from shared.clients.catalog import CatalogClient
from shared.clients.metrics import MetricsClient
from shared.errors import ApiError, Conflict, Invalid, NotFound, Unavailable
from shared.kit.auth import Principal, current_principal
from shared.kit.client import CallPolicy, RemoteClient
from shared.kit.identity import TokenProvider
from shared.kit.settings import TrustedIssuer
from shared.kit.trust import TokenVerifier
from shared.schemas.catalog import Reference
from tests.support.plumbing import PlumbingSettings, make_key

Reply = httpx.Response | Exception
Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
PATIENCE = timedelta(milliseconds=300)


class Provider:
    """Another service: answers from a script whose last line repeats, and notes what was asked."""

    def __init__(self, *script: Reply) -> None:
        self.script = list(script)
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)


async def hanging(request: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets the event")


@pytest.fixture
def settings(tmp_path: Path) -> PlumbingSettings:
    return PlumbingSettings(identity_key_file=make_key(tmp_path, "plumbing-api"))


def client(settings: PlumbingSettings, provider: Handler, **policy: Any) -> RemoteClient:
    return RemoteClient(
        settings,
        "catalog-api",
        "http://catalog.test",
        policy=CallPolicy(**{"deadline": PATIENCE, **policy}),
        transport=httpx.MockTransport(provider),
    )


def ok(body: Any = None) -> httpx.Response:
    return httpx.Response(200, json=body if body is not None else {})


def problem(status: int, **members: Any) -> httpx.Response:
    document = {"type": "urn:x", "title": "t", "status": status, "detail": "d", **members}
    return httpx.Response(
        status, json=document, headers={"Content-Type": "application/problem+json"}
    )


async def failure(call: Awaitable[Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await call
    return caught.value


def let_the_pause_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circuitbreaker.monotonic", lambda: time.monotonic() + 60)


async def test_a_read_is_repeated_until_the_provider_is_back(settings: PlumbingSettings) -> None:
    provider = Provider(httpx.ConnectError("refused"), httpx.Response(503), ok({"a": 1}))

    reply = await client(settings, provider, deadline=timedelta(seconds=5)).request("GET", "/x")

    assert reply.json() == {"a": 1}
    assert len(provider.requests) == 3


async def test_a_creation_is_never_repeated(settings: PlumbingSettings) -> None:
    provider = Provider(httpx.Response(503))

    error = await failure(client(settings, provider).request("POST", "/x", json={}))

    assert isinstance(error, Unavailable)
    assert len(provider.requests) == 1


async def test_a_creation_with_a_key_is_repeated_under_the_same_key(
    settings: PlumbingSettings,
) -> None:
    provider = Provider(httpx.Response(502), ok())

    await client(settings, provider, deadline=timedelta(seconds=5)).request(
        "POST", "/x", json={"n": 1}, idempotency_key="once"
    )

    assert [sent.headers["Idempotency-Key"] for sent in provider.requests] == ["once", "once"]


async def test_a_post_that_is_declared_safe_is_repeated(settings: PlumbingSettings) -> None:
    provider = Provider(httpx.Response(502), ok())

    await client(settings, provider, deadline=timedelta(seconds=5)).request(
        "POST", "/x", json={"n": 1}, idempotent=True
    )

    assert [request.content for request in provider.requests] == [b'{"n":1}'] * 2


@pytest.mark.parametrize("reply", [httpx.Response(500), httpx.ReadTimeout("slow")])
async def test_what_may_have_been_worked_on_is_not_repeated(
    settings: PlumbingSettings, reply: Reply
) -> None:
    provider = Provider(reply)

    assert isinstance(await failure(client(settings, provider).request("GET", "/x")), Unavailable)
    assert len(provider.requests) == 1


async def test_a_hanging_provider_is_answered_for_within_the_deadline(
    settings: PlumbingSettings,
) -> None:
    started = time.monotonic()

    error = await failure(client(settings, hanging).request("GET", "/x"))

    assert isinstance(error, Unavailable)
    assert error.extra["service"] == "catalog-api"
    assert time.monotonic() - started < PATIENCE.total_seconds() + 0.3


async def test_a_hanging_token_endpoint_counts_into_the_deadline(
    settings: PlumbingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings.model_copy(
        update={"identity_key_file": None, "token_url": "https://issuer.example/token"}
    )
    remote = client(given, Provider(ok()))
    monkeypatch.setattr(
        remote, "_identity", TokenProvider(given, transport=httpx.MockTransport(hanging))
    )
    started = time.monotonic()

    assert isinstance(await failure(remote.request("GET", "/x")), Unavailable)
    assert time.monotonic() - started < PATIENCE.total_seconds() + 0.3


async def test_all_attempts_together_stay_within_the_deadline(settings: PlumbingSettings) -> None:
    provider = Provider(httpx.ConnectError("refused"))
    started = time.monotonic()

    await failure(client(settings, provider, attempts=1000).request("GET", "/x"))

    assert time.monotonic() - started < PATIENCE.total_seconds() + 0.3


async def test_a_provider_that_keeps_failing_is_given_a_pause(settings: PlumbingSettings) -> None:
    provider = Provider(httpx.Response(500))
    remote = client(settings, provider, failures_to_open=3)
    for _ in range(3):
        await failure(remote.request("GET", "/x"))

    error = await failure(remote.request("GET", "/x"))

    assert isinstance(error, Unavailable)
    assert int(error.headers["Retry-After"]) >= 1
    assert len(provider.requests) == 3


async def test_after_the_pause_one_call_tries_and_closes_the_circuit(
    settings: PlumbingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Provider(httpx.Response(500), ok())
    remote = client(settings, provider, failures_to_open=1)
    await failure(remote.request("GET", "/x"))

    let_the_pause_pass(monkeypatch)

    assert (await remote.request("GET", "/x")).is_success
    assert (await remote.request("GET", "/x")).is_success


async def test_after_the_pause_only_one_call_at_a_time_tries(
    settings: PlumbingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def fails_then_hangs(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return httpx.Response(500) if calls == 1 else await hanging(request)

    remote = client(settings, fails_then_hangs, failures_to_open=1)
    await failure(remote.request("GET", "/x"))
    let_the_pause_pass(monkeypatch)

    errors = await asyncio.gather(*(failure(remote.request("GET", "/x")) for _ in range(5)))

    assert all(isinstance(error, Unavailable) for error in errors)
    assert calls == 2


async def test_a_caller_who_gives_up_does_not_close_the_circuit(settings: PlumbingSettings) -> None:
    in_flight = asyncio.Event()

    async def noticed(request: httpx.Request) -> httpx.Response:
        in_flight.set()
        return await hanging(request)

    remote = client(settings, noticed, failures_to_open=2)
    await failure(remote.request("GET", "/x"))
    in_flight.clear()
    given_up = asyncio.create_task(remote.request("GET", "/x"))
    await in_flight.wait()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await failure(remote.request("GET", "/x"))
    started = time.monotonic()

    await failure(remote.request("GET", "/x"))

    assert time.monotonic() - started < PATIENCE.total_seconds() / 2


async def test_an_answer_of_no_use_to_us_is_no_failure_of_the_provider(
    settings: PlumbingSettings,
) -> None:
    provider = Provider(problem(404))
    remote = client(settings, provider, failures_to_open=1)

    for _ in range(3):
        assert isinstance(await failure(remote.request("GET", "/x")), NotFound)


async def test_a_problem_of_the_provider_is_passed_on_whole(settings: PlumbingSettings) -> None:
    field = {"pointer": "/name", "detail": "too long", "code": "string_too_long"}
    reply = problem(409, code="wrong_stage", detail="Not now", gate="g", errors=[field])
    provider = Provider(reply)

    error = await failure(client(settings, provider).request("POST", "/x", json={}))

    assert isinstance(error, Conflict)
    assert (error.code, error.detail, error.extra) == ("wrong_stage", "Not now", {"gate": "g"})
    assert vars(error.errors[0]) == field


async def test_an_odd_problem_document_is_still_an_error(settings: PlumbingSettings) -> None:
    provider = Provider(problem(422, errors="?", headers={}, pointer="/x"))

    assert isinstance(await failure(client(settings, provider).request("GET", "/x")), Invalid)


@pytest.mark.parametrize(
    "reply", [problem(401), problem(429), httpx.Response(404, text="proxy"), httpx.Response(302)]
)
async def test_our_own_trouble_with_the_provider_is_not_the_callers(
    settings: PlumbingSettings, reply: Reply
) -> None:
    error = await failure(client(settings, Provider(reply)).request("GET", "/x"))

    assert isinstance(error, Unavailable)


async def test_the_provider_hears_who_calls_for_whom_in_which_request(
    settings: PlumbingSettings, tmp_path: Path
) -> None:
    provider = Provider(ok())
    current_principal.set(Principal("Zoë Q", "user", frozenset()))

    with bound_contextvars(request_id="r-1"):
        await client(settings, provider).request("GET", "/x")

    headers = provider.requests[0].headers
    assert headers["X-Request-Id"] == "r-1"
    assert headers["On-Behalf-Of"] == "Zo%C3%AB%20Q"
    trusted = TrustedIssuer(
        issuer="urn:tollgate:plumbing-api",
        jwks=str(tmp_path / "plumbing-api.jwks.json"),
        subject="plumbing-api",
        scopes=frozenset({"catalog:read"}),
    )
    caller = await TokenVerifier([trusted], "tollgate").verify(headers["Authorization"][7:])
    assert caller.subject == "plumbing-api"
    assert caller.is_service


async def test_without_an_identity_nothing_is_called() -> None:
    provider = Provider(ok())

    error = await failure(client(PlumbingSettings(), provider).request("GET", "/x"))

    assert isinstance(error, Unavailable)
    assert provider.requests == []


async def test_a_reply_of_an_unknown_shape_is_as_bad_as_none(settings: PlumbingSettings) -> None:
    catalog = CatalogClient(client(settings, Provider(ok({"key": 1}))))

    assert isinstance(await failure(catalog.get_service("a")), Unavailable)


async def test_a_newer_provider_may_say_more_than_we_know(settings: PlumbingSettings) -> None:
    body = {"items": [{"source": None, "name": "n", "service": "s", "new": 1}], "more": True}
    provider = Provider(ok(body))

    found = await CatalogClient(client(settings, provider)).resolve_references(
        [Reference(source=None, name="n")]
    )

    assert found[0].service == "s"


async def test_keys_are_quoted_in_paths(settings: PlumbingSettings) -> None:
    provider = Provider(ok({"service": "s", "facts": {}}))

    await MetricsClient(client(settings, provider)).service_facts("a/../b")

    assert provider.requests[0].url.raw_path == b"/v1/services/a%2F..%2Fb/facts"
