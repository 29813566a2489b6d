"""What answers with a report have in common, over HTTP."""

from typing import Any, Final

from fastapi import Request

FORMS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The report, as JSON, CSV or a page that needs nothing but itself",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "text/html": {"schema": {"type": "string"}},
        },
    }
}


def headers_of(request: Request, next_cursor: str | None) -> dict[str, str]:
    """The next page, for the forms that have no place for its cursor (RFC 8288)."""
    headers = {"Vary": "Accept"}
    if next_cursor is not None:
        target = request.url.include_query_params(cursor=next_cursor)
        headers["Link"] = f'<{target.path}?{target.query}>; rel="next"'
    return headers
