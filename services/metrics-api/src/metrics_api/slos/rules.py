"""Error budgets and burn rates, and what an SLO may be. Pure."""

from enum import StrEnum


class BudgetingMethod(StrEnum):
    """Occurrences count events, time slices whole slices, ratio time slices parts of slices."""

    OCCURRENCES = "occurrences"
    TIMESLICES = "timeslices"
    RATIO_TIMESLICES = "ratio_timeslices"


class SloState(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"
