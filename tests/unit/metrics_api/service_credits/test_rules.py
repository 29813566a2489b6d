"""What is due under a guarantee, to the cent."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.indicators.periods import Grain, Period, labels_between, parse_period
from metrics_api.service_credits.rules import NOTHING, credit_due, guaranteed, holds_throughout
from shared.schemas.agreements import AgreedGuarantee, AgreedTarget, AgreementVersionOut
from tests.support.promises import agreement

UTC_ZONE = ZoneInfo("UTC")
LATER = datetime(2026, 11, 1, tzinfo=UTC)


def target(comparator: str = "gte", value: float = 0.99, **fields: Any) -> AgreedTarget:
    return AgreedTarget.model_validate(
        {
            "id": "t",
            "version": 1,
            "kpi": "availability",
            "sli": None,
            "comparator": comparator,
            "value": value,
            "unit": "ratio",
            "period": "month",
            "priority": None,
            "vital_activities": [],
            "objectives": [],
            "valid_from": date(2026, 1, 1),
            "review_date": date(2026, 12, 1),
        }
        | fields
    )


def guarantee(
    *tiers: tuple[float, str], cap: str = "100", basis: str = "percent"
) -> AgreedGuarantee:
    return AgreedGuarantee.model_validate(
        {
            "target": "t",
            "basis": basis,
            "currency": None if basis == "percent" else "EUR",
            "tiers": [{"worse_than": worse, "credit": credit} for worse, credit in tiers],
            "cap": cap,
        }
    )


AVAILABLE = guarantee((0.99, "5"), (0.95, "10"), (0.9, "25"), cap="20")


@pytest.mark.parametrize(
    ("value", "credit", "worse_than"),
    [
        (1.0, "0.00", None),
        (0.99, "0.00", None),  # just met
        (0.9899999, "5.00", 0.99),
        (0.95, "5.00", 0.99),  # a tier begins beyond its value
        (0.9499, "10.00", 0.95),
        (0.1, "20.00", 0.9),  # the cap
    ],
)
def test_the_worst_tier_that_was_passed_decides(
    value: float, credit: str, worse_than: float | None
) -> None:
    assert credit_due(target(), AVAILABLE, value) == (Decimal(credit), worse_than)


def test_of_durations_more_is_worse() -> None:
    slow = guarantee((4, "100.005"), (8, "250.00"), cap="1000", basis="amount")

    assert credit_due(target("lte", 4), slow, 4.0) == NOTHING
    assert credit_due(target("lte", 4), slow, 5.0).amount == Decimal("100.00")  # half to even
    assert credit_due(target("lte", 4), slow, 9.0).amount == Decimal("250.00")


def test_a_target_that_is_missed_before_its_first_tier_costs_nothing() -> None:
    assert credit_due(target("gte", 0.99), guarantee((0.98, "5")), 0.985) == NOTHING


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_worse_value_never_costs_less(one: float, other: float) -> None:
    worse, better = sorted((one, other))

    assert credit_due(target(), AVAILABLE, worse) >= credit_due(target(), AVAILABLE, better)[:1]


def agreed(**fields: Any) -> AgreementVersionOut:
    parts = {"targets": [target()], "guarantees": [AVAILABLE]}
    return AgreementVersionOut.model_validate(agreement(**{**parts, **fields}))


def test_each_service_of_an_agreement_is_guaranteed() -> None:
    assert [one.service for one in guaranteed([agreed(services=("mail", "files"))])] == [
        "mail",
        "files",
    ]


@pytest.mark.parametrize("state", ["draft", "in_review", "signed"])
def test_what_is_not_in_force_guarantees_nothing(state: str) -> None:
    assert list(guaranteed([agreed(state=state)])) == []


def test_a_target_on_an_sli_is_guaranteed_without_a_kpi() -> None:
    (one,) = guaranteed([agreed(targets=[target(kpi=None, sli="latency")])])

    assert (one.kpi, one.target.sli) == (None, "latency")


def test_a_target_on_a_kpi_that_is_not_known_is_left_out() -> None:
    assert list(guaranteed([agreed(targets=[target(kpi="happiness")])])) == []


def month(label: str) -> Period:
    return parse_period(label, UTC_ZONE, LATER)


def test_only_periods_wholly_within_its_time_count() -> None:
    ended = datetime(2026, 3, 15, tzinfo=UTC)
    (one,) = guaranteed([agreed(state="terminated", ended_at=ended)])

    assert holds_throughout(one, month("2026-02"))
    assert not holds_throughout(one, month("2025-12"))
    assert not holds_throughout(one, month("2026-03"))


def test_a_version_that_is_replaced_at_midnight_owes_nothing_for_the_day_that_begins() -> None:
    midnight = datetime(2026, 4, 1, tzinfo=UTC)
    first = agreed(state="expired", ended_at=midnight)
    second = agreed(version=2, starts_at=midnight, valid_from=date(2026, 4, 1))

    old, new = guaranteed([first, second])

    assert [holds_throughout(old, month(day)) for day in ("2026-03-31", "2026-04-01")] == [
        True,
        False,
    ]
    assert holds_throughout(new, month("2026-04-01"))


def test_a_day_on_which_it_was_terminated_does_not_count() -> None:
    noon = datetime(2026, 3, 15, 12, tzinfo=UTC)
    (one,) = guaranteed([agreed(state="terminated", ended_at=noon)])

    assert holds_throughout(one, month("2026-03-14"))
    assert not holds_throughout(one, month("2026-03-15"))


ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Vienna", "America/New_York", "Asia/Tokyo")]
FIRST = date(2026, 3, 1)


@st.composite
def successions(draw: st.DrawFn) -> tuple[ZoneInfo, list[AgreementVersionOut]]:
    """Versions of an agreement over March and April, some signed after they began."""
    zone = draw(st.sampled_from(ZONES))
    versions: list[AgreementVersionOut] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        first = FIRST + timedelta(days=draw(st.integers(0, 40)))
        ended = draw(st.none() | st.integers(0, 24 * 60))
        starts = datetime.combine(first, time(), zone)
        versions.append(
            agreed(
                version=number,
                state="active" if ended is None else "terminated",
                valid_from=first,
                starts_at=starts.astimezone(UTC),
                ended_at=ended and starts.astimezone(UTC) + timedelta(hours=ended),
            )
        )
    return zone, versions


def holding(versions: list[AgreementVersionOut], at: datetime) -> int | None:
    """The version that holds at a moment: the last one that had begun, unless that had ended."""
    begun = [one for one in versions if one.starts_at <= at]
    if not begun:
        return None
    last = max(begun, key=lambda one: one.version)
    return last.version if last.ended_at is None or at < last.ended_at else None


@given(successions(), st.sampled_from([Grain.DAY, Grain.WEEK, Grain.MONTH]))
@settings(max_examples=60, deadline=None)
def test_a_period_is_owed_by_the_one_version_that_held_in_each_of_its_hours(
    succession: tuple[ZoneInfo, list[AgreementVersionOut]], grain: Grain
) -> None:
    zone, versions = succession
    every = list(guaranteed(versions))
    for label in labels_between(grain, FIRST, date(2026, 4, 30)):
        period = parse_period(label, zone, LATER)
        hours = range(int((period.end - period.start) / timedelta(hours=1)))
        held = {holding(versions, period.start + timedelta(hours=hour)) for hour in hours}

        owing = {one.version for one in every if holds_throughout(one, period)}

        assert owing == (held if len(held) == 1 else set()) - {None}


tiers = st.lists(
    st.tuples(st.integers(1, 999), st.integers(0, 10_000)), min_size=1, max_size=4, unique=True
)


@given(tiers, st.integers(0, 1000), st.integers(1, 12_000), st.booleans())
def test_a_credit_is_that_of_the_dearest_tier_that_was_passed_under_the_cap(
    steps: list[tuple[int, int]], mille: int, cap: int, at_least: bool
) -> None:
    """Counted in thousandths and cents, each tier looked at for itself."""
    worse = sorted({where for where, _ in steps}, reverse=at_least)
    cents = sorted(amount for _, amount in steps)[: len(worse)]
    wanted = max(
        (
            cent
            for where, cent in zip(worse, cents, strict=True)
            if (mille < where if at_least else mille > where)
        ),
        default=0,
    )
    promised = target("gte" if at_least else "lte", worse[0] / 1000)
    written = [
        (where / 1000, f"{cent / 100:.2f}") for where, cent in zip(worse, cents, strict=True)
    ]

    found = credit_due(promised, guarantee(*written, cap=f"{cap / 100:.2f}"), mille / 1000)

    assert int(found.amount * 100) == min(wanted, cap)
