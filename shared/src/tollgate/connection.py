"""Where the three services are, who the caller is, and what a refusal means in one line."""

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx
import typer

from tollgate.exits import CommandFailed
from tollgate.token import KEY_FILE, data_dir, sign_as

Provider = Literal["catalog", "metrics", "improvement"]
PORTS: dict[Provider, int] = {"catalog": 8001, "metrics": 8002, "improvement": 8003}

TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="TOLLGATE_TOKEN",
        help="Bearer token; without one the local issuer's key in DATA_DIR signs one.",
        show_default=False,
    ),
]


class _Bearer(httpx.Auth):
    """Asks for the token anew at each request, so that a long import outlives no token."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        yield request


@dataclass(frozen=True)
class Caller:
    """Whom the services see; `transport` replaces the network in tests."""

    token: str | None = None
    transport: httpx.BaseTransport | None = None

    def auth(self) -> httpx.Auth:
        """The token that was given, else tokens of the local issuer; CommandFailed without."""
        given = "".join((self.token or "").split())  # a secret that was pasted ends a line
        if not given:
            return _local_bearer("admin")
        if not (given.isascii() and given.isprintable()):
            raise CommandFailed("The token holds what no token can: set TOLLGATE_TOKEN anew")
        return _Bearer(lambda: given)

    def person(self, subject: str, *roles: str) -> httpx.Auth | None:
        """Tokens of another person, for what only they may sign; None where we cannot make any."""
        return None if self.token else _local_bearer(subject, roles)


def _local_bearer(subject: str, roles: Sequence[str] = ()) -> httpx.Auth:
    key_file = data_dir() / KEY_FILE
    if key_file.exists():
        return _Bearer(partial(sign_as, subject, roles=roles, key_file=key_file))
    raise CommandFailed(
        f"There is no token: set TOLLGATE_TOKEN, or run `make up` first ({key_file} is missing)"
    )


def caller_of(context: typer.Context, token: str | None) -> Caller:
    """The caller of this command line: its token, on the transport that `main` was given."""
    return Caller(token=token, transport=context.obj)


def service_url(provider: Provider) -> str:
    """`CATALOG_URL` and its like, else loopback on `CATALOG_PORT`, else the default port."""
    prefix = provider.upper()
    port = os.environ.get(f"{prefix}_PORT") or PORTS[provider]
    return os.environ.get(f"{prefix}_URL") or f"http://127.0.0.1:{port}"


def open_client(provider: Provider, caller: Caller, *, timeout: float = 60) -> httpx.Client:
    """A client of one service; `timeout` in seconds holds for each wait on the connection."""
    url = service_url(provider)
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
        if scheme not in {"http", "https"} or not host:
            raise ValueError("it must begin with http:// or https:// and a host")
        return httpx.Client(
            base_url=url,
            auth=caller.auth(),
            timeout=timeout,
            transport=caller.transport,
            trust_env=host not in {"127.0.0.1", "localhost", "::1"},  # no proxy to ourselves
        )
    except (ValueError, httpx.InvalidURL) as error:
        raise CommandFailed(
            f"{url} is no URL ({error}): set {provider.upper()}_URL or {provider.upper()}_PORT"
        ) from error


def call(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    """The answer of a service where it is a success, else CommandFailed."""
    try:
        response = client.request(method, path, **request)
    except httpx.TimeoutException as error:
        raise CommandFailed(
            f"{client.base_url} did not answer in time: look at {client.base_url}readyz, try again"
        ) from error
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise CommandFailed(
            f"{client.base_url} cannot be reached ({error}):"
            " start it with `make up`, or set CATALOG_URL, METRICS_URL, IMPROVEMENT_URL"
        ) from error
    if not response.is_success:
        raise refusal(response)
    return response


def body_of(response: httpx.Response) -> Any:
    """The JSON of an answer, or CommandFailed: another program may listen on that port."""
    try:
        return response.json()
    except ValueError as error:
        raise CommandFailed(
            f"{response.request.url} answered something else than JSON: is the URL a Tollgate's?"
        ) from error


def refusal(response: httpx.Response) -> CommandFailed:
    """What a service answered, in one line with the next step."""
    said = _detail(response)
    request = f"{response.request.method} {response.request.url.path}"
    if response.status_code == httpx.codes.UNAUTHORIZED:
        step = "set TOLLGATE_TOKEN to a valid token (`tollgate token` prints one)"
    elif response.status_code == httpx.codes.FORBIDDEN:
        step = "use a token with the scope it needs"
    elif response.is_server_error:
        step = "try again; the server's log has the reason under its request id"
    else:
        step = "correct the request"
    return CommandFailed(f"{request} answered {response.status_code}: {said}; {step}")


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
        detail = str(problem["detail"])
        fields = [
            f"{field['pointer']}: {field['detail']}"
            for field in problem.get("errors") or ()
            if field["detail"] not in detail
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "no problem document"
    return "; ".join([detail.rstrip("."), *fields])
