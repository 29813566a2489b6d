"""Changes of portfolios."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from shared.schemas.catalog import Subject
from shared.schemas.common import LongText, ShortText, Wire


def _absent() -> Any:
    """A member that may be left out; read with `exclude_unset`."""
    return Field(default_factory=lambda: None)


class PortfolioPatch(Wire):
    """The fields to change; those left out stay as they are."""

    name: ShortText = _absent()
    manager: Subject | None = _absent()
    strategy: Annotated[LongText, StringConstraints(min_length=1)] | None = _absent()
