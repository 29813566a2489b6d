"""What a text of a plan cannot say, and how two texts differ."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from catalog_api.plans.kpis import Kpi, out_of_range
from catalog_api.plans.text_rules import Difference, Text, differences, malformed
from catalog_api.plans.texts import PlanText

_texts: TypeAdapter[Text] = TypeAdapter(PlanText)
TARGETS: dict[str, Any] = {
    "kind": "targets",
    "quality_targets": [{"kpi": "csat", "comparator": "gte", "value": "0.8"}],
    "finance_targets": [],
    "critical_success_factors": [],
}


def found(**parts: Any) -> list[tuple[str, str]]:
    text = _texts.validate_python(TARGETS | parts)
    return [(error.pointer, error.code) for error in malformed(text)]


def test_a_text_without_fault_has_none() -> None:
    assert found() == []


@pytest.mark.parametrize("written", ["4E+1", "40", 40])
def test_a_number_is_written_without_exponent(written: Any) -> None:
    target = {"kpi": "mttr", "comparator": "lte", "value": written}

    text = _texts.validate_python(TARGETS | {"quality_targets": [target]})

    assert text.model_dump(mode="json")["quality_targets"][0]["value"] == "40"


def test_a_target_lies_in_the_range_of_its_unit() -> None:
    percent = {"kpi": "csat", "comparator": "gte", "value": "80"}

    assert found(quality_targets=[percent]) == [("/quality_targets/0/value", "out_of_range")]


@pytest.mark.parametrize(
    ("kpi", "value", "fits"),
    [
        (Kpi.NPS, -100, True),
        (Kpi.NPS, 101, False),
        (Kpi.MTTR, -1, False),
        (Kpi.MTTR, 400, True),
        (Kpi.AVAILABILITY, 1, True),
        (Kpi.AVAILABILITY, 99, False),
    ],
)
def test_each_unit_has_its_range(kpi: Kpi, value: int, fits: bool) -> None:
    assert (out_of_range(kpi, Decimal(value)) is None) is fits


def test_a_kpi_has_one_quality_target() -> None:
    twice = TARGETS["quality_targets"] * 2

    assert found(quality_targets=twice) == [("/quality_targets/1/kpi", "repeated")]


def test_a_factor_is_satisfied_by_kpis_that_have_a_target() -> None:
    factor = {"id": "f", "statement": "Quick", "kpis": ["csat", "mttr"], "objective": "grow"}

    assert found(critical_success_factors=[factor]) == [
        ("/critical_success_factors/0/kpis/1", "no_quality_target")
    ]


@pytest.mark.parametrize(
    ("measure", "currency", "fits"),
    [
        ("full_cost", "EUR", True),
        ("unit_cost", None, False),
        ("recovery_ratio", None, True),
        ("recovery_ratio", "EUR", False),
    ],
)
def test_money_has_a_currency_and_a_ratio_has_none(
    measure: str, currency: str | None, fits: bool
) -> None:
    target = {"comparator": "lte", "value": "1.0", "period": "2027", "measure": measure}

    errors = found(finance_targets=[target | {"currency": currency}])

    assert errors == ([] if fits else [("/finance_targets/0/currency", "currency")])


def test_items_are_compared_by_their_id_wherever_they_stand() -> None:
    one, two = {"id": "a", "cost": "1"}, {"id": "b", "cost": "2"}
    before, after = {"items": [one, two]}, {"items": [two | {"cost": "3"}, one]}

    assert list(differences(before, after)) == [Difference("/items/b/cost", "2", "3")]


def test_what_stands_on_one_side_only_is_null_on_the_other() -> None:
    item = {"id": "a"}

    changes = list(differences({"items": []}, {"items": [item]}))

    assert changes == [Difference("/items/a", None, item)]
