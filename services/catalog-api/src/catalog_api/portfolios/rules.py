"""What a portfolio shows of its services."""

from collections import Counter
from collections.abc import Mapping

from catalog_api.stages.rules import Phase, phase_of
from shared.schemas.catalog import PhaseCounts, Stage


def phase_counts(stages: Mapping[Stage, int]) -> PhaseCounts:
    """Services by phase, from services by stage."""
    counts: Counter[Phase] = Counter()
    for stage, number in stages.items():
        counts[phase_of(stage)] += number
    return PhaseCounts(
        pipeline=counts[Phase.PIPELINE], live=counts[Phase.LIVE], retired=counts[Phase.RETIRED]
    )
