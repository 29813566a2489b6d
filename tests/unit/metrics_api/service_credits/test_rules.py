"""What is due under a guarantee, to the cent."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.service_credits.rules import NOTHING, credit_due, guaranteed, holds_throughout
from shared.schemas.agreements import AgreedGuarantee, AgreedTarget, AgreementVersionOut
from tests.support.promises import agreement


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


def test_only_periods_wholly_within_its_time_count() -> None:
    ended = datetime(2026, 3, 15, tzinfo=UTC)
    (one,) = guaranteed([agreed(state="terminated", ended_at=ended)])

    assert holds_throughout(one, date(2026, 2, 1), date(2026, 2, 28))
    assert not holds_throughout(one, date(2025, 12, 1), date(2025, 12, 31))
    assert not holds_throughout(one, date(2026, 3, 1), date(2026, 3, 31))
