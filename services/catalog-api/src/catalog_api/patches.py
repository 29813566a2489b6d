"""How a PATCH tells a member that was left out from one that was set to null."""

from typing import Any

from pydantic import Field


def absent() -> Any:
    """A member that may be left out, and is null only if its type says so.

    Read the model with `exclude_unset`: what was left out is not there.
    """
    return Field(default_factory=lambda: None)
