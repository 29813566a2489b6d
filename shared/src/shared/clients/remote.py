"""What a typed client needs of the thing that carries its requests, and how replies are read."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.errors import Unavailable

M = TypeVar("M", bound=BaseModel)
_DOCUMENT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
PAGE_SIZE = 500


class Remote(Protocol):
    """Carries requests to one service; raises shared.errors for every reply that is no 2xx."""

    name: str

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
    ) -> httpx.Response: ...


def read(model: type[M], reply: httpx.Response, remote: Remote) -> M:
    """The reply as its model; a reply of another shape is as bad as none (503).

    Fields we do not know are ignored: the provider may be newer than we are.
    """
    try:
        return model.model_validate_json(reply.content, extra="ignore")
    except ValidationError as problem:
        raise Unavailable(
            f"{remote.name} answered in a shape this release does not know"
            f" ({problem.error_count()} differences)",
            service=remote.name,
        ) from problem


def read_document(reply: httpx.Response, remote: Remote) -> dict[str, Any]:
    """The reply as it was sent, which is a JSON object; 503 when it is none."""
    try:
        return _DOCUMENT.validate_json(reply.content)
    except ValidationError as problem:
        raise Unavailable(f"{remote.name} answered no object", service=remote.name) from problem


async def items_of(
    remote: Remote, path: str, params: Mapping[str, Any], deadline: timedelta | None = None
) -> AsyncIterator[dict[str, Any]]:
    """The `items` or `rows` of a paged list as they are sent, in its order, page by page."""
    asked = {"limit": PAGE_SIZE, **params}
    while True:
        reply = await remote.request("GET", path, params=asked, deadline=deadline)
        page = read_document(reply, remote)
        for item in page.get("items", page.get("rows", ())):
            yield item
        if not page.get("next_cursor"):
            return
        asked = {**asked, "cursor": page["next_cursor"]}
