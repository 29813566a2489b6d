"""What the catalog promises: calendars, schemes and agreements, as metrics-api copies them."""

from datetime import UTC, date, datetime
from typing import Any

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def weekly(start: str, end: str, days: tuple[str, ...] = WORKDAYS) -> list[dict[str, str]]:
    return [{"day": day, "start": start, "end": end} for day in days]


def calendar(key: str = "office", version: int = 1, **fields: Any) -> dict[str, Any]:
    """Nine to five from Monday to Friday, UTC."""
    return {
        "calendar": key,
        "version": version,
        "timezone": "UTC",
        "always_open": False,
        "weekly": weekly("09:00", "17:00"),
        "country": None,
        "subdivision": None,
        "own_days": [],
        "worked_days": [],
        "closed_days": [],
        "first_year": None,
        "last_year": None,
        "library": None,
        "recorded_at": LONG_AGO,
        "recorded_by": "ada",
    } | fields


def promised(
    priority: int,
    response: int | None,
    resolution: int | None,
    calendar: str = "office",
    calendar_version: int = 1,
) -> dict[str, Any]:
    """The targets of one priority, in minutes."""
    return {
        "priority": priority,
        "name": f"P{priority}",
        "response_minutes": response,
        "resolution_minutes": resolution,
        "calendar": calendar,
        "calendar_version": calendar_version,
    }


def scheme(
    key: str = "standard", version: int = 1, *priorities: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """Priority 1 within an hour and a day's work; impact and urgency are high or low."""
    return {
        "scheme": key,
        "version": version,
        "impacts": ["high", "low"],
        "urgencies": ["high", "low"],
        "matrix": {"high": {"high": 1, "low": 2}, "low": {"high": 2, "low": 3}},
        "priorities": list(priorities) or [promised(1, 60, 480), promised(2, 120, 960)],
        "recorded_at": LONG_AGO,
        "recorded_by": "ada",
    } | fields


def agreement(
    key: str = "mail-sla", version: int = 1, *, services: tuple[str, ...] = ("mail",), **fields: Any
) -> dict[str, Any]:
    """An active SLA; `hours`, `priority_scheme`, `targets` and `guarantees` go into its text."""
    terms = ("hours", "priority_scheme", "targets", "guarantees", "valid_from", "valid_to")
    text = {name: fields.pop(name) for name in terms if name in fields}
    kind = fields.get("kind", "sla")
    return {
        "agreement": key,
        "name": key,
        "kind": kind,
        "version": version,
        "state": "active",
        "text": _text(key, version, kind, services) | text,
        "text_hash": "0" * 64,
        "signatures": [],
        "starts_at": LONG_AGO,
        "ends_at": None,
        "authored_by": "ada",
        "submitted_at": LONG_AGO,
        "signed_at": LONG_AGO,
        "activated_at": LONG_AGO,
        "ended_at": None,
        "end_reason": None,
        "held_back": None,
        "revision": 1,
        "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
    } | fields


def _text(key: str, version: int, kind: str, services: tuple[str, ...]) -> dict[str, Any]:
    return {
        "agreement": key,
        "version": version,
        "kind": kind,
        "provider": {"kind": "it", "key": None, "name": "IT", "signatories": ["ada"]},
        "customer": {"kind": "customer", "key": "finance", "name": "Finance", "signatories": []},
        "services": list(services),
        "vendor_products": [],
        "hours": {"calendar": "office", "calendar_version": 1},
        "priority_scheme": None,
        "targets": [],
        "guarantees": [],
        "terms": "",
        "valid_from": date(2000, 1, 1),
        "valid_to": None,
        "review_date": date(2001, 1, 1),
    }
