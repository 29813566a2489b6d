"""Burn-rate alerts: which policies can fire, and when they do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, NamedTuple

from metrics_api.slos.durations import MINUTE, length_of
from shared.errors import Invalid


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


NO_WAIT: Final = "0m"


@dataclass(frozen=True)
class DefaultPolicy:
    """A row of the SRE workbook's table 5-8, made for 30 days; the short window is a twelfth."""

    key: str
    severity: str
    budget: Fraction
    long_window: timedelta


DEFAULTS: Final = (
    DefaultPolicy("fast-burn", "page", Fraction(2, 100), timedelta(hours=1)),
    DefaultPolicy("slow-burn", "page", Fraction(5, 100), timedelta(hours=6)),
    DefaultPolicy("low-burn", "ticket", Fraction(10, 100), timedelta(days=3)),
)
_MADE_FOR: Final = timedelta(days=30)
_A_DAY: Final = 1440


def waiting_time(alert_after: str) -> timedelta:
    """How long a condition lasts before it fires."""
    return timedelta() if alert_after == NO_WAIT else length_of(alert_after)


def default_policy(default: DefaultPolicy, window: timedelta) -> dict[str, Any]:
    """A row of the table for an SLO of that window: its windows grow and shrink with the SLO's.

    factor = share of the budget × window ÷ long window, as at 30 days.
    """
    minutes = max(round(default.long_window * (window / _MADE_FOR) / MINUTE), 2)
    if minutes > _A_DAY:
        minutes = round(minutes / 60) * 60
    factor = default.budget * Fraction(window / MINUTE) / minutes
    return {
        "key": default.key,
        "severity": default.severity,
        "factor": round(factor, 9),
        "long_window": spelt(minutes),
        "short_window": spelt(max(round(minutes / 12), 1)),
    }


def spelt(minutes: int) -> str:
    """A duration in the largest unit that it is whole in."""
    for unit, length in (("d", _A_DAY), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


class Pace(NamedTuple):
    """The highest burn rate of an objective or a composite, and how long its slices are."""

    highest: Fraction
    slice: timedelta = timedelta()


@dataclass(frozen=True)
class Burnable:
    """What policies of an SLO look at: each that burns on its own, and its window."""

    paces: tuple[Pace, ...]
    window: timedelta

    @property
    def highest(self) -> Fraction:
        """The strictest burns fastest."""
        return max(pace.highest for pace in self.paces)


def problem_of(policy: Mapping[str, Any], slo: Burnable) -> tuple[str, str] | None:
    """Why a policy could never fire or says nothing: the field and the reason; else None."""
    return _problem_of_windows(policy, slo) or _problem_of_factor(policy, slo)


def _problem_of_windows(policy: Mapping[str, Any], slo: Burnable) -> tuple[str, str] | None:
    """Only whole slices are counted, and in less than one there never is any."""
    long_window = length_of(policy["long_window"])
    short_window = policy["short_window"]
    slice_ = min(pace.slice for pace in slo.paces)
    no_slice = f"It never holds a whole slice of {spelt(slice_ // MINUTE)}"
    if long_window > slo.window:
        return "/long_window", "The long window is longer than the SLO's window"
    if short_window is not None and length_of(short_window) >= long_window:
        return "/short_window", "The short window must be shorter than the long one"
    if long_window < slice_:
        return "/long_window", no_slice
    if short_window is not None and length_of(short_window) < slice_:
        return "/short_window", no_slice
    return None


def _problem_of_factor(policy: Mapping[str, Any], slo: Burnable) -> tuple[str, str] | None:
    factor, gte = Fraction(str(policy["factor"])), policy["op"] == BurnComparator.GTE
    shortest = length_of(policy["short_window"] or policy["long_window"])
    highest = max(pace.highest for pace in slo.paces if pace.slice <= shortest)
    if factor > highest or (factor == highest and not gte):
        return "/factor", (
            f"It could never fire: when everything goes wrong the burn rate is"
            f" {float(highest):.6g}, that is 1 / (1 - target)"
        )
    return None


def check_policy(policy: Mapping[str, Any], slo: Burnable) -> None:
    """Refuse a policy that could never fire or says nothing (422)."""
    problem = problem_of(policy, slo)
    if problem is None:
        return
    pointer, reason = problem
    raise Invalid(
        reason,
        code="can_never_fire" if pointer == "/factor" else "bad_window",
        pointer=pointer,
        highest_burn_rate=float(slo.highest),
    )


@dataclass(frozen=True)
class Burn:
    """Burn rates over both windows; None without any event. A policy without a short one: alike."""

    long: Fraction | None
    short: Fraction | None


def cause_of(policy: Any, burn: Burn) -> AlertCause | None:
    """Why a policy finds that it should alert, if it does: both windows burn, or there is no data.

    The short window ends an alert soon after the burning has ended.
    """
    if burn.long is None:
        return AlertCause.NO_DATA if policy.alert_when_no_data else None
    if not policy.alert_when_breaching or burn.short is None:
        return None
    factor = Fraction(policy.factor)
    if policy.op == BurnComparator.GTE:
        exceeded = burn.long >= factor and burn.short >= factor
    else:
        exceeded = burn.long > factor and burn.short > factor
    return AlertCause.BURN_RATE if exceeded else None


@dataclass(frozen=True)
class Standing:
    """An alert that is pending or firing."""

    state: AlertState
    since: datetime


def next_state(
    standing: Standing | None, cause: AlertCause | None, now: datetime, wait: timedelta
) -> AlertState | None:
    """What becomes of an alert: None where there is none, or where a pending one has passed."""
    if cause is None:
        firing = standing is not None and standing.state is AlertState.FIRING
        return AlertState.RESOLVED if firing else None
    if standing is not None and standing.state is AlertState.FIRING:
        return AlertState.FIRING
    since = now if standing is None else standing.since
    return AlertState.FIRING if now - since >= wait else AlertState.PENDING
