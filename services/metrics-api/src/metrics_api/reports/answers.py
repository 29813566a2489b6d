"""What answers with a report have in common, over HTTP."""

from typing import Any, Final

from fastapi import Request

from shared.kit.page_form import NOTHING_FETCHED

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
    """Of CSV and pages: the next page, for whose cursor they have no place (RFC 8288)."""
    headers = {"Vary": "Accept", **NOTHING_FETCHED}
    if next_cursor is not None:
        target = request.url.include_query_params(cursor=next_cursor)
        headers["Link"] = f'<{target.path}?{target.query}>; rel="next"'
    return headers
