"""A critical success factor is satisfied when each of its KPIs met its target."""

from hypothesis import given
from hypothesis import strategies as st

from metrics_api.success_factors.rules import Satisfaction, satisfaction

OUTCOMES = st.lists(st.sampled_from([True, False, None]), max_size=6)


@given(OUTCOMES)
def test_all_must_be_met_and_one_that_is_missed_decides(met: list[bool | None]) -> None:
    expected = Satisfaction.UNKNOWN
    if False in met:
        expected = Satisfaction.UNSATISFIED
    elif met and all(met):
        expected = Satisfaction.SATISFIED

    assert satisfaction(met) is expected


@given(OUTCOMES, st.integers(0, 5))
def test_meeting_one_more_never_makes_it_worse(met: list[bool | None], place: int) -> None:
    order = [Satisfaction.UNSATISFIED, Satisfaction.UNKNOWN, Satisfaction.SATISFIED]
    better = [True if n == place else one for n, one in enumerate(met)]

    assert order.index(satisfaction(better)) >= order.index(satisfaction(met))
