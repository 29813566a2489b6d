"""Which harder target is proposed, and which states of a proposal follow which. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from metrics_api.indicators.periods import Grain, labels_between, parse_period
from metrics_api.targets.rules import reachable
from shared.errors import Conflict, Forbidden, Invalid
from shared.schemas.metrics import Comparator, KpiId

PERIODS_MET: Final = 3
_TWO_DIGITS: Final = Context(prec=2, rounding=ROUND_HALF_EVEN)
_LOWER_IS_HARDER: Final = frozenset({Comparator.LTE, Comparator.LT})
SERVICE_OWNER: Final = "service_owner"
_LONGEST_PERIOD: Final = timedelta(days=366)


class ProposalState(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"


MOVES: Final[Mapping[ProposalState, tuple[ProposalState, ...]]] = {
    ProposalState.PROPOSED: (
        ProposalState.ACCEPTED,
        ProposalState.DECLINED,
        ProposalState.LAPSED,
    )
}
"""A proposal lapses by itself only."""


def mean_of(figures: Sequence[float]) -> Decimal:
    """The mean of the periods, each counting alike."""
    return sum((Decimal(repr(figure)) for figure in figures), Decimal()) / len(figures)


def proposed_value(
    kpi: KpiId, comparator: Comparator, old: Decimal, figures: Sequence[float]
) -> Decimal | None:
    """The midpoint between the old target and the mean of the periods, to two significant digits.

    None where that is no harder than the old one, or where no figure could meet it (Records 17).
    """
    value = _TWO_DIGITS.plus((old + mean_of(figures)) / 2)
    harder = value < old if comparator in _LOWER_IS_HARDER else value > old
    return value if harder and reachable(kpi, comparator, value) else None


def next_period_starts(grain: Grain, zone: ZoneInfo, now: datetime) -> date:
    """The first day of the period after the present one."""
    today = now.astimezone(zone).date()
    following = labels_between(grain, today, today + _LONGEST_PERIOD)[1]
    return parse_period(following, zone, now).first_day


def check_may_decide(owner: str | None, person: str, roles: Collection[str]) -> None:
    """The owner of the target decides, or a service owner; without an owner whoever sets targets.

    403 for anyone else.
    """
    if owner is not None and person != owner and SERVICE_OWNER not in roles:
        raise Forbidden(
            f"This target is {owner}'s: its owner or a service owner decides on the proposal",
            code="not_the_owner",
        )


def check_start(starts_on: date, valid_from: date, valid_to: date | None, today: date) -> None:
    """The harder target begins while the old one holds, and not in the past (422, 409)."""
    if starts_on < today:
        raise Invalid(
            "starts_on must not lie before today: past periods stay judged by the old target",
            code="past",
            pointer="/starts_on",
        )
    if starts_on <= valid_from or (valid_to is not None and starts_on > valid_to):
        raise Conflict(
            "The harder target must begin on a day on which the old one holds, after its first",
            code="target_does_not_hold",
            valid_from=str(valid_from),
            valid_to=None if valid_to is None else str(valid_to),
        )
