"""What a benchmark measures, and how far a service's own figure is from it."""

from enum import StrEnum


class Measure(StrEnum):
    """`unit_cost` per unit consumed, `user_cost` per user and month, `month_cost` per month."""

    UNIT_COST = "unit_cost"
    USER_COST = "user_cost"
    MONTH_COST = "month_cost"
    RECOVERY_RATIO = "recovery_ratio"
