"""The service document as one HTML page: nothing to fetch, ready to print."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog_api.documents.schemas import DocumentHead
from catalog_api.documents.sections import SECTIONS
from shared.kit.pages import template_of


def as_page(document: DocumentHead) -> str:
    """The whole page; keep it off the event loop."""
    content = document.model_dump(mode="json")
    sections = [(_title(one.name), one.meaning, content[one.name]) for one in SECTIONS]
    template = template_of("catalog_api.documents", "document.html")
    return template.render(
        document=content, made_at=document.made_at, sections=sections, title=_title, kind=_kind
    )


def _title(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _kind(value: Any) -> str:
    """How a value is shown: nothing, rows (a table), fields (pairs), list or text."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, Mapping):
        return "fields"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "rows" if all(isinstance(item, Mapping) for item in value) else "list"
    return "text"
