"""The router of our services: keeps idempotent replies and links the next page."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from shared.kit.idempotency import keep_reply

_NEXT_CURSOR = re.compile(rb'"next_cursor":"([A-Za-z0-9_-]+)"\}$')


class Route(APIRoute):
    """A route whose finished reply is seen before the transaction commits."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_keep(request: Request) -> Response:
            response = await handle(request)
            await keep_reply(request, response)
            if getattr(request.state, "paged", False):
                _link_next_page(request, response)
            return response

        return handle_and_keep


class Router(APIRouter):
    """An APIRouter of our routes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, **options)


def _link_next_page(request: Request, response: Response) -> None:
    """RFC 8288: `Link: <...>; rel="next"`. The cursor ends the body, so the body is not parsed."""
    found = _NEXT_CURSOR.search(bytes(response.body)[-2200:])
    if found:
        target = request.url.include_query_params(cursor=found.group(1).decode())
        response.headers["Link"] = f'<{target.path}?{target.query}>; rel="next"'
