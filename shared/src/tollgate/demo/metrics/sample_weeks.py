"""Five weeks of samples by the hour: ordinary days, one night of work, and trouble at the end.

Pure: the same `end` gives the same samples.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

HOURS: Final = 35 * 24
NIGHT_AGO: Final = timedelta(days=10)
NIGHT_LASTS: Final = timedelta(hours=3)
TROUBLE_LASTS: Final = timedelta(days=4)
"""Long enough for a slow burn to be seen, and it lasts until now."""
_ORDINARY, _TROUBLED, _NIGHT = 0.0015, 0.012, 0.4
"""Shares of sign-ons that fail."""

Sample = dict[str, Any]


def night_of_work(end: datetime) -> tuple[datetime, datetime]:
    """When the sign-on was worked on: at 20 o'clock, some days before."""
    start = (end - NIGHT_AGO).replace(hour=20, minute=0, second=0, microsecond=0)
    return start, start + NIGHT_LASTS


def sign_ons(end: datetime) -> Iterator[Sample]:
    """How many signed on in each hour, and how many of them could."""
    draw = random.Random(41)  # noqa: S311 - believable, not secret
    begun, done = night_of_work(end)
    for hour in _hours(end):
        total = draw.randint(300, 900) if _at_work(hour) else draw.randint(10, 60)
        troubled = hour > end - TROUBLE_LASTS
        usual = (_TROUBLED if troubled else _ORDINARY) * draw.uniform(0.7, 1.3)
        failed = round(total * (_NIGHT if begun <= hour < done else usual))
        failed = max(failed, int(troubled))  # also of the few at night somebody fails
        yield {"at": hour.isoformat(), "good": total - failed, "total": total}


def order_latencies(end: datetime) -> Iterator[Sample]:
    """The 95th percentile of each hour in milliseconds."""
    draw = random.Random(42)  # noqa: S311
    for hour in _hours(end):
        usual = 520 if _at_work(hour) else 300
        yield {"at": hour.isoformat(), "value": round(usual * draw.lognormvariate(0, 0.2), 1)}


def _hours(end: datetime) -> Iterator[datetime]:
    last = end.replace(minute=0, second=0, microsecond=0)
    return (last - timedelta(hours=number) for number in range(HOURS))


def _at_work(hour: datetime) -> bool:
    return hour.weekday() < 5 and 6 <= hour.hour < 18
