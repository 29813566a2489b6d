"""What changes between a service as it is and as it is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEEDED_TO_CREATE = ("name", "portfolio", "kind")


@dataclass(frozen=True)
class FieldChange:
    before: Any
    after: Any


def changes(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, FieldChange]:
    """The wanted fields that differ from the present ones; fields not named stay as they are."""
    return {
        field: FieldChange(present[field], value)
        for field, value in wanted.items()
        if present[field] != value
    }


def before_of(changed: Mapping[str, FieldChange]) -> dict[str, Any]:
    return {field: change.before for field, change in changed.items()}


def after_of(changed: Mapping[str, FieldChange]) -> dict[str, Any]:
    return {field: change.after for field, change in changed.items()}


def repeated_keys(keys: list[str]) -> list[int]:
    """Positions of keys that stand earlier in the list already."""
    first = {key: position for position, key in reversed(list(enumerate(keys)))}
    return [position for position, key in enumerate(keys) if first[key] != position]
