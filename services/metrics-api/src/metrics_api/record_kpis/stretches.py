"""Spans cut into stretches, so that each record is read once however the spans overlap. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple

from metrics_api.indicators.periods import Span

FIRST_MOMENT: Final = datetime(1800, 1, 1, tzinfo=UTC)
"""Where a span without a start begins; no stamp is older."""


class Cuts(NamedTuple):
    """`bounds` are the moments at which a span starts or ends, in order. Stretch 1 lies between the
    first two of them, as width_bucket counts; (`stretch`, `n`) side by side say which stretches
    the span n is made of.
    """

    bounds: list[datetime]
    stretch: list[int]
    n: list[int]


def cut(spans: Sequence[Span]) -> Cuts:
    """The stretches that these spans are made of. An empty span has none."""
    ends = [(start or FIRST_MOMENT, end, n) for n, start, end in spans]
    bounds = sorted({moment for start, end, _ in ends for moment in (start, end)})
    place = {moment: number for number, moment in enumerate(bounds, 1)}
    pairs = [(stretch, n) for start, end, n in ends for stretch in range(place[start], place[end])]
    return Cuts(bounds, [stretch for stretch, _ in pairs], [n for _, n in pairs])


def stretches_of(cuts: Cuts) -> list[tuple[datetime, datetime]]:
    """[start, end) of each stretch, in order."""
    return list(pairwise(cuts.bounds))
