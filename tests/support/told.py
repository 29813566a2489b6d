"""Signals as metrics-api sends them, to triggers as they read them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from improvement_api.periods import last_day_of
from improvement_api.triggers.rules import Told
from shared.kit.clock import now
from shared.kit.webhooks import new_secret, signed_request
from tests.support.improvement import Improvement

SECRET = new_secret()
HAPPENED = datetime(2026, 4, 1, 8, tzinfo=UTC)


def target_data(period: str, streak: int = 1, **more: Any) -> dict[str, Any]:
    """What an event of a target says of a month: 9 hours instead of 5."""
    return {
        "service": "vpn",
        "kpi": "mttr",
        "target": "t1",
        "comparator": "lte",
        "target_value": 5.0,
        "period": period,
        "first_day": f"{period}-01",
        "last_day": last_day_of(period).isoformat(),
        "value": 9.0,
        "count": 12,
        "streak": streak,
        "version": 1,
        **more,
    }


def trend_data(**more: Any) -> dict[str, Any]:
    return {
        "service": "vpn",
        "kpi": "mttr",
        "grain": "month",
        "first_period": "2024-04",
        "last_period": "2026-03",
        "n": 24,
        "comparator": "lte",
        "target_value": 5.0,
        "target": "t1",
        "method": "mann_kendall",
        "direction": "degrading",
        "p_value": 0.004,
        "slope_per_month": 0.2,
        "slope_low": 0.1,
        "slope_high": 0.3,
        "crossing": "breach",
        "crosses_on": (HAPPENED.date() + timedelta(days=60)).isoformat(),
        "unit": "hours",
        **more,
    }


def budget_data(**more: Any) -> dict[str, Any]:
    return {
        "service": "vpn",
        "slo": "vpn-up",
        "objective": 0,
        "remaining_ratio": -0.25,
        "window_start": "2026-03-01T00:00:00+00:00",
        "window_end": "2026-04-01T00:00:00+00:00",
        "at": HAPPENED.isoformat(),
        **more,
    }


def alert_data(**more: Any) -> dict[str, Any]:
    return {
        "alert": "a1",
        "policy": "fast",
        "service": "vpn",
        "slo": "vpn-up",
        "objective": 0,
        "severity": "page",
        "cause": "burning",
        "state": "firing",
        "since": HAPPENED.isoformat(),
        "fired_at": HAPPENED.isoformat(),
        "resolved_at": None,
        "factor": 14.4,
        "long_window": "1h",
        "short_window": "5m",
        "long_burn": 20.0,
        "short_burn": 30.0,
        **more,
    }


def said(type: str, data: dict[str, Any], name: str = "e1", **more: Any) -> Told:  # noqa: A002
    return Told(name, type, "vpn", data, HAPPENED, **more)


def month(number: int) -> str:
    """The label of a month, counted from January 2026."""
    day = date(2026 + (number // 12), number % 12 + 1, 1)
    return f"{day:%Y-%m}"


async def tell(
    listening: Improvement,
    type: str,  # noqa: A002
    data: dict[str, Any],
    name: str,
) -> httpx.Response:
    """Deliver an event of metrics-api, signed with SECRET."""
    event = {
        "specversion": "1.0",
        "id": name,
        "source": "urn:tollgate:metrics-api",
        "type": type,
        "subject": data["service"],
        "time": HAPPENED.isoformat(),
        "data": data,
    }
    body, headers = signed_request([event], SECRET, now())
    return await listening.http.post("/v1/events/metrics", content=body, headers=headers)


async def tell_missed(listening: Improvement, *numbers: int, **more: Any) -> None:
    """Months, counted from January 2026, in which the target was missed one after the other."""
    for streak, number in enumerate(numbers, start=1):
        data = target_data(month(number), streak, **more)
        name = f"{data['service']}-{data['kpi']}-{number}"
        reply = await tell(listening, "target.missed", data, name)
        assert reply.status_code == 200, reply.text
