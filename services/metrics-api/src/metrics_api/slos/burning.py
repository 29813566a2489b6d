"""How fast an SLO can burn and does, by objective: what alert policies look at."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from metrics_api.slo_alerts.rules import Burnable, Pace
from metrics_api.slos import rules
from metrics_api.slos.durations import MINUTE, length_of
from metrics_api.slos.rules import BudgetingMethod
from metrics_api.slos.standing import COMPOSITE, NO_ANSWER, Answers, Slot
from metrics_api.slos.status import target_of, weight_of, whole_of


def burnable_of(slo: Any) -> Burnable:
    """The highest burn rates that an SLO (row) can have, and its window."""
    return burnable_as(slo._mapping)


def burnable_as(slo: Mapping[str, Any]) -> Burnable:
    """The same of its fields: of a composite, as a whole."""
    window = length_of(slo["time_window"]["duration"])
    objectives = slo["objectives"]
    rates = [rules.highest_burn(target_of(objective)) for objective in objectives]
    slices = [MINUTE * (objective["time_slice_window"] or 0) for objective in objectives]
    if slo["sli"] is not None:
        return Burnable(tuple(map(Pace, rates, slices)), window)
    if slo["budgeting_method"] != BudgetingMethod.OCCURRENCES:
        target = rules.composite_target([target_of(objective) for objective in objectives])
        return Burnable((Pace(rules.highest_burn(target), slices[0]),), window)
    weights = [weight_of(objective) for objective in objectives]
    highest = rules.composite_burn(list(zip(rates, weights, strict=True)))
    return Burnable((Pace(highest or Fraction(0)),), window)


def burning_objectives(slo: Any) -> list[int]:
    """Which numbers burn on their own: each objective, or the composite as a whole."""
    return [COMPOSITE] if slo.sli is None else list(range(len(slo.objectives)))


def burn_of(slo: Any, objective: int, answers: Answers, stretch: str) -> Fraction | None:
    """The burn rate over the stretch of a name, less corrections; None without any event."""
    if objective == COMPOSITE:
        return whole_of(slo, answers, stretch, corrected=True).burn
    sums = answers.get(Slot(slo.key, objective, stretch), NO_ANSWER).corrected
    return rules.burn_rate(sums, target_of(slo.objectives[objective]))
