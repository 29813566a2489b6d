"""SMART targets, guarantees that fit them, parties and dates; without asking the catalog."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.agreements.schemas import AgreementWrite
from catalog_api.agreements.smart_rules import KPIS, a_year_after, unsound
from shared.schemas.agreements import AgreementKind


def target(**fields: Any) -> dict[str, Any]:
    return {
        "id": "t",
        "kpi": "availability",
        "comparator": "gte",
        "value": 0.99,
        "period": "month",
        "objectives": ["growth"],
    } | fields


def guarantee(*tiers: tuple[float, str], **fields: Any) -> dict[str, Any]:
    listed = [{"worse_than": worse_than, "credit": credit} for worse_than, credit in tiers]
    return {"target": "t", "basis": "percent", "tiers": listed, "cap": "50"} | fields


def party(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "key": kind, "name": kind, "signatories": ["ada"]} | fields


def problems(kind: str = "sla", **fields: Any) -> dict[str, str]:
    """The code of each problem by its pointer."""
    text = {
        "provider": party("it"),
        "customer": party("customer"),
        "services": ["mail"],
        "hours": {"calendar": "office"},
        "targets": [target()],
        "valid_from": "2026-01-01",
        "review_date": "2026-12-01",
    } | fields
    found = unsound(AgreementKind(kind), AgreementWrite.model_validate(text))
    return {error.pointer: error.code for error in found}


class TestTargets:
    @pytest.mark.parametrize("kpi", sorted(KPIS))
    def test_every_kpi_can_be_promised_in_the_direction_that_is_better(self, kpi: str) -> None:
        comparator = KPIS[kpi].comparators[0]

        assert problems(targets=[target(kpi=kpi, comparator=comparator, value=1)]) == {}

    @pytest.mark.parametrize(
        ("kpi", "value"),
        [("availability", 1.01), ("availability", -0.01), ("nps", -101), ("mttr", -1)],
    )
    def test_a_value_lies_in_the_range_of_its_unit(self, kpi: str, value: float) -> None:
        comparator = KPIS[kpi].comparators[0]

        found = problems(targets=[target(kpi=kpi, comparator=comparator, value=value)])

        assert found == {"/targets/0/value": "not_measurable"}

    def test_an_indicator_of_metrics_api_is_specific_too(self) -> None:
        assert problems(targets=[target(kpi=None, sli="mail-probe", comparator="lt")]) == {}

    def test_everything_a_target_lacks_is_named_at_once(self) -> None:
        assert problems(targets=[{"id": "t", "review_date": "2029-01-01"}]) == {
            "/targets/0/kpi": "not_specific",
            "/targets/0/comparator": "not_measurable",
            "/targets/0/value": "not_measurable",
            "/targets/0/period": "not_measurable",
            "/targets/0/vital_activities": "not_relevant",
            "/targets/0/review_date": "not_time_bound",
        }

    @pytest.mark.parametrize(
        ("review_date", "sound"),
        [
            ("2025-12-31", False),
            ("2026-01-01", False),
            ("2026-01-02", True),
            ("2027-01-01", True),
            ("2027-01-02", False),
        ],
    )
    def test_it_is_reviewed_within_twelve_months(self, review_date: str, sound: bool) -> None:
        found = problems(targets=[target(review_date=review_date)])

        assert found == ({} if sound else {"/targets/0/review_date": "not_time_bound"})

    def test_a_year_after_the_leap_day_is_the_last_of_february(self) -> None:
        assert a_year_after(date(2024, 2, 29)) == date(2025, 2, 28)

    def test_ids_are_used_once(self) -> None:
        assert problems(targets=[target(), target()]) == {"/targets/1/id": "repeated"}


class TestGuarantees:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ([(0.99, "5"), (0.98, "10")], {}),
            ([(0.98, "5"), (0.99, "10")], {"/guarantees/0/tiers/1/worse_than": "not_monotone"}),
            ([(0.99, "10"), (0.98, "5")], {"/guarantees/0/tiers/1/credit": "not_monotone"}),
            ([(0.995, "5")], {"/guarantees/0/tiers/0/worse_than": "no_breach"}),
            ([(0.99, "60")], {"/guarantees/0/cap": "contradiction"}),
        ],
    )
    def test_tiers_go_from_bad_to_worse_and_credit_no_less(
        self, changes: list[tuple[float, str]], expected: dict[str, str]
    ) -> None:
        assert problems(guarantees=[guarantee(*changes)]) == expected

    def test_of_a_time_the_longer_one_is_the_worse(self) -> None:
        speed = target(kpi="mttr", comparator="lte", value=4)

        found = problems(targets=[speed], guarantees=[guarantee((8, "5"), (6, "10"))])

        assert found == {"/guarantees/0/tiers/1/worse_than": "not_monotone"}

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"currency": "EUR"}, "/guarantees/0/currency"),
            ({"basis": "amount"}, "/guarantees/0/currency"),
            ({"cap": "101"}, "/guarantees/0/cap"),
            ({"target": "nothing"}, "/guarantees/0/target"),
        ],
    )
    def test_money_and_target_fit(self, fields: dict[str, Any], pointer: str) -> None:
        assert list(problems(guarantees=[guarantee((0.98, "5"), **fields)])) == [pointer]

    @given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 50)), min_size=1, max_size=6))
    def test_they_are_sound_exactly_if_no_worse_value_credits_less(
        self, tiers: list[tuple[int, int]]
    ) -> None:
        found = problems(guarantees=[guarantee(*((w / 100, str(c)) for w, c in tiers))])

        falling = all(a[0] > b[0] for n, a in enumerate(tiers) for b in tiers[n + 1 :])
        rising = all(a[1] <= b[1] for n, a in enumerate(tiers) for b in tiers[n + 1 :])
        assert (found == {}) == (falling and rising)


class TestParties:
    @pytest.mark.parametrize(
        ("kind", "provider", "customer"),
        [
            ("sla", "it", "customer"),
            ("ola", "unit", "unit"),
            ("underpinning_contract", "vendor", "it"),
        ],
    )
    def test_who_agrees_depends_on_the_kind(self, kind: str, provider: str, customer: str) -> None:
        sides = {"provider": party(provider), "customer": party(customer, key="other")}

        assert problems(kind, **sides, vendor_products=["database"]) == {}
        swapped = {"provider": sides["customer"], "customer": sides["provider"]}
        found = problems(kind, **swapped, vendor_products=["database"])
        assert set(found.values()) == (set() if kind == "ola" else {"wrong_party"})

    def test_one_unit_does_not_agree_with_itself(self) -> None:
        found = problems("ola", provider=party("unit"), customer=party("unit"))

        assert found == {"/customer/key": "same_party"}

    def test_a_customer_is_named_by_its_key(self) -> None:
        assert problems(customer=party("customer", key=None)) == {"/customer/key": "missing"}

    def test_a_contract_is_about_what_the_vendor_provides(self) -> None:
        sides = {"provider": party("vendor"), "customer": party("it")}

        assert problems("underpinning_contract", **sides) == {"/vendor_products": "missing"}
