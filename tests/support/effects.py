"""Series of a KPI with a known effect, or none, and rivals that look like one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from improvement_api.benefits.effects import Observed, Setting, chances_below
from improvement_api.benefits.mix import Cell
from improvement_api.benefits.rules import JUDGING_LEVEL

GROUPS = ("1", "2", "3", "4")


@dataclass(frozen=True)
class World:
    """How a KPI comes about, in hours a record. Jumps and shifts happen with the intervention.

    `of_volume` is what a doubled volume adds, `records` a period's mean number of them.
    """

    before: int = 52
    after: int = 12
    washout: int = 4
    season: float = 365.2425 / 7
    effect: float = 0.0
    rho: float = 0.0
    trend: float = 0.0
    wave: float = 0.0
    volume_jump: float = 1.0
    of_volume: float = 0.0
    shares: tuple[float, ...] = (0.05, 0.15, 0.5, 0.3)
    shares_after: tuple[float, ...] = (0.05, 0.15, 0.5, 0.3)
    hours: tuple[float, ...] = (2.0, 4.0, 6.0, 12.0)
    records: float = 40.0
    noise: float = 0.5  # of the period
    spread: float = 1.0  # of a record's duration, in means of its group; exponential at 1


def simulated(world: World, runs: int, seed: int) -> Iterator[list[Observed]]:
    """So many series of a world."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        yield _series(world, rng)


def _series(world: World, rng: np.random.Generator) -> list[Observed]:
    positions = np.r_[
        np.arange(world.before), world.before + world.washout + np.arange(world.after)
    ]
    late = positions >= world.before
    volume = rng.poisson(
        world.records
        * rng.lognormal(0, 0.15, len(positions))
        * np.where(late, world.volume_jump, 1)
    )
    volume = np.maximum(volume, 1)
    errors = world.noise * _autoregressive(positions[-1] + 1, world.rho, rng)[positions]
    shift = (
        errors
        + world.effect * late
        + world.trend * positions
        + world.wave * np.sin(2 * np.pi * (positions + 9) / world.season)
        + world.of_volume * (volume / world.records - 1)
    )
    observed = []
    for place, position in enumerate(positions):
        shares = world.shares_after if late[place] else world.shares
        counts = rng.multinomial(volume[place], shares)
        cells = {
            group: Cell(float(_mean(hours, count, world.spread, rng) + shift[place]), int(count))
            for group, hours, count in zip(GROUPS, world.hours, counts, strict=True)
            if count
        }
        value = sum(cell.value * cell.count for cell in cells.values()) / volume[place]
        observed.append(
            Observed(int(position), bool(late[place]), float(value), int(volume[place]), cells)
        )
    return observed


def _mean(hours: float, count: int, spread: float, rng: np.random.Generator) -> float:
    """Of gamma distributed durations, which are as skewed as those of incidents."""
    shape = 1 / spread**2
    return float(rng.gamma(shape * count, hours / shape / count))


def _autoregressive(length: int, rho: float, rng: np.random.Generator) -> np.ndarray:
    shocks = rng.normal(size=length)
    errors = np.empty(length)
    errors[0] = shocks[0]
    for place in range(1, length):
        errors[place] = rho * errors[place - 1] + np.sqrt(1 - rho**2) * shocks[place]
    return errors


@dataclass(frozen=True)
class Coverage:
    """Shares of the runs: the 95 % interval held the truth, and an effect was claimed, as plans
    are judged."""

    held: float
    claimed: float


def coverage_of(world: World, runs: int, seed: int) -> Coverage:
    setting = Setting(world.season, of_records=True, judging_level=JUDGING_LEVEL)
    held = claimed = 0
    for series in simulated(world, runs, seed):
        truth, zero = chances_below(series, setting, (world.effect, 0.0))
        held += 0.025 <= truth <= 0.975
        claimed += not (1 - JUDGING_LEVEL) / 2 <= zero <= (1 + JUDGING_LEVEL) / 2
    return Coverage(held / runs, claimed / runs)
