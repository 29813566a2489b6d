"""The router of our services: keeps idempotent replies, links the next page, finds its routes."""

import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import product
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import SecurityScopes
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from shared.kit.auth import asks_who_calls, authenticate
from shared.kit.etag import is_single, tag_content
from shared.kit.idempotency import keep_reply
from shared.kit.parameters import query_parameters, refuse_unknown

SMALL_BODY = 64 * 1024  # bytes
_Shape = tuple[int, str, str]
_ANY = "*"
_ALLOWED = "tollgate.allowed"
"""In the scope of a request whose path is known but not with its method: those it has."""
_IN_PATHS = "/%:@!$&'()*+,;="
_SLASH = "\udc2f"
"""Stands for a slash inside a part of a path; no path decodes to it."""
_NEXT_CURSOR = re.compile(rb'"next_cursor":"([A-Za-z0-9_-]+)"\}$')


class Route(APIRoute):
    """A route that takes no parameters but its own, and whose finished reply is seen before the
    transaction commits."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = query_parameters(self.dependant)
        guarded = asks_who_calls(self.dependant)
        single = self.methods == {"GET"} and is_single(self.path_format)

        async def handle_and_keep(request: Request) -> Response:
            refuse_unknown(request, known)
            if guarded and _may_be_large(request):
                await authenticate(request, SecurityScopes())
            response = await handle(request)
            await keep_reply(request, response)
            if getattr(request.state, "paged", False):
                _link_next_page(request, response)
            elif single:
                tag_content(response)
            return response

        return handle_and_keep


def _may_be_large(request: Request) -> bool:
    """FastAPI reads and parses a body before it asks who sends it. To parse some megabytes of JSON
    keeps all others waiting, so nobody has that done who is not known."""
    sent = request.headers.get("content-length", "")
    return "transfer-encoding" in request.headers or (sent.isdecimal() and int(sent) > SMALL_BODY)


class ThinRoute(APIRoute):
    """A route whose endpoint takes the request and answers a response, with nothing in between.

    For what is called thousands of times a second: dependencies, their validation and that of the
    reply take longer than such an endpoint. It says in `openapi_extra` what it takes.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


class Router(APIRouter):
    """An APIRouter of our routes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, **options)


def _link_next_page(request: Request, response: Response) -> None:
    """RFC 8288: `Link: <...>; rel="next"`. The cursor ends the body, so the body is not parsed."""
    found = _NEXT_CURSOR.search(bytes(response.body)[-2200:])
    if found:
        query = request.url.include_query_params(cursor=found.group(1).decode()).query
        # As it was sent: decoded it may hold what no header can, such as the end of a line.
        path = quote(request.scope["raw_path"], safe=_IN_PATHS)
        response.headers["Link"] = f'<{path}?{query}>; rel="next"'


class RouteTable(BaseRoute):
    """Routes found by the shape of their path: asking hundreds in turn takes longer than a read.

    The shape of `/v1/services/{key}/owners/{id}` is its length and the words `services` and
    `owners`. It stands in an app for all its routes; `include_router` would build each of them a
    second time, at the first requests.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = list(routes)
        self._by_shape: dict[_Shape, list[APIRoute]] = {}
        for route in self.routes:
            assert isinstance(route, APIRoute), "our routers hold nothing else"
            self._by_shape.setdefault(_shape(route.path_format), []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette's router: the first that fits wholly, else the first but for its method."""
        if scope["type"] != "http":
            return Match.NONE, {}
        if b"%2f" in scope["raw_path"].lower():
            return self._matches_in_parts(scope)
        return self._first_match(scope)

    def _matches_in_parts(self, scope: Scope) -> tuple[Match, Scope]:
        """As `matches`; a slash that was sent as %2F is one of an id, and parts nothing."""
        parts = re.split("%2f", scope["raw_path"].decode("latin-1"), flags=re.IGNORECASE)
        match, child_scope = self._first_match({**scope, "path": _SLASH.join(map(unquote, parts))})
        if match is not Match.NONE:
            child_scope["path_params"] = {
                name: value.replace(_SLASH, "/") if isinstance(value, str) else value
                for name, value in child_scope["path_params"].items()
            }
        return match, child_scope

    def _first_match(self, scope: Scope) -> tuple[Match, Scope]:
        found: Scope = {}
        methods: set[str] = set()
        for route in self._candidates(_shape(scope["path"])):
            match, child_scope = route.matches(scope)
            if match is Match.FULL:
                return match, child_scope
            if match is Match.PARTIAL:
                found = found or child_scope
                methods |= route.methods or set()
        return (Match.PARTIAL, {**found, _ALLOWED: methods}) if found else (Match.NONE, {})

    def _candidates(self, shape: _Shape) -> Iterator[APIRoute]:
        length, first, second = shape
        for words in product((first, _ANY), (second, _ANY)):
            yield from self._by_shape.get((length, *words), ())

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The route that matched answers; of one path there may be several, each of a method."""
        if _ALLOWED in scope:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(scope[_ALLOWED]))})
        await scope["route"].handle(scope, receive, send)


def _shape(path: str) -> _Shape:
    parts = path.split("/")
    first = parts[2] if len(parts) > 2 else parts[-1]
    second = parts[4] if len(parts) > 4 else ""
    return len(parts), _word(first), _word(second)


def _word(part: str) -> str:
    return _ANY if part.startswith("{") else part
