"""What a portfolio shows of its services."""

from hypothesis import given
from hypothesis import strategies as st

from catalog_api.portfolios.rules import phase_counts
from shared.schemas.catalog import Stage


def test_services_are_counted_by_phase() -> None:
    counts = phase_counts({Stage.STRATEGY: 2, Stage.OPERATE: 3, Stage.IMPROVE: 1})

    assert (counts.pipeline, counts.live, counts.retired) == (2, 4, 0)


@given(st.dictionaries(st.sampled_from(Stage), st.integers(0, 100)))
def test_every_service_is_in_exactly_one_phase(stages: dict[Stage, int]) -> None:
    counts = phase_counts(stages)

    assert counts.pipeline + counts.live + counts.retired == sum(stages.values())
