"""How a PATCH tells a member that was left out from one that was set to null."""

from collections.abc import Collection
from typing import Any, Literal

from pydantic import BaseModel, Field


def absent() -> Any:
    """A member that may be left out, and is null only if its type says so; `named` reads it."""
    return Field(default_factory=lambda: None)


def named(
    patch: BaseModel,
    *,
    mode: Literal["python", "json"] = "python",
    without: Collection[str] = (),
) -> dict[str, Any]:
    """The members that were sent. (`exclude_unset` would drop defaults inside them as well.)"""
    return patch.model_dump(mode=mode, include=patch.model_fields_set - set(without))
