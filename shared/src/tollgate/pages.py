"""Lists of the services, read page by page."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from tollgate.connection import body_of
from tollgate.resending import call_until_answered

LIMIT = 500


def items_of(
    client: httpx.Client, path: str, patience: float, query: Mapping[str, Any] | None = None
) -> Iterator[Any]:
    """Every item of a list; each page is asked for again for up to `patience` seconds."""
    asked: dict[str, Any] = {"limit": LIMIT, **(query or {})}
    while True:
        answer = call_until_answered(client, "GET", path, patience=patience, params=asked)
        page = body_of(answer)
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        asked["cursor"] = page["next_cursor"]
