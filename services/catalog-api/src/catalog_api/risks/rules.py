"""How a risk is scored, and which states follow which."""

from collections.abc import Mapping
from enum import StrEnum


class RiskState(StrEnum):
    OPEN = "open"
    TREATED = "treated"
    CLOSED = "closed"
    ACCEPTED = "accepted"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Treatment(StrEnum):
    """The four ways to treat a risk (ISO 31000 shortened to what people say)."""

    AVOID = "avoid"
    REDUCE = "reduce"
    TRANSFER = "transfer"
    ACCEPT = "accept"


class RiskSource(StrEnum):
    MANUAL = "manual"
    TREND = "trend"


# Only time leads from accepted to open: the job that ends acceptances.
MOVES: Mapping[RiskState, tuple[RiskState, ...]] = {
    RiskState.OPEN: (RiskState.TREATED, RiskState.ACCEPTED),
    RiskState.TREATED: (RiskState.CLOSED, RiskState.ACCEPTED),
    RiskState.CLOSED: (RiskState.ACCEPTED,),
    RiskState.ACCEPTED: (RiskState.ACCEPTED, RiskState.OPEN),
}
