"""How often intervals hold the truth and effects are claimed, on series whose truth is known.

500 series a world, always the same ones. tests/bench/effects.py does it for many more worlds.
"""

from dataclasses import replace

import pytest

from improvement_api.benefits.effects import Observed, Setting, chances_below, effect_of
from improvement_api.benefits.mix import Cell
from improvement_api.benefits.rules import JUDGING_LEVEL, LEAST_BEFORE
from tests.support.effects import Coverage, World, coverage_of, simulated

ONE_RUN = 1 / 500  # may fall the other way by the arithmetic of another machine
EASIER = (0.05, 0.30, 0.50, 0.15)
NOTHING = World(before=40, after=12, rho=0.3)
BUSIER = replace(NOTHING, volume_jump=1.6, of_volume=3.0)
MIXED = replace(NOTHING, shares_after=EASIER)
TRENDING = replace(NOTHING, trend=-0.05)
SEASONAL = replace(NOTHING, before=53, wave=1.5)
WORLDS = {
    "a known effect": replace(NOTHING, effect=-2.0),
    "none": NOTHING,
    "none, of periods that follow one another": replace(NOTHING, rho=0.6),
    "none, with the least of data": replace(NOTHING, before=LEAST_BEFORE, rho=0.0),
    "a jump of the volume": BUSIER,
    "a shift of the mix": MIXED,
    "a trend before": TRENDING,
    "a season": SEASONAL,
    "an effect among all rivals": replace(
        BUSIER, effect=-2.0, shares_after=EASIER, trend=-0.03, wave=1.0, before=53
    ),
}
SETTING = Setting(season=NOTHING.season, of_records=True, judging_level=JUDGING_LEVEL)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_the_interval_holds_the_truth_and_no_effect_is_made_up(name: str) -> None:
    world = WORLDS[name]

    found = coverage_of(world, runs=500, seed=1)

    assert 0.93 <= found.held <= 0.97 + ONE_RUN, found
    assert world.effect or found.claimed <= 0.05, found


@pytest.mark.slow
def test_who_looks_three_times_makes_up_an_effect_in_one_of_twenty() -> None:
    claims, runs = 0, 200
    for series in simulated(replace(NOTHING, after=52), runs, seed=2):
        claims += any(
            not (1 - JUDGING_LEVEL) / 2
            <= chances_below(series[: NOTHING.before + look], SETTING, (0.0,))[0]
            <= (1 + JUDGING_LEVEL) / 2
            for look in (12, 26, 52)
        )

    assert claims / runs <= 0.07


@pytest.mark.slow
def test_an_effect_of_the_size_called_detectable_is_mostly_detected() -> None:
    size = effect_of(next(simulated(NOTHING, 1, 1)), SETTING).detectable

    found: Coverage = coverage_of(replace(NOTHING, effect=-size), runs=100, seed=3)

    assert 0.68 <= found.claimed <= 0.92


@pytest.mark.parametrize("rival", ["volume", "mix", "trend", "season"])
def test_the_plain_difference_is_explained_by_the_rival_that_made_it(rival: str) -> None:
    worlds = {"volume": BUSIER, "mix": MIXED, "trend": TRENDING, "season": SEASONAL}
    world = replace(worlds[rival], noise=0.05, spread=0.1, before=80, after=20)

    found = effect_of(next(simulated(world, 1, seed=4)), SETTING)

    assert abs(found.naive) > 0.5
    # A part of a wave looks like a trend, and the trend is told first.
    of_rival = found.explained[rival] + (found.explained["trend"] if rival == "season" else 0)
    assert of_rival == pytest.approx(found.naive, abs=0.3 * abs(found.naive))
    assert found.average.low < 0 < found.average.high


def test_parts_and_effect_add_up_to_the_plain_difference() -> None:
    found = effect_of(next(simulated(WORLDS["an effect among all rivals"], 1, 5)), SETTING)

    assert sum(found.explained.values()) + found.average.value == pytest.approx(found.naive)
    assert not found.not_adjusted


def test_an_effect_that_grows_is_larger_at_the_end() -> None:
    grown = [
        replace(one, value=one.value - 0.2 * max(0, place - 40), cells={})
        for place, one in enumerate(next(simulated(replace(NOTHING, noise=0.1), 1, 6)))
    ]

    found = effect_of(grown, SETTING)

    assert found.at_end.value < found.average.value < 0


def test_the_time_of_the_intervention_widens_the_interval() -> None:
    series = next(simulated(NOTHING, 1, 7))
    later = [replace(one, position=one.position + 30 * one.after) for one in series]

    near, far = (effect_of(one, SETTING).average for one in (series, later))

    assert far.high - far.low > near.high - near.low


def test_what_could_not_be_ruled_out_is_named() -> None:
    short = next(simulated(replace(NOTHING, before=30), 1, 8))
    alike = [replace(one, cells={"1": Cell(one.value, one.count)}) for one in short]

    of_records = effect_of(alike, SETTING)
    of_none = effect_of(alike, replace(SETTING, of_records=False))

    assert set(of_records.not_adjusted) == {"mix", "season"}
    assert set(of_none.not_adjusted) == {"mix", "season", "volume"}
    assert of_none.explained["mix"] == of_none.explained["volume"] == 0


@pytest.mark.parametrize("value", [0.0, 1.0, 1e9])
def test_a_series_that_never_varies_shows_nothing(value: float) -> None:
    still = [Observed(place, place > 29, value, 10, {}) for place in range(45)]

    found = effect_of(still, SETTING)

    assert found.average.low <= 0 <= found.average.high
    assert found.naive == 0
