"""From figures to a result: which periods count, what was found, said in a sentence.

Imports numpy and scipy: only jobs and routes that measure import it, when they do.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import rfc8785

from improvement_api.benefits.effects import METHOD, Effect, Estimate, Observed, Setting, effect_of
from improvement_api.benefits.mix import Cell
from improvement_api.benefits.periods import PERIODS_A_YEAR, position_of_label
from improvement_api.benefits.rules import (
    JUDGING_LEVEL,
    Verdict,
    Worsening,
    is_of_records,
    missing_data,
    verdict_of,
    worsening_of,
)
from improvement_api.benefits.schemas import EffectResult, MeasurementInputs, PeriodFigure

_DIGITS: Final = 9
"""Significant ones that are kept: more differ between machines, for their arithmetic does."""

_NAMES: Final = {
    "mix": "a changed mix",
    "trend": "the trend before",
    "season": "the season",
    "volume": "volume",
    "initiatives": "other initiatives",
}


@dataclass(frozen=True)
class Measured:
    """What a measurement is stored as; the same inputs give the same one, byte for byte."""

    inputs_hash: str
    method: str
    verdict: Verdict
    worsening: Worsening | None
    result: EffectResult


def measured(inputs: MeasurementInputs) -> Measured:
    """The effect that the inputs tell of, or what they lack. Takes tens of milliseconds."""
    stated = inputs.model_dump(mode="json")
    inputs_hash = hashlib.sha256(rfc8785.dumps(stated)).hexdigest()
    observed = [*_observed(inputs, inputs.before, False), *_observed(inputs, inputs.after, True)]
    n_after = sum(one.after for one in observed)
    counts = {"n_before": len(observed) - n_after, "n_after": n_after}
    missing = missing_data(counts["n_before"], n_after, inputs.look, inputs.grain.value)
    if missing:
        nothing = _nothing(counts, missing)
        return Measured(inputs_hash, METHOD, Verdict.INCONCLUSIVE, None, nothing)
    setting = Setting(
        season=PERIODS_A_YEAR[inputs.grain],
        of_records=is_of_records(inputs.kpi),
        judging_level=JUDGING_LEVEL,
    )
    effect = effect_of(observed, setting)
    worsening = worsening_of(effect.judged.low, effect.judged.high, inputs.better)
    verdict = verdict_of(worsening)
    result = _result(inputs, effect, counts, verdict)
    return Measured(inputs_hash, METHOD, verdict, worsening, result)


def _observed(
    inputs: MeasurementInputs, figures: Sequence[PeriodFigure], after: bool
) -> list[Observed]:
    return [
        Observed(
            position=position_of_label(one.period, inputs.grain),
            after=after,
            value=one.value,
            count=one.count,
            cells={name: Cell(cell.value, cell.count) for name, cell in one.groups.items()},
        )
        for one in figures
        if one.value is not None
    ]


def _nothing(counts: Mapping[str, int], missing: list[str]) -> EffectResult:
    return EffectResult(
        **counts,
        missing=missing,
        naive=None,
        average=None,
        at_end=None,
        relative=None,
        judged=None,
        p_value=None,
        detectable=None,
        autocorrelation=None,
        explained=None,
        not_adjusted={},
        adjusted=[],
        expected=[],
        sentence=f"Nothing can be said yet. It takes {' and '.join(missing)}.",
    )


def _result(
    inputs: MeasurementInputs, effect: Effect, counts: Mapping[str, int], verdict: Verdict
) -> EffectResult:
    found = _rounded(asdict(effect))
    found["not_adjusted"] |= _others(inputs)
    expected = found.pop("expected")
    labels = [one.period for one in inputs.after if one.value is not None]
    return EffectResult(
        **counts,
        **found,
        missing=[],
        relative=_rounded(_relative(effect.average, effect.expected_mean)),
        expected=[
            {"period": period, **{name: one[name] for name in ("value", "low", "high")}}
            for period, one in zip(labels, expected, strict=True)
        ],
        sentence=_sentence(inputs, effect, verdict, counts),
    )


def _others(inputs: MeasurementInputs) -> dict[str, str]:
    """Nothing in the figures tells whose effect it was of two initiatives at the same time."""
    if not inputs.others:
        return {}
    return {"initiatives": f"At the same time for the same KPI: {', '.join(inputs.others)}"}


def _relative(average: Estimate, expected_mean: float) -> dict[str, float] | None:
    """None where nothing, or less, was to be expected: a part of it means nothing."""
    if expected_mean <= 0:
        return None
    return {name: value / expected_mean for name, value in asdict(average).items()}


def _sentence(
    inputs: MeasurementInputs, effect: Effect, verdict: Verdict, counts: Mapping[str, int]
) -> str:
    unit = inputs.unit
    amount = f"{_signed(effect.average.value)} {unit} ({_intervals(effect, verdict)})"
    grain = inputs.grain.value
    basis = f"{counts['n_after']} {grain}s after against {counts['n_before']} before"
    said = {
        Verdict.IMPROVED: f"{inputs.kpi_name} became better with the intervention: {amount}",
        Verdict.WORSENED: f"{inputs.kpi_name} became worse with the intervention: {amount}",
        Verdict.NOT_SHOWN: (
            f"No effect on {inputs.kpi_name} is shown: {amount}; one of"
            f" {effect.detectable:.3g} {unit} would mostly have been"
        ),
    }[verdict]
    parts = [
        f"{_signed(part)} by {_NAMES[name]}"
        for name, part in effect.explained.items()
        if name not in effect.not_adjusted
    ]
    naive = f"Of the plain difference of {_signed(effect.naive)}, {', '.join(parts)} is explained"
    left = [_NAMES[name] for name in (*effect.not_adjusted, *_others(inputs))]
    unruled = f" Not ruled out: {', '.join(left)}." if left else ""
    return f"{said}; {basis}. {naive}.{unruled}"


def _intervals(effect: Effect, verdict: Verdict) -> str:
    """The 95 % interval; where it alone would show an effect, the wider one that judges as well."""
    average, judged = effect.average, effect.judged
    said = f"95 % interval {_signed(average.low)} to {_signed(average.high)}"
    if verdict is Verdict.NOT_SHOWN and average.low * average.high > 0:
        level = f"{JUDGING_LEVEL * 100:.2f} %"
        said += f"; for it is looked at three times it is judged by that of {level},"
        said += f" {_signed(judged.low)} to {_signed(judged.high)}"
    return said


def _signed(value: float) -> str:
    return f"{value:+.3g}"


def _rounded(value: Any) -> Any:
    """The same with floats of so many significant digits."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
