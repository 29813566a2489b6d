"""When support works, and how fast it is: two calendars and two priority schemes."""

from datetime import date
from typing import Any

from tollgate.demo.making import Providers, change, ensure, listed, read

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
OFFICE, ALWAYS = "office-hours", "around-the-clock"
CALENDARS: tuple[dict[str, Any], ...] = (
    {
        "key": OFFICE,
        "name": "Office hours Zürich",
        "description": "Monday to Friday, 8 to 18; closed on public holidays and company days",
        "timezone": "Europe/Zurich",
        "weekly": [{"day": day, "start": "08:00", "end": "18:00"} for day in WEEKDAYS],
        "country": "CH",
        "subdivision": "ZH",
    },
    {
        "key": ALWAYS,
        "name": "Around the clock",
        "description": "What production cannot wait for",
        "timezone": "Europe/Zurich",
        "always_open": True,
    },
)

LEVELS = ["high", "medium", "low"]
MATRIX = {
    "high": {"high": 1, "medium": 2, "low": 3},
    "medium": {"high": 2, "medium": 3, "low": 4},
    "low": {"high": 3, "medium": 4, "low": 4},
}
NAMES = ("Critical", "High", "Normal", "Low")
STANDARD, PRODUCTION = "standard-priorities", "production-priorities"
# Response and resolution in minutes of the calendar's hours, by priority from 1.
SCHEMES: dict[str, tuple[str, tuple[tuple[int, int, str], ...]]] = {
    STANDARD: (
        "Standard priorities",
        ((15, 240, ALWAYS), (30, 480, OFFICE), (120, 1200, OFFICE), (480, 3000, OFFICE)),
    ),
    PRODUCTION: (
        "Priorities of the plant",
        ((5, 120, ALWAYS), (15, 240, ALWAYS), (60, 600, OFFICE), (240, 1800, OFFICE)),
    ),
}
OVERRIDES = {"network-infrastructure": PRODUCTION}


def load_support_hours(at: Providers, until: date) -> None:
    """Calendars, then the schemes that run on them, then which scheme holds where."""
    company_day = {"date": f"{until.year}-12-24", "name": "Company closes for the year"}
    for calendar in CALENDARS:
        own_days = [] if calendar.get("always_open") else [company_day]
        ensure(at.catalog, "/v1/calendars", {**calendar, "own_days": own_days})
    for key, (name, targets) in SCHEMES.items():
        ensure(at.catalog, "/v1/priority-schemes", _scheme(key, name, targets))
    if not any(scheme["is_default"] for scheme in listed(at.catalog, "/v1/priority-schemes")):
        change(at.catalog, "PUT", f"/v1/priority-schemes/{STANDARD}/default", None)
    for service, scheme in OVERRIDES.items():
        path = f"/v1/services/{service}/priority-scheme"
        if not read(at.catalog, path)["overridden"]:
            change(at.catalog, "PUT", path, {"scheme": scheme})


def _scheme(key: str, name: str, targets: tuple[tuple[int, int, str], ...]) -> dict[str, Any]:
    return {
        "key": key,
        "name": name,
        "impacts": LEVELS,
        "urgencies": LEVELS,
        "matrix": MATRIX,
        "priorities": [
            {
                "priority": number,
                "name": meaning,
                "response_minutes": response,
                "resolution_minutes": resolution,
                "calendar": calendar,
            }
            for number, (meaning, (response, resolution, calendar)) in enumerate(
                zip(NAMES, targets, strict=True), start=1
            )
        ],
    }
