"""How strongly a service supports what a customer must be able to do."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import known
from shared.errors import Conflict
from shared.schemas.common import FactValue


class Strength(StrEnum):
    """Without an essential service the activity stops, without an important one it suffers."""

    ESSENTIAL = "essential"
    IMPORTANT = "important"
    HELPFUL = "helpful"


def at_least(strength: Strength) -> list[Strength]:
    """This strength and every greater one."""
    strongest_first = list(Strength)
    return strongest_first[: strongest_first.index(strength) + 1]


def check_needed(key: str, active: bool) -> None:
    """What a customer no longer does needs no new support (409)."""
    if not active:
        raise Conflict(
            f"The vital activity {key} is not active: make it active again first",
            code="vital_activity_inactive",
            missing="active",
        )


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """What hangs on a service; nothing supported is known as of now."""
    changed = section["changed_at"]
    as_of = now if changed is None else datetime.fromisoformat(changed)
    return {
        "vital_activities_supported_count": known(section["supported_count"], as_of),
        "essential_vital_activity_count": known(section["essential_count"], as_of),
        "critical_vital_activity_count": known(section["critical_count"], as_of),
    }
