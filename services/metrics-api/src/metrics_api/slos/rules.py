"""Error budgets and burn rates, and what an SLO may be. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from math import sqrt
from typing import Any, Final

from metrics_api.slis.rules import SliKind
from metrics_api.slos.durations import check_window, length_of
from shared.errors import Invalid

Z_95: Final = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""
LONGEST: Final = timedelta(days=1100)
SHORTEST: Final = timedelta(hours=1)


class BudgetingMethod(StrEnum):
    """Occurrences count events, time slices whole slices, ratio time slices parts of slices."""

    OCCURRENCES = "occurrences"
    TIMESLICES = "timeslices"
    RATIO_TIMESLICES = "ratio_timeslices"


class SloState(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class Level(StrEnum):
    """How an SLO stands. Unknown: there is no value, or too few events."""

    MET = "met"
    AT_RISK = "at_risk"
    MISSED = "missed"
    UNKNOWN = "unknown"


WORST_FIRST: Final = (Level.MISSED, Level.UNKNOWN, Level.AT_RISK, Level.MET)


@dataclass(frozen=True)
class Sums:
    """Good and valid events, minutes or slices (parts of slices, too) of a stretch of time."""

    good: Fraction
    total: Fraction

    @property
    def bad(self) -> Fraction:
        return self.total - self.good

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.good + other.good, self.total + other.total)

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(self.good - other.good, self.total - other.total)


NOTHING: Final = Sums(Fraction(0), Fraction(0))


@dataclass(frozen=True)
class Budget:
    """What may go wrong, what did, and what is left; `remaining_ratio` is left ÷ total."""

    total: Fraction
    spent: Fraction
    remaining: Fraction
    remaining_ratio: Fraction


def value_of(sums: Sums) -> Fraction | None:
    """The SLI: good ÷ total; None without any event."""
    return sums.good / sums.total if sums.total else None


def budget_of(sums: Sums, target: Fraction) -> Budget | None:
    """The budget is (1 − target) · total, for what has happened so far; None without any event."""
    if not sums.total:
        return None
    total = (1 - target) * sums.total
    return Budget(total, sums.bad, total - sums.bad, 1 - sums.bad / total)


def burn_rate(sums: Sums, target: Fraction) -> Fraction | None:
    """(1 − SLI) ÷ (1 − target): 1 spends the budget exactly; None without any event."""
    return sums.bad / ((1 - target) * sums.total) if sums.total else None


def highest_burn(target: Fraction) -> Fraction:
    """The burn rate at which everything goes wrong."""
    return 1 / (1 - target)


def wilson(sums: Sums) -> tuple[float, float] | None:
    """Wilson's 95 % interval of the share of good events, for how little a few events say."""
    if not sums.total:
        return None
    n, p = float(sums.total), float(sums.good / sums.total)
    centre = p + Z_95**2 / (2 * n)
    spread = Z_95 * sqrt(p * (1 - p) / n + Z_95**2 / (4 * n**2))
    scale = 1 + Z_95**2 / n
    return max((centre - spread) / scale, 0.0), min((centre + spread) / scale, 1.0)


@dataclass(frozen=True)
class Limits:
    """When an SLO is judged, and when its budget is short."""

    minimum_events: int
    at_risk_below: Fraction


def level_of(total: Fraction, remaining_ratio: Fraction | None, limits: Limits) -> Level:
    """Missed when more went wrong than the budget holds: exactly when the SLI is below target."""
    if remaining_ratio is None or total < limits.minimum_events:
        return Level.UNKNOWN
    if remaining_ratio < 0:
        return Level.MISSED
    return Level.AT_RISK if remaining_ratio < limits.at_risk_below else Level.MET


def reason_of(total: Fraction, limits: Limits) -> str | None:
    """Why the level is unknown, if it is."""
    if not total:
        return "no_data"
    return "insufficient_data" if total < limits.minimum_events else None


def worst(levels: Sequence[Level]) -> Level:
    """Missed before unknown before at risk: what is not known may be missed."""
    return min(levels, key=WORST_FIRST.index)


def composite_burn(members: Sequence[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """Of members (burn rate, weight): each burns the whole's budget at its rate × its weight.

    OpenSLO, composite SLOs. Members without events burn nothing; None when none has any.
    """
    known = [(rate, weight) for rate, weight in members if rate is not None]
    return sum((rate * weight for rate, weight in known), Fraction(0)) if known else None


def composite_target(targets: Sequence[Fraction]) -> Fraction:
    """What time slices of the whole promise: the missing parts of the members add, 0 at least.

    Bad slices of the whole are at most the sum of those of its members.
    """
    return max(1 - sum((1 - target for target in targets), Fraction(0)), Fraction(0))


def check_slo(slo: Mapping[str, Any], kinds: Mapping[str, SliKind]) -> None:
    """Refuse what contradicts itself (422). `kinds` are those of the SLIs that it looks at."""
    check_window(slo["time_window"], SHORTEST, LONGEST)
    objectives = slo["objectives"]
    composite = slo["sli"] is None
    for number, objective in enumerate(objectives):
        pointer = f"/objectives/{number}"
        _check_member(objective, pointer, composite=composite)
        kind = kinds[objective["sli"] if composite else slo["sli"]]
        _check_threshold(objective, pointer, kind)
        _check_slices(objective, pointer, slo)
    if composite:
        _check_composite(slo["budgeting_method"], objectives)
    elif len(objectives) > 1 and kinds[slo["sli"]] is SliKind.THRESHOLD:
        raise Invalid("A threshold SLI has one objective", pointer="/objectives")


def _check_member(objective: Mapping[str, Any], pointer: str, *, composite: bool) -> None:
    if composite != (objective["sli"] is not None):
        raise Invalid(
            "Each objective of a composite SLO names its SLI, that of others names none",
            code="one_sli_each",
            pointer=f"{pointer}/sli",
        )
    if not composite and objective["weight"] != 1:
        raise Invalid("Only members of a composite have a weight", pointer=f"{pointer}/weight")


def _check_threshold(objective: Mapping[str, Any], pointer: str, kind: SliKind) -> None:
    for name in ("op", "value"):
        if (kind is SliKind.THRESHOLD) != (objective[name] is not None):
            raise Invalid(
                "op and value are given for a threshold SLI, and only there",
                code="threshold_only",
                pointer=f"{pointer}/{name}",
            )


_SLICE_FIELDS: Final = {
    BudgetingMethod.OCCURRENCES: (False, False),
    BudgetingMethod.TIMESLICES: (True, True),
    BudgetingMethod.RATIO_TIMESLICES: (False, True),
}
"""Whether time_slice_target and time_slice_window are demanded."""


def _check_slices(objective: Mapping[str, Any], pointer: str, slo: Mapping[str, Any]) -> None:
    method = BudgetingMethod(slo["budgeting_method"])
    target, window = _SLICE_FIELDS[method]
    for name, wanted in (("time_slice_target", target), ("time_slice_window", window)):
        given = objective[name] is not None
        # OpenSLO lets ratio time slices have a target, which then decides nothing.
        spare = method is BudgetingMethod.RATIO_TIMESLICES and name == "time_slice_target"
        if given != wanted and not spare:
            raise Invalid(
                f"{name} is {'missing' if wanted else 'given'} with {method}",
                code="slices_of_method",
                pointer=f"{pointer}/{name}",
            )
    minutes = objective["time_slice_window"]
    if minutes is not None and timedelta(minutes=minutes) > length_of(
        slo["time_window"]["duration"]
    ):
        raise Invalid(
            "A slice must not be longer than the window", pointer=f"{pointer}/time_slice_window"
        )


def _check_composite(method: str, objectives: Sequence[Mapping[str, Any]]) -> None:
    if len(objectives) < 2:
        raise Invalid("A composite has two members at least", pointer="/objectives")
    if method == BudgetingMethod.OCCURRENCES:
        return
    if len({objective["time_slice_window"] for objective in objectives}) > 1:
        raise Invalid(
            "Slices of a composite are those of all its members: give them one length",
            code="slices_differ",
            pointer="/objectives",
        )
