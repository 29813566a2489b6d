"""How a domain states facts about a service: definitions, and values that say how old they are."""

from datetime import datetime
from typing import Any

from shared.schemas.common import FactDefinition, FactValue


def definition(name: str, kind: str, unit: str | None, meaning: str) -> FactDefinition:
    """A fact of catalog-api; `kind` is number, integer, boolean, string or list."""
    return FactDefinition(name=name, type=kind, unit=unit, owner="catalog", meaning=meaning)


def known(value: Any, as_of: datetime) -> FactValue:
    """A value and when it last changed, or now for what is computed from today's state."""
    return FactValue(value=value, as_of=as_of, reason=None)


def unknown(reason: str, as_of: datetime) -> FactValue:
    """No value, and why."""
    return FactValue(value=None, as_of=as_of, reason=reason)
