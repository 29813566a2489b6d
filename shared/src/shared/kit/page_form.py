"""Whether a report is asked for as JSON or as its page, and how the page is answered."""

from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Header, Query, Response

from shared.kit.forms import Form, accepted_form

_OFFERED: Final = (Form.JSON, Form.HTML)
_VARY: Final = {"Vary": "Accept"}
NOTHING_FETCHED: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"
}
"""Headers of a page or picture that is whole in itself: a browser fetches and runs nothing."""


HTML_TOO: Final[dict[str, Any]] = {"content": {"text/html": {"schema": {"type": "string"}}}}
"""A reply that has a page beside its JSON, as the contract says it."""


async def _as_page(
    response: Response,
    form: Annotated[
        Literal[Form.JSON, Form.HTML] | None,
        Query(alias="format", description="stands above the Accept header"),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> bool:
    response.headers.update(_VARY)
    return (form or accepted_form(accept, _OFFERED)) is Form.HTML


AsPage = Annotated[bool, Depends(_as_page)]
"""True: answer with `page_reply`; else the reply has its headers already."""


def page_reply(body: str | bytes) -> Response:
    """A page, in place of the JSON that the same path gives."""
    return Response(body, headers=_VARY | NOTHING_FETCHED, media_type="text/html; charset=utf-8")
