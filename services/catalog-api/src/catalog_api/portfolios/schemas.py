"""Changes of portfolios."""

from typing import Annotated

from pydantic import Field

from shared.kit.patches import absent
from shared.schemas.catalog import Subject
from shared.schemas.common import Key, NonBlank, ShortText, Wire


class PortfolioPatch(Wire):
    """The fields to change; those left out stay as they are."""

    name: ShortText = absent()
    manager: Subject | None = absent()
    strategy: NonBlank | None = absent()


class PortfolioUpsert(PortfolioPatch):
    """A portfolio by key; a new one needs a name."""

    key: Key


PortfolioUpserts = Annotated[list[PortfolioUpsert], Field(min_length=1, max_length=500)]
