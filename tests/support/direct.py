"""A remote that is the provider's real app, over ASGI; a refusal is the error it stands for."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from shared.errors import Conflict, Invalid, NotFound

REFUSALS = {404: NotFound, 409: Conflict, 422: Invalid}


class Direct:
    """Carries requests straight to the app."""

    name = "the provider"

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def request(
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
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else None
        reply = await self._http.request(method, path, params=params, json=json, headers=headers)
        if reply.status_code in REFUSALS:
            problem = reply.json()
            raise REFUSALS[reply.status_code](problem["detail"], code=problem["code"])
        assert reply.is_success, reply.text
        return reply
