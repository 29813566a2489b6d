"""The service document: the service, its portfolio, and a member for each section."""

from datetime import datetime
from typing import Any

from pydantic import Field, create_model

from catalog_api.documents.sections import SECTIONS
from shared.schemas.catalog import ServiceOut
from shared.schemas.common import Out


class DocumentPortfolio(Out):
    key: str
    name: str
    manager: str | None
    strategy: str | None


class DocumentHead(Out):
    """What every document starts with; `made_at` is the moment all of it was true."""

    made_at: datetime
    service: ServiceOut
    portfolio: DocumentPortfolio


def _members() -> dict[str, Any]:
    return {
        section.name: (section.shape, Field(description=section.meaning)) for section in SECTIONS
    }


# Made from the sections, so that a domain that adds one adds it to the contract as well.
ServiceDocument: type[DocumentHead] = create_model(
    "ServiceDocument",
    __base__=DocumentHead,
    __doc__="Everything the catalog knows of a service: what tollgates and portals read.",
    **_members(),
)
