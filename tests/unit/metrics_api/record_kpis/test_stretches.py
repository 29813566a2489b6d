"""Spans are cut so that every moment of them is counted once in each."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metrics_api.indicators.periods import Span
from metrics_api.record_kpis.stretches import FIRST_MOMENT, cut, stretches_of

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 30).map(lambda days: NEW_YEAR + timedelta(days=days))
some_spans = st.lists(
    st.tuples(moments | st.none(), moments).map(
        lambda ends: (ends[0] and min(ends[0], ends[1]), max(ends[0] or ends[1], ends[1]))
    ),
    min_size=1,
    max_size=8,
).map(lambda found: [Span(n, *ends) for n, ends in enumerate(found)])


@given(some_spans)
def test_the_stretches_of_a_span_are_the_span(spans: list[Span]) -> None:
    cuts = cut(spans)
    stretches = dict(enumerate(stretches_of(cuts), 1))
    for n, start, end in spans:
        own = [stretches[s] for s, of in zip(cuts.stretch, cuts.n, strict=True) if of == n]
        length = sum((high - low for low, high in own), timedelta())
        assert length == end - (start or FIRST_MOMENT)
        assert all((start or FIRST_MOMENT) <= low < high <= end for low, high in own)
        assert len(own) == len(set(own))


@given(some_spans)
def test_stretches_lie_side_by_side(spans: list[Span]) -> None:
    bounds = cut(spans).bounds
    assert bounds == sorted(set(bounds))
