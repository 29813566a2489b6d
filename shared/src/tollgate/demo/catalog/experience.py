"""What customers must be able to do, which services they need for it, and where they meet them."""

from datetime import date
from typing import Any, NamedTuple

from tollgate.demo.making import Providers, ensure, ensure_linked


class Activity(NamedTuple):
    key: str
    customer: str
    name: str
    criticality: str
    business_impact: str
    services: dict[str, str]  # service → how strongly it supports the activity


class Touchpoint(NamedTuple):
    key: str
    name: str
    channel: str
    address: str | None
    hours: dict[str, str]  # by a calendar, in words, or not said
    services: tuple[str, ...]


ACTIVITIES = (
    Activity(
        "take-orders", "sales", "Take and confirm orders", "critical",
        "Forty orders a day wait, and some go elsewhere",
        {
            "erp": "essential",
            "network-infrastructure": "essential",
            "email-and-calendar": "helpful",
        },
    ),
    Activity(
        "talk-to-customers", "sales", "Talk to customers", "high",
        "Appointments are missed",
        {"email-and-calendar": "essential", "video-meetings": "important"},
    ),
    Activity(
        "close-the-books", "finance", "Close the month", "high",
        "Figures reach the bank late", {"erp": "essential", "file-sharing": "helpful"},
    ),
    Activity(
        "pay-salaries", "human-resources", "Pay salaries on the 25th", "critical",
        "Six hundred people are not paid", {"payroll-portal": "essential", "erp": "important"},
    ),
    Activity(
        "keep-lines-running", "production", "Keep the lines running", "critical",
        "9,000 EUR for each hour of standstill",
        {"network-infrastructure": "essential", "application-support": "important"},
    ),
    Activity(
        "get-drawings", "dealers", "Get current drawings", "medium",
        "Dealers order the wrong part", {"file-sharing": "essential"},
    ),
    # Nothing supports it: a red line of the demo.
    Activity(
        "hand-over-shifts", "production", "Hand over between shifts", "medium",
        "Faults are found twice", {},
    ),
)  # fmt: skip

TOUCHPOINTS = (
    Touchpoint(
        "service-desk-phone", "Service desk by phone", "phone", "+41 44 555 01 00",
        {"calendar": "office-hours"},
        (
            "email-and-calendar", "identity-and-access", "managed-laptop", "file-sharing",
            "video-meetings", "printing", "intranet", "payroll-portal", "erp",
        ),
    ),
    Touchpoint(
        "service-portal", "Service portal", "portal", "https://portal.example/it",
        {"calendar": "around-the-clock"},
        ("email-and-calendar", "identity-and-access", "managed-laptop", "file-sharing", "erp"),
    ),
    Touchpoint(
        "control-room", "Control room of the plant", "on_site", "Hall 3",
        {"hours": "Whenever a line runs"}, ("network-infrastructure", "application-support"),
    ),
    Touchpoint("laptop-bar", "Laptop bar", "walk_in", "Ground floor", {}, ("managed-laptop",)),
)  # fmt: skip


def load_experience(at: Providers, _until: date) -> None:
    """Vital activities with the services behind them, touchpoints with those in front."""
    for activity in ACTIVITIES:
        ensure(at.catalog, "/v1/vital-activities", _activity(activity))
        strengths = {key: {"strength": strength} for key, strength in activity.services.items()}
        ensure_linked(at.catalog, f"/v1/vital-activities/{activity.key}/services", strengths)
    for touchpoint in TOUCHPOINTS:
        ensure(at.catalog, "/v1/touchpoints", _touchpoint(touchpoint))
        offered = dict.fromkeys(touchpoint.services)
        ensure_linked(at.catalog, f"/v1/touchpoints/{touchpoint.key}/services", offered)


def _activity(activity: Activity) -> dict[str, Any]:
    return {name: value for name, value in activity._asdict().items() if name != "services"}


def _touchpoint(touchpoint: Touchpoint) -> dict[str, Any]:
    return {
        "key": touchpoint.key,
        "name": touchpoint.name,
        "channel": touchpoint.channel,
        "address": touchpoint.address,
        **touchpoint.hours,
    }
