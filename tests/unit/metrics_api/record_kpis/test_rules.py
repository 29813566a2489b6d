"""Margins of error, shares, and why there is no number."""

from collections import Counter
from math import sqrt
from statistics import mean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from metrics_api.record_kpis.rules import (
    RECORD_KPIS,
    Counts,
    nps_standard_error,
    parts_of,
    wilson_interval,
)
from shared.schemas.metrics import KpiId

scores_of_csat = st.lists(st.integers(1, 5), min_size=1, max_size=60)
scores_of_nps = st.lists(st.integers(0, 10), min_size=1, max_size=60)


def answers(scores: list[int], **others: int) -> Counts:
    each = {f"score_{score}": scores.count(score) for score in range(11)}
    return Counter({**each, "answered": len(scores), **others})


class TestMargins:
    @given(n=st.integers(1, 500), share=st.floats(0, 1))
    def test_the_interval_of_a_share_is_wilsons(self, n: int, share: float) -> None:
        successes = round(share * n)
        reference = binomtest(successes, n).proportion_ci(0.95, method="wilson")
        assert wilson_interval(successes, n) == pytest.approx((reference.low, reference.high))

    @given(n=st.integers(0, 500), share=st.floats(0, 1))
    def test_an_interval_holds_its_share_and_stays_within_0_and_1(
        self, n: int, share: float
    ) -> None:
        successes = round(share * n)
        low, high = wilson_interval(successes, n)
        assert 0 <= low <= (successes / n if n else low) <= high <= 1

    @given(scores_of_nps)
    def test_the_error_of_nps_is_that_of_the_mean_of_plus_one_zero_and_minus_one(
        self, scores: list[int]
    ) -> None:
        votes = [(score >= 9) - (score <= 6) for score in scores]
        error = nps_standard_error(votes.count(1), votes.count(-1), len(votes))
        assert error == pytest.approx(100 * sqrt(pvariance(votes) / len(votes)), abs=1e-5)


class TestSatisfaction:
    @given(scores_of_csat)
    def test_csat_is_the_share_of_fours_and_fives(self, scores: list[int]) -> None:
        parts = parts_of(KpiId.CSAT, answers(scores))
        assert parts.total / parts.count == mean(score >= 4 for score in scores)
        assert parts.extras["mean"] == pytest.approx(mean(scores))
        low, high = parts.extras["interval"]
        assert 0 <= low <= parts.total / parts.count <= high <= 1
        assert parts.extras["margin"] == pytest.approx((high - low) / 2)

    @given(scores_of_nps)
    def test_nps_lies_between_minus_100_and_100(self, scores: list[int]) -> None:
        parts = parts_of(KpiId.NPS, answers(scores))
        promoters = sum(score >= 9 for score in scores)
        detractors = sum(score <= 6 for score in scores)
        assert (parts.total, parts.count) == (promoters - detractors, len(scores))
        assert -100 <= 100 * parts.total / parts.count <= 100
        assert parts.extras["margin"] == pytest.approx(1.96 * parts.extras["standard_error"])
        groups = [parts.extras[name] for name in ("promoters", "passives", "detractors")]
        assert sum(groups) == len(scores)

    @pytest.mark.parametrize(("n", "small"), [(0, True), (4, True), (5, False)])
    def test_fewer_than_five_answers_are_a_small_sample(self, n: int, small: bool) -> None:
        assert parts_of(KpiId.CSAT, answers([5] * n)).extras["small_sample"] is small

    def test_the_response_rate_is_of_the_surveys_sent(self) -> None:
        parts = parts_of(KpiId.CSAT, answers([5, 1, 3], sent=4, responded=1))
        assert parts.extras["response_rate"] == 0.25
        assert parts_of(KpiId.CSAT, answers([5])).extras["response_rate"] is None

    def test_surveys_that_nobody_answered_are_a_reason(self) -> None:
        parts = parts_of(KpiId.NPS, answers([], sent=3))
        assert (parts.count, parts.extras["reason"]) == (0, "no_answers")
        assert parts.extras["margin"] is None


@pytest.mark.parametrize("kpi", sorted(RECORD_KPIS))
def test_nothing_at_all_is_no_number_of_any_kpi(kpi: KpiId) -> None:
    parts = parts_of(kpi, Counter())
    assert (parts.total, parts.count, parts.records, parts.exclusions) == (0, 0, 0, {})
    assert parts.extras["reason"] == "no_records"


class TestTime:
    def test_availability_is_the_agreed_time_less_the_downtime(self) -> None:
        counts = Counter(services=1, agreed_us=1_000, downtime_us=250, overlapping=1)
        parts = parts_of(KpiId.AVAILABILITY, counts)
        assert (parts.total, parts.count, parts.records) == (750, 1_000, 1)
        assert "reason" not in parts.extras

    @pytest.mark.parametrize("kpi", [KpiId.AVAILABILITY, KpiId.MTBF])
    def test_without_agreed_time_there_is_no_number(self, kpi: KpiId) -> None:
        parts = parts_of(kpi, Counter(services=1, timed=2, overlapping=2))
        assert (parts.count, parts.extras["reason"]) == (0, "no_agreed_time")

    @pytest.mark.parametrize("kpi", [KpiId.AVAILABILITY, KpiId.MTBF])
    def test_holidays_that_no_one_knows_are_a_reason(self, kpi: KpiId) -> None:
        parts = parts_of(kpi, Counter(services=2, outside_calendar=2))
        assert parts.extras["reason"] == "outside_calendar"

    def test_without_an_outage_there_is_no_time_between_failures(self) -> None:
        parts = parts_of(KpiId.MTBF, Counter(services=1, agreed_us=7_200_000_000))
        assert (parts.count, parts.extras["reason"]) == (0, "no_outages")
        assert parts.extras["agreed_hours"] == 2

    def test_no_outage_of_an_observed_service_is_a_number(self) -> None:
        parts = parts_of(KpiId.UNPLANNED_OUTAGES, Counter(observed=1))
        assert (parts.total, parts.extras.get("reason")) == (0, None)
