"""Business cases worked by hand, to the cent."""

from decimal import Decimal
from typing import Any

import pytest

from improvement_api.business_cases.analysis import Analysis, YearlyCost, analyse
from improvement_api.business_cases.shown import rounded
from tests.support.business_cases import line, parsed


def analysed(*nets: str, costs: Any = (), **fields: Any) -> Analysis:
    """A case whose net cash flow is `nets`, from period 0 on."""
    lines = [
        line(f"l{n}", net.lstrip("-"), n, benefit_kind=None if net[0] == "-" else "revenue")
        for n, net in enumerate(nets)
    ]
    parts = {"lines": lines, "assumptions": [], "periods": max(len(nets) - 1, 1)}
    return analyse(parsed(**parts | fields), costs)


def cents(value: Decimal | None) -> str:
    assert value is not None
    return str(rounded(value))


def rate(found: Analysis) -> str:
    assert found.internal_rate.value is not None
    return str(rounded(found.internal_rate.value, 6))


def test_three_even_years_at_ten_percent() -> None:
    # 500/1.1 + 500/1.21 + 500/1.331 = 454.5454… + 413.2231… + 375.6574… = 1243.4259…
    found = analysed("-1000", "500", "500", "500")

    assert cents(found.npv) == "243.43"
    assert cents(found.roi.value) == "0.50"
    assert cents(found.payback.value) == "2.00"
    # 2 + (1000 − 867.7685…)/375.6574…
    assert cents(found.discounted_payback.value) == "2.35"
    assert str(rounded(found.benefit_cost_ratio.value or Decimal(0), 6)) == "1.243426"
    # 1000 = 500·(v + v² + v³) at v = 0.810536
    assert rate(found) == "0.233752"


def test_a_year_that_doubles_money_has_a_rate_of_100_percent() -> None:
    found = analysed("-100", "200")

    assert (rate(found), cents(found.npv)) == ("1.000000", "81.82")
    assert cents(found.payback.value) == "0.50"


def test_quarters_discount_with_the_fourth_root_of_the_yearly_rate() -> None:
    # 1.1⁴ = 1.4641: 10 % a quarter.
    found = analysed("-100", "60.5", "60.5", discount_rate="0.4641", periodicity="quarter")

    assert cents(found.npv) == "5.00"
    # 100 = 60.5·(v + v²): v = 0.879454…, so 13.7070 % a quarter and 67.1660 % a year.
    assert rate(found) == "0.671660"


def test_money_in_the_middle_of_a_period_is_discounted_by_half_a_period() -> None:
    # 1.1² = 1.21: 10 % a half year; 110/1.1 + 133.1/1.331
    found = analysed("-150", "110", "133.1", discount_rate="0.21", timing="mid_period")

    assert cents(found.npv) == "50.00"


def test_a_case_that_pays_its_own_rate_is_worth_nothing() -> None:
    found = analysed("-1000", "100", "1100")

    assert (cents(found.npv), rate(found)) == ("0.00", "0.100000")


def test_a_half_cent_goes_to_the_even_cent() -> None:
    shown = [str(rounded(Decimal(text))) for text in ("0.125", "0.135", "-0.125", "-0.001")]

    assert shown == ["0.12", "0.14", "-0.12", "0.00"]


def test_what_is_spent_at_the_end_of_the_first_year_is_to_be_recovered_too() -> None:
    found = analysed("0", "-100", "50", "100")

    assert cents(found.payback.value) == "2.50"
    assert found.payback.lasting


def test_a_payback_that_later_costs_undo_is_told_as_such() -> None:
    found = analysed("-100", "150", "-80")

    assert (cents(found.payback.value), found.payback.lasting) == ("0.67", False)


class TestDefinedAnswers:
    def test_of_costs_alone(self) -> None:
        found = analysed("-1000", "-100")

        assert cents(found.npv) == "-1090.91"
        assert (found.roi.value, found.benefit_cost_ratio.value) == (Decimal(-1), Decimal(0))
        assert (found.payback.value, found.discounted_payback.value) == (None, None)
        assert "not recovered" in str(found.payback.reason)
        assert found.internal_rate.value is None
        assert "never above zero" in str(found.internal_rate.reason)

    def test_of_benefits_alone(self) -> None:
        found = analysed("0", "110")

        assert cents(found.npv) == "100.00"
        assert (found.roi.value, found.benefit_cost_ratio.value) == (None, None)
        assert "nothing is spent" in str(found.roi.reason)
        assert found.payback.value == 0
        assert "never below zero" in str(found.internal_rate.reason)

    def test_of_more_benefit_than_cost_in_every_period(self) -> None:
        lines = [line("gain", "110", 1, benefit_kind="revenue"), line("run", "10", 1)]

        found = analysed("0", "0", lines=lines)

        assert "never below zero" in str(found.internal_rate.reason)

    def test_of_nothing_at_all(self) -> None:
        found = analysed("0", "0")

        assert (cents(found.npv), found.payback.value) == ("0.00", 0)
        assert "is always zero" in str(found.internal_rate.reason)
        assert found.roi.reason is not None


class TestRatesThatAreNotUnique:
    def test_are_all_told_and_none_is_chosen(self) -> None:
        found = analysed("-100", "230", "-132").internal_rate

        assert found.value is None
        assert [rounded(one, 6) for one in found.rates] == [Decimal("0.1"), Decimal("0.2")]
        assert "not unique, 2 rates" in str(found.reason)
        assert found.sign_changes == 2

    @pytest.mark.parametrize(
        ("nets", "rates"),
        [
            (("-100", "220", "-121"), ["0.1"]),
            (("100", "-220", "121"), ["0.1"]),
            (("-100", "200", "-100"), ["0"]),
            (("-100", "320", "-341", "121"), ["0", "0.1"]),
            # −(1 − 1.1v)³ and (1 − 1.1v)⁴: threefold roots change the sign, fourfold ones touch.
            (("-1000", "3300", "-3630", "1331"), ["0.1"]),
            (("10000", "-44000", "72600", "-53240", "14641"), ["0.1"]),
        ],
    )
    def test_count_where_the_present_value_touches_zero_without_a_change_of_sign(
        self, nets: tuple[str, ...], rates: list[str]
    ) -> None:
        found = analysed(*nets).internal_rate

        assert [rounded(one, 6) for one in found.rates] == [Decimal(one) for one in rates]
        assert (found.value is None) == (len(rates) > 1)

    def test_are_told_apart_however_near_they_are(self) -> None:
        # −(1 − 1.1v)(1 − 1.1005v)
        found = analysed("-100000", "220050", "-121055").internal_rate

        assert [str(rounded(one, 6)) for one in found.rates] == ["0.100000", "0.100500"]

    def test_may_be_none_at_all(self) -> None:
        found = analysed("-100", "100", "-100").internal_rate

        assert (found.value, found.rates) == (None, ())
        assert "no rate" in str(found.reason)

    def test_are_one_where_the_other_is_absurd(self) -> None:
        # −100 + 50v + 100v² − v³/1000 is zero at v = 0.780779… and at v ≈ 100 000 only.
        found = analysed("-100", "50", "100", "-0.001").internal_rate

        assert str(rounded(found.value or Decimal(0), 6)) == "0.280773"
        assert (found.sign_changes, found.reason) == (2, None)

    def test_beyond_all_measure_are_not_told(self) -> None:
        found = analysed("-0.01", "1000000", periodicity="month").internal_rate

        assert (found.value, found.sign_changes) == (None, 1)
        assert "does not lie between" in str(found.reason)


class TestOwnership:
    COSTS = (YearlyCost("vpn", Decimal(12000), None), YearlyCost("mail", Decimal(600), None))

    def test_grows_by_costs_and_shrinks_by_released_cash_alone(self) -> None:
        lines = [
            line("new", "1000", 0),
            line("run", "10", 1, 12),
            line("less", "100", 1, 12, benefit_kind="cash_releasing", confidence="0.5"),
            line("avoided", "999", 1, 12, benefit_kind="avoided_cost"),
            line("sold", "999", 1, 12, benefit_kind="revenue"),
            line("joy", "999", 1, 12, benefit_kind="non_financial"),
        ]
        text = parsed(lines=lines, assumptions=[], periods=12, periodicity="month")

        found = analyse(text, self.COSTS).plain_tco

        assert found is not None
        told = [cents(one) for one in (found.before.value, found.after.value, found.delta)]
        assert told == ["12600.00", "13120.00", "520.00"]

    def test_discounted_is_that_of_the_years_cost_at_their_end(self) -> None:
        found = analysed("-1000", "0", costs=self.COSTS).discounted_tco

        assert found is not None
        assert cents(found.before.value) == "11454.55"  # 12 600/1.1
        assert cents(found.after.value) == "12454.55"

    def test_of_a_service_without_costs_says_which(self) -> None:
        costs = (*self.COSTS, YearlyCost("chat", None, "no cost is recorded"))

        found = analysed("-1000", "0", costs=costs).plain_tco

        assert found is not None
        assert (found.before.value, found.after.reason) == (None, "chat: no cost is recorded")


@pytest.mark.parametrize(
    ("fields", "sign"), [({}, 1), ({"every": 2}, 1), ({"benefit_kind": None}, -1)]
)
def test_a_recurring_line_falls_from_its_first_to_its_last_period(
    fields: dict[str, Any], sign: int
) -> None:
    kind = {"benefit_kind": "revenue"} | fields
    text = parsed(lines=[line("l", "10", 1, 4, **kind)], assumptions=[], periods=6)

    nets = [flow.net * sign for flow in analyse(text, ()).flows]

    expected = [0, 10, 0, 10, 0, 0, 0] if "every" in fields else [0, 10, 10, 10, 10, 0, 0]
    assert nets == expected
