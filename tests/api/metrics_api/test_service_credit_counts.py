"""Service credits of days, weeks and months, against a count of the incidents and samples."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_api.service_credits.actions import compute_credits
from shared.kit import clock
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.metrics import Metrics
from tests.support.promises import agreement, calendar
from tests.support.slos import define_sli, define_slo, push

ZONE = ZoneInfo("America/New_York")
NOW = clock.now()
TODAY = NOW.astimezone(ZONE).date()
FIRST = TODAY - timedelta(days=90)
NEXT: dict[str, Callable[[date], date]] = {
    "day": lambda day: day + timedelta(days=1),
    "week": lambda day: day + timedelta(days=7 - day.weekday()),
    "month": lambda day: (day.replace(day=1) + timedelta(days=32)).replace(day=1),
}
TIERS = {"mttr": [(4, "5"), (8, "12.5"), (12, "30")], "sli": [(0.9, "5"), (0.8, "12.5")]}
CAP = "20"


@pytest.fixture(autouse=True)
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No day ends between what a test counts and what it counts it against."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def periods(grain: str) -> list[tuple[datetime, datetime]]:
    """The finished ones that lie wholly within the time since the first day."""
    ends = [FIRST - timedelta(days=1), *(FIRST + timedelta(days=n) for n in range(90))]
    cuts = sorted({NEXT[grain](day) for day in ends if FIRST <= NEXT[grain](day) <= TODAY})
    return [(midnight(start), midnight(end)) for start, end in pairwise(cuts)]


def target(grain: str, **promised: Any) -> dict[str, Any]:
    return {
        "id": grain,
        "version": 1,
        "kpi": None,
        "sli": None,
        "comparator": "lte",
        "value": 4,
        "unit": None,
        "period": grain,
        "priority": None,
        "vital_activities": [],
        "objectives": [],
        "valid_from": FIRST,
        "review_date": TODAY + timedelta(days=100),
        **promised,
    }


async def agreed(metrics: Metrics, of: str, **promised: Any) -> None:
    tiers = [{"worse_than": value, "credit": credit} for value, credit in TIERS[of]]
    guarantee = {"basis": "percent", "currency": None, "tiers": tiers, "cap": CAP}
    sla = agreement(
        targets=[target(grain, **promised) for grain in NEXT],
        guarantees=[guarantee | {"target": grain} for grain in NEXT],
    )
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
        await add_copy(
            session, "calendar_version", "office@1", calendar(timezone="America/New_York")
        )
        sla["text"]["services"] = ["network"]
        await add_copy(session, "agreement_version", "mail-sla@1", sla)


async def owed(metrics: Metrics) -> dict[tuple[str, datetime], tuple[Any, Decimal]]:
    """Value and credit by target and beginning of the period."""
    found: dict[tuple[str, datetime], tuple[Any, Decimal]] = {}
    asked: dict[str, Any] = {"limit": 100}
    while True:
        page = (await metrics.http.get("/v1/service-credits", params=asked)).json()
        for one in page["items"]:
            place = (one["target"], datetime.fromisoformat(one["period_start"]))
            found[place] = (one["value"], Decimal(one["credit"]))
        if page["next_cursor"] is None:
            return found
        asked["cursor"] = page["next_cursor"]


def due(of: str, value: Fraction | None) -> Decimal:
    """Of every tier that is passed the dearest, under the cap."""
    passed = [
        Decimal(credit)
        for worse, credit in TIERS[of]
        if value is not None and (float(value) > worse if of == "mttr" else float(value) < worse)
    ]
    return min(max(passed, default=Decimal(0)), Decimal(CAP))


def expected(
    of: str, facts: Sequence[tuple[datetime, int, int]]
) -> dict[tuple[str, datetime], tuple[Any, Decimal]]:
    """`facts` are moments with the numerators and denominators of a value."""
    found = {}
    for grain in NEXT:
        for start, end in periods(grain):
            inside = [(up, down) for at, up, down in facts if start <= at < end]
            whole = sum(down for _, down in inside)
            value = Fraction(sum(up for up, _ in inside), whole) if whole else None
            told = None if value is None else pytest.approx(float(value))
            found[grain, start.astimezone(UTC)] = (told, due(of, value))
    return found


def moments(random: Random, count: int) -> list[datetime]:
    """Whole minutes of the last hundred days, many of them about midnight."""
    begin = midnight(FIRST - timedelta(days=5)).astimezone(UTC)
    return [
        begin + timedelta(days=random.randrange(95), minutes=random.choice([-1, 0, 1, 700]))
        for _ in range(count)
    ]


async def test_credits_of_a_kpi_are_those_of_its_incidents(metrics: Metrics) -> None:
    random = Random("kpi")
    await agreed(metrics, "mttr", kpi="mttr")
    facts = [(at, random.randint(1, 15), 1) for at in moments(random, 120)]
    async with transaction(metrics.engine) as session:
        await store(session, [resolved_incident("network", at, hours) for at, hours, _ in facts])

    await compute_credits(metrics.engine)

    assert await owed(metrics) == expected("mttr", facts)


async def test_credits_of_an_sli_are_those_of_its_samples(metrics: Metrics) -> None:
    random = Random("sli")
    await agreed(metrics, "sli", sli="errors", comparator="gte", value=0.9)
    await define_sli(metrics)
    await define_slo(metrics)
    facts = [
        (at, random.choice([20, 18, 17, 16, 12]), 20) for at in dict.fromkeys(moments(random, 120))
    ]
    await push(
        metrics,
        [{"at": at.isoformat(), "good": good, "total": total} for at, good, total in facts],
    )

    await compute_credits(metrics.engine)

    assert await owed(metrics) == expected("sli", facts)
