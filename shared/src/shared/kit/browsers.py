"""Web pages of other origins: which may call us from a browser, and what they may read (CORS)."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

_SENT = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "On-Behalf-Of",
    "X-API-Key",
    "X-Request-Id",
)
_READ = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Retry-After",
    "X-Request-Id",
)


def cross_origin(origins: Sequence[str]) -> list[Middleware]:
    """What lets pages of these origins call; nothing where there are none.

    Callers bring their token in a header, so no page may make a browser send what it has stored.
    """
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=_SENT,
            expose_headers=_READ,
            max_age=600,
        )
    ]
