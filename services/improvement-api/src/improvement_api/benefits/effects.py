"""The effect of an intervention on a KPI: interrupted time series with rival explanations.

Segmented regression (Wagner et al. 2002; Bernal, Cummins and Gasparrini 2017): level and slope
before, change of both after, the time of the intervention itself left out. The effect is the
distance from what level, slope, season and volume of before lead to expect, on the series with
the mix of before. Errors: see regression.py, mix: see mix.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import numpy as np

from improvement_api.benefits.mix import Cell, standardised
from improvement_api.benefits.regression import (
    Array,
    Flags,
    Posterior,
    independent_columns,
    regress,
)

METHOD: Final = "its-ar1/2"
"""Changes with whatever changes a result; a measurement names the one it was made with."""

LEVEL: Final = 0.95
POWER: Final = 0.8
_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Observed:
    """The figure of a period; positions count periods, those of the intervention too."""

    position: int
    after: bool
    value: float
    count: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Setting:
    """`season` is a year in periods; `of_records`: the figure is a mean or share of its count."""

    season: float
    of_records: bool
    judging_level: float


@dataclass(frozen=True)
class Estimate:
    """With its 95 % interval, in the unit of the KPI."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Expected:
    """What a period after would have been without the intervention, with the 95 % interval."""

    position: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """`explained` and `average` add up to `naive`; `judged` is the interval of the judgement."""

    naive: float
    average: Estimate
    at_end: Estimate
    judged: Estimate
    p_value: float
    detectable: float
    autocorrelation: float
    explained: Mapping[str, float]
    not_adjusted: Mapping[str, str]
    adjusted: Sequence[float]
    expected: Sequence[Expected]

    @property
    def expected_mean(self) -> float:
        return sum(one.value for one in self.expected) / len(self.expected)


@dataclass(frozen=True)
class _Model:
    """A fitted model and the rows of its design after, with and without the intervention."""

    posterior: Posterior
    counterfactual: Array


@dataclass(frozen=True)
class _Series:
    values: Array
    counts: Array | None
    positions: Array
    after: Flags
    volume: Array | None


def effect_of(observed: Sequence[Observed], setting: Setting) -> Effect:
    """The effect, from periods in their order; rules.missing_data says when there are enough."""
    raw = _series(observed, setting)
    not_adjusted: dict[str, str] = {}
    mixed = _with_mix_of_before(raw, observed, not_adjusted)
    season = _season(raw, setting, not_adjusted)
    volume = _volume(raw, setting, not_adjusted)
    naive = _difference(raw)
    same_mix = _difference(mixed)
    trended = _average(_fit(mixed, []))
    seasonal = _average(_fit(mixed, season)) if season else trended
    model = _fit(mixed, [*season, *volume])
    average = _average(model)
    explained = {
        "mix": naive - same_mix,
        "trend": same_mix - trended,
        "season": trended - seasonal,
        "volume": seasonal - average,
    }
    return _effect(model, mixed, setting, naive, explained, not_adjusted)


def chances_below(
    observed: Sequence[Observed], setting: Setting, values: Sequence[float]
) -> list[float]:
    """How likely the average effect is below each value: one is in the 95 % interval from 2.5 to
    97.5 %. What simulations ask thousands of times."""
    raw, unsaid = _series(observed, setting), dict[str, str]()
    mixed = _with_mix_of_before(raw, observed, unsaid)
    terms = [*_season(raw, setting, unsaid), *_volume(raw, setting, unsaid)]
    posterior = _fit(mixed, terms, only_average=True).posterior
    return [float(posterior.below(np.array([value]))[0]) for value in values]


def _series(observed: Sequence[Observed], setting: Setting) -> _Series:
    counts = np.array([float(max(one.count, 1)) for one in observed])
    return _Series(
        values=np.array([one.value for one in observed]),
        counts=counts if setting.of_records else None,
        positions=np.array([float(one.position) for one in observed]),
        after=np.array([one.after for one in observed]),
        volume=counts if setting.of_records else None,
    )


def _with_mix_of_before(
    raw: _Series, observed: Sequence[Observed], not_adjusted: dict[str, str]
) -> _Series:
    if raw.counts is None:
        not_adjusted["mix"] = "The KPI is not a mean or a share over records"
        return raw
    fixed = standardised([one.cells for one in observed], raw.after.tolist())
    if fixed is None:
        not_adjusted["mix"] = "The records do not fall into groups known before and after"
        return raw
    return replace(raw, values=np.array(fixed.values), counts=np.array(fixed.counts))


def _season(raw: _Series, setting: Setting, not_adjusted: dict[str, str]) -> list[Array]:
    """One wave a year, where the time before saw a whole one."""
    before = raw.positions[~raw.after]
    if before[-1] - before[0] + 1 < setting.season - 1:
        not_adjusted["season"] = "The periods before do not make up a year"
        return []
    turns = 2 * np.pi * raw.positions / setting.season
    return [np.sin(turns), np.cos(turns)]


def _volume(raw: _Series, setting: Setting, not_adjusted: dict[str, str]) -> list[Array]:
    if raw.volume is None:
        not_adjusted["volume"] = "The KPI is itself a volume, or not one of records"
        return []
    return [(raw.volume - raw.volume.mean()) / raw.volume.mean()]


def _difference(series: _Series) -> float:
    """After less before, of all records together: what a naive comparison shows."""
    weights = np.ones(len(series.values)) if series.volume is None else series.volume
    sides = (series.after, ~series.after)
    after, before = (np.average(series.values[s], weights=weights[s]) for s in sides)
    return float(after - before)


def _fit(series: _Series, terms: Sequence[Array], *, only_average: bool = False) -> _Model:
    """Level, slope, change of level, change of slope, and the further terms."""
    after = series.after.astype(float)
    time = series.positions / 10  # columns of like size, for the arithmetic
    middle = time[series.after].mean()
    change = (time - middle) * after
    base = np.column_stack([np.ones(len(after)), time - time.mean(), *terms])
    base = base[:, independent_columns(base)]
    counterfactual = np.column_stack([base, np.zeros((len(base), 2))])
    design = np.column_stack([base, after, change])
    zero = np.zeros(base.shape[1])
    average = np.r_[zero, 1, 0]
    at_end = np.r_[zero, 1, change[-1]]
    functions = np.vstack([average, at_end, counterfactual[series.after]])
    asked = functions[:1] if only_average else functions
    return _Model(
        regress(series.values, design, series.positions, series.counts, asked),
        counterfactual[series.after],
    )


def _average(model: _Model) -> float:
    return float(model.posterior.mean()[0])


def _effect(
    model: _Model,
    series: _Series,
    setting: Setting,
    naive: float,
    explained: Mapping[str, float],
    not_adjusted: Mapping[str, str],
) -> Effect:
    posterior = model.posterior
    values = posterior.mean()
    low, high = posterior.interval(LEVEL)
    judged_low, judged_high = posterior.interval(setting.judging_level)
    expected = [
        Expected(int(position), *map(float, numbers))
        for position, *numbers in zip(
            series.positions[series.after], values[2:], low[2:], high[2:], strict=True
        )
    ]
    return Effect(
        naive=naive,
        average=Estimate(float(values[0]), float(low[0]), float(high[0])),
        at_end=Estimate(float(values[1]), float(low[1]), float(high[1])),
        judged=Estimate(float(values[0]), float(judged_low[0]), float(judged_high[0])),
        p_value=float(posterior.p_values()[0]),
        detectable=_detectable(float(judged_high[0] - judged_low[0]) / 2, setting.judging_level),
        autocorrelation=posterior.autocorrelation,
        explained=explained,
        not_adjusted=not_adjusted,
        adjusted=[float(value) for value in series.values],
        expected=expected,
    )


def _detectable(half_width: float, level: float) -> float:
    """The effect that is shown with POWER, by half the width of the interval that judges it."""
    return half_width * (1 + _NORMAL.inv_cdf(POWER) / _NORMAL.inv_cdf((1 + level) / 2))
