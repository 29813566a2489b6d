"""In which form something is answered that has several: JSON, CSV or a page."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar

Choice = TypeVar("Choice")


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"
    HTML = "html"


_BY_MEDIA_TYPE = {
    "application/json": Form.JSON,
    "text/csv": Form.CSV,
    "text/html": Form.HTML,
}


def accepted_form(accept: str, offered: Collection[Form] = tuple(Form)) -> Form:
    """The offered form an Accept header likes best, JSON where it leaves the choice."""
    media_types = {name: form for name, form in _BY_MEDIA_TYPE.items() if form in offered}
    return preferred(accept, media_types, Form.JSON)


def preferred(accept: str, offered: Mapping[str, Choice], otherwise: Choice) -> Choice:
    """What is offered under the media type that an Accept header likes best (RFC 9110, 12.5.1)."""
    best, best_quality = otherwise, 0.0
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = _quality(parameters)
        if media_type in offered and quality > best_quality:
            best, best_quality = offered[media_type], quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
