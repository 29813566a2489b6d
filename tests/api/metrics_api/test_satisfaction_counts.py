"""The satisfaction report against a count of the surveys, and other people's statistics."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import sqrt
from random import Random
from statistics import fmean, pstdev
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from scipy.stats import binomtest

from metrics_api.records.tables import Survey
from shared.kit.database import transaction
from tests.support.metrics import Metrics
from tests.support.record_rows import add_records

VIENNA = ZoneInfo("Europe/Vienna")
PERIODS = {
    "2026-03": (datetime(2026, 3, 1, tzinfo=VIENNA), datetime(2026, 4, 1, tzinfo=VIENNA)),
    "2026-W13": (datetime(2026, 3, 23, tzinfo=VIENNA), datetime(2026, 3, 30, tzinfo=VIENNA)),
    "2026-03-29": (datetime(2026, 3, 29, tzinfo=VIENNA), datetime(2026, 3, 30, tzinfo=VIENNA)),
    "2026-Q2": (datetime(2026, 4, 1, tzinfo=VIENNA), datetime(2026, 7, 1, tzinfo=VIENNA)),
}
TOUCHPOINTS = (None, "app", "desk")


def surveys(random: Random) -> list[dict[str, Any]]:
    """Around the change of clocks; some unanswered, unscored, or answered without being sent."""
    rows = []
    for _ in range(150):
        kind = random.choice(["csat", "nps"])
        at = datetime(2026, 3, 25, tzinfo=UTC) + random.randrange(10 * 96) * timedelta(minutes=15)
        answered = random.random() < 0.7
        rows.append(
            {
                "kind": kind,
                "touchpoint": random.choice(TOUCHPOINTS),
                "sent_at": random.choice([at, at, at, None]),
                "answered_at": at + random.randrange(300) * timedelta(hours=1)
                if answered
                else None,
                "score": random.choice([None, *(range(1, 6) if kind == "csat" else range(11))])
                if answered
                else None,
            }
        )
    return rows


def counted(kind: str, rows: Sequence[dict[str, Any]], period: str) -> dict[str, Any]:
    """What a report says of these surveys in a period."""
    start, end = PERIODS[period]
    sent = [row for row in rows if row["sent_at"] and start <= row["sent_at"] < end]
    responded = sum(row["answered_at"] is not None for row in sent)
    scores = [
        row["score"]
        for row in rows
        if row["score"] is not None and start <= row["answered_at"] < end
    ]
    value = low = high = margin = None
    if scores and kind == "csat":
        happy = sum(score > 3 for score in scores)
        value = happy / len(scores)
        low, high = binomtest(happy, len(scores)).proportion_ci(0.95, method="wilson")
        margin = (high - low) / 2
    elif scores:
        votes = [100 * ((score > 8) - (score < 7)) for score in scores]
        value, margin = fmean(votes), 1.96 * pstdev(votes) / sqrt(len(votes))
        low, high = max(-100, value - margin), min(100, value + margin)
    return {
        "value": pytest.approx(value),
        "answers": len(scores),
        "mean": pytest.approx(fmean(scores)) if scores else None,
        "sent": len(sent),
        "responded": responded,
        "response_rate": responded / len(sent) if sent else None,
        "margin": pytest.approx(margin, abs=1e-9),
        "interval": pytest.approx({"low": low, "high": high}, abs=1e-9) if scores else None,
        "small_sample": len(scores) < 5,
    }


@pytest.mark.parametrize("kind", ["csat", "nps"])
@pytest.mark.parametrize("seed", range(3))
async def test_each_touchpoint_and_all_together_are_as_counted(
    metrics: Metrics, kind: str, seed: int
) -> None:
    rows = surveys(Random(seed))
    async with transaction(metrics.engine) as session:
        await add_records(session, Survey, *rows)
    of_kind = [row for row in rows if row["kind"] == kind]

    asked = {"kind": kind, "periods": ",".join(PERIODS), "timezone": "Europe/Vienna"}
    reply = await metrics.http.get("/v1/reports/satisfaction", params=asked)

    found = reply.json()
    places = [(row["key"], row["values"]) for row in found["rows"]]
    assert [key for key, _ in places] == list(TOUCHPOINTS)
    for key, values in [("all", found["total"]), *places]:
        chosen = [row for row in of_kind if key in ("all", row["touchpoint"])]
        for period, value in zip(PERIODS, values, strict=True):
            expected = counted(kind, chosen, period)
            assert {name: value[name] for name in expected} == expected
