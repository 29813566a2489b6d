"""What a typed client needs of the thing that carries its requests, and how replies are read."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from shared.errors import Unavailable

M = TypeVar("M", bound=BaseModel)


class Remote(Protocol):
    """Carries requests to one service; raises shared.errors for every reply that is no 2xx."""

    name: str

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotent: bool | None = None,
        idempotency_key: str | None = None,
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
