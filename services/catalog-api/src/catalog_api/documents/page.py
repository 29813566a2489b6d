"""The service document as one HTML page: nothing to fetch, ready to print."""

from catalog_api.documents.layout import laid_out, title
from catalog_api.documents.schemas import DocumentHead
from catalog_api.documents.sections import SECTIONS
from shared.kit.pages import template_of


def as_page(document: DocumentHead) -> str:
    """The whole page; keep it off the event loop."""
    content = document.model_dump()
    sections = [
        ("Service", "", laid_out(content["service"])),
        ("Portfolio", "", laid_out(content["portfolio"])),
        *((title(one.name), one.meaning, laid_out(content[one.name])) for one in SECTIONS),
    ]
    template = template_of("catalog_api.documents", "document.html")
    return template.render(document=document, sections=sections)
