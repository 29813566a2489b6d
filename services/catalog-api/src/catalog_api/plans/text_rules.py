"""What in the text of a plan cannot be, which references it makes, and how two texts differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_api.plans.kpis import out_of_range
from catalog_api.plans.texts import (
    FinanceMeasure,
    FinanceTarget,
    RoadmapText,
    StrategyText,
    TargetsText,
)
from shared.errors import FieldError

Text = StrategyText | RoadmapText | TargetsText


@dataclass(frozen=True)
class Reference:
    """A key that the text names, and where."""

    pointer: str
    key: str


@dataclass(frozen=True)
class Difference:
    """A member that differs; what stands on one side only is null on the other."""

    pointer: str
    before: Any
    after: Any


def malformed(text: Text) -> list[FieldError]:
    """Everything that cannot stand in this text, whatever the catalog holds."""
    if isinstance(text, StrategyText):
        return [
            *_repeated("/objectives", text.objectives),
            *_repeated("/target_customers", text.target_customers),
            *_repeated("/requirements", [one.id for one in text.requirements], "/id"),
        ]
    if isinstance(text, RoadmapText):
        return [
            *_repeated("/items", [one.id for one in text.items], "/id"),
            *(
                _currency_error(f"/items/{position}", needed=item.cost is not None)
                for position, item in enumerate(text.items)
                if (item.cost is None) != (item.currency is None)
            ),
        ]
    return _malformed_targets(text)


def _malformed_targets(text: TargetsText) -> list[FieldError]:
    targeted = [target.kpi for target in text.quality_targets]
    errors = _repeated("/quality_targets", targeted, "/kpi")
    for position, target in enumerate(text.quality_targets):
        if reason := out_of_range(target.kpi, target.value):
            pointer = f"/quality_targets/{position}/value"
            errors.append(FieldError(pointer, reason, "out_of_range"))
    for position, finance in enumerate(text.finance_targets):
        if _is_money(finance) != (finance.currency is not None):
            pointer = f"/finance_targets/{position}"
            errors.append(_currency_error(pointer, needed=_is_money(finance)))
    factors = text.critical_success_factors
    errors += _repeated("/critical_success_factors", [one.id for one in factors], "/id")
    errors += [
        FieldError(
            f"/critical_success_factors/{position}/kpis/{place}",
            f"has no quality target: nothing would satisfy the factor by {kpi}",
            "no_quality_target",
        )
        for position, factor in enumerate(factors)
        for place, kpi in enumerate(factor.kpis)
        if kpi not in targeted
    ]
    return errors


def objectives_of(text: Text) -> list[Reference]:
    """Objectives that the text names."""
    if isinstance(text, StrategyText):
        return [Reference(f"/objectives/{n}", key) for n, key in enumerate(text.objectives)]
    if isinstance(text, TargetsText):
        return [
            Reference(f"/critical_success_factors/{n}/objective", factor.objective)
            for n, factor in enumerate(text.critical_success_factors)
        ]
    return []


def customers_of(text: Text) -> list[Reference]:
    """Customers that the text names."""
    if not isinstance(text, StrategyText):
        return []
    return [Reference(f"/target_customers/{n}", key) for n, key in enumerate(text.target_customers)]


def differences(before: Any, after: Any, pointer: str = "") -> Iterator[Difference]:
    """The members that differ between two texts; items of lists are matched by their id."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{pointer}/{name}")
    elif _have_ids(before) and _have_ids(after):
        yield from differences(_by_id(before), _by_id(after), pointer)
    elif before != after:
        yield Difference(pointer, before, after)


def _have_ids(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "id" in one for one in value)


def _by_id(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {item["id"]: item for item in items}


def _repeated(pointer: str, names: Sequence[str], member: str = "") -> list[FieldError]:
    return [
        FieldError(f"{pointer}/{position}{member}", f"{name} stands in this list twice", "repeated")
        for position, name in enumerate(names)
        if name in names[:position]
    ]


def _is_money(target: FinanceTarget) -> bool:
    return target.measure is not FinanceMeasure.RECOVERY_RATIO


def _currency_error(pointer: str, *, needed: bool) -> FieldError:
    detail = "an amount needs its currency" if needed else "there is no amount it could belong to"
    return FieldError(f"{pointer}/currency", detail, "currency")
