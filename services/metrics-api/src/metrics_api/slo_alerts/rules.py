"""Burn-rate alerts: which policies can fire, and when they do. Pure."""

from enum import StrEnum


class PolicyState(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class BurnComparator(StrEnum):
    GT = "gt"
    GTE = "gte"


class AlertCause(StrEnum):
    BURN_RATE = "burn_rate"
    NO_DATA = "no_data"


class AlertState(StrEnum):
    """Pending until it has lasted as long as the policy's `alert_after`."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
