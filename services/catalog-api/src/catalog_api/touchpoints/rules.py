"""Where customers meet a service, and what a touchpoint must say of its hours."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import known
from shared.errors import Conflict, Invalid
from shared.schemas.common import FactValue


class Channel(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    CHAT = "chat"
    PORTAL = "portal"
    ON_SITE = "on_site"
    WALK_IN = "walk_in"
    API = "api"
    OTHER = "other"


def check_one_kind_of_hours(hours: str | None, calendar: str | None) -> None:
    """The hours are said in words or by a calendar, so that they cannot contradict (422)."""
    if hours is not None and calendar is not None:
        raise Invalid(
            "Give the hours in words or name a calendar, not both: set the other one to null",
            code="two_kinds_of_hours",
            pointer="/calendar",
        )


def check_open(key: str, active: bool) -> None:
    """Nothing new is offered at a touchpoint that was given up (409)."""
    if not active:
        raise Conflict(
            f"The touchpoint {key} is not active: make it active again first",
            code="touchpoint_inactive",
            missing="active",
        )


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Where a service is met; being met nowhere is known as of now."""
    changed = section["changed_at"]
    as_of = now if changed is None else datetime.fromisoformat(changed)
    return {
        "touchpoint_count": known(section["active_count"], as_of),
        "touchpoint_channels": known(section["channels"], as_of),
        "touchpoints_without_hours_count": known(section["without_hours_count"], as_of),
    }
