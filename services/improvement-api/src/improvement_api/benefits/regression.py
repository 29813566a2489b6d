"""Regression of a short series whose errors follow one another, honest about not knowing how much.

Errors are AR(1); where periods rest on different numbers of records, part of the variance goes
with 1/n. Neither the autocorrelation nor that part can be told well from a few dozen periods, and
to plug in an estimate (Cochrane-Orcutt, Newey-West, REML) gives intervals that are too narrow. So
neither is plugged in: for each pair on a grid generalised least squares gives a t distribution of
the effect, and these are mixed with the weights that the restricted likelihood gives the pairs
(Harville 1974: it is the likelihood with coefficients and variance integrated out). Nothing is
drawn at random: the same series gives the same interval. How often the interval holds the truth is
measured in tests/unit/improvement_api/benefits and tests/bench/effects.py.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

AUTOCORRELATIONS: Final[Array] = np.linspace(-0.5, 0.95, 30)
"""Equally likely beforehand. Ends are left out where a mean cannot be told from a random walk."""

SHARES_OF_NOISE: Final[Array] = np.array([0.0, 1 / 3, 2 / 3, 1.0])
"""How much of the variance does not last: that of the records a period happened to have."""

WHITE: Final = 2.0
"""Beforehand, that nothing lasts is so many times as likely as each of the other shares."""

_RHO, _SHARE = (grid.ravel() for grid in np.meshgrid(AUTOCORRELATIONS, SHARES_OF_NOISE))

_EXACT: Final = 1e-9
_HALVINGS: Final = 50


@dataclass(frozen=True)
class Posterior:
    """k linear functions of the coefficients, each a mixture of g t distributions."""

    weights: Array  # g
    location: Array  # g, k
    scale: Array  # g, k
    freedom: int
    autocorrelation: float

    def mean(self) -> Array:
        return np.asarray(self.weights @ self.location)

    def below(self, values: Array) -> Array:
        """The probability that each function lies below its value."""
        return np.asarray(self.weights @ stdtr(self.freedom, (values - self.location) / self.scale))

    def quantiles(self, probability: float) -> Array:
        """By halving: a quantile of a mixture lies between those of its parts."""
        parts = self.location + stdtrit(self.freedom, probability) * self.scale
        low, high = parts.min(axis=0), parts.max(axis=0)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            under = self.below(middle) < probability
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.asarray((low + high) / 2)

    def interval(self, level: float) -> tuple[Array, Array]:
        return self.quantiles((1 - level) / 2), self.quantiles((1 + level) / 2)

    def p_values(self) -> Array:
        """Two-sided, against nothing at all."""
        below = self.below(np.zeros(self.location.shape[1]))
        return 2 * np.minimum(below, 1 - below)


def independent_columns(design: Array) -> list[int]:
    """Columns that say something the ones before them do not."""
    kept: list[int] = []
    for column in range(design.shape[1]):
        if np.linalg.matrix_rank(design[:, [*kept, column]]) > len(kept):
            kept.append(column)
    return kept


def regress(
    values: Array, design: Array, positions: Array, counts: Array | None, functions: Array
) -> Posterior:
    """The functions (k, p) of the coefficients of values (m) on a design (m, p) of full rank.

    `positions` are whole numbers of periods; where some are missing the errors are as far apart
    as the periods are. `counts` are the records of each period, None where they say nothing
    about its precision. m must exceed p.
    """
    periods, parameters = design.shape
    # Columns of like size, for the arithmetic; and residuals, for a level of billions has no noise.
    scales = np.sqrt((design**2).mean(axis=0))
    start = np.linalg.lstsq(design / scales, values, rcond=None)[0]
    residuals = values - design / scales @ start
    size = max(np.sqrt((residuals**2).mean()), _EXACT * (1 + np.abs(values).max()))
    white, halves = _whitened(
        np.column_stack([design / scales, residuals / size]), positions, counts
    )
    moments = white.transpose(1, 2, 0) @ white.transpose(1, 0, 2)
    normal, products = moments[:, :parameters, :parameters], moments[:, :parameters, parameters]
    inverse = np.linalg.inv(normal)
    coefficients = (inverse @ products[:, :, None])[:, :, 0]
    # A series without any noise has a width all the same, far below what is ever shown.
    rest = np.maximum(
        moments[:, parameters, parameters] - (coefficients * products).sum(axis=1), _EXACT
    )
    freedom = periods - parameters
    likely = np.where(_SHARE == 1, np.log(WHITE), 0.0)
    likelihood = likely - halves - np.linalg.slogdet(normal)[1] / 2 - freedom / 2 * np.log(rest)
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    asked = functions / scales
    spread = ((asked @ inverse) * asked).sum(axis=2)
    return Posterior(
        weights=weights,
        location=(coefficients * size + start) @ asked.T,
        scale=size * np.sqrt(spread * (rest / freedom)[:, None]),
        freedom=freedom,
        autocorrelation=float(weights @ (_RHO * (1 - _SHARE))),
    )


def _whitened(table: Array, positions: Array, counts: Array | None) -> tuple[Array, Array]:
    """Each row less what the ones before lead to expect, over its spread, for each pair of the
    grid (m, g, columns); and half the log determinants of the covariances (g).

    A Kalman filter whose state is the part of the error that lasts (Harvey 1989); linear in what
    is observed, so that it whitens the columns of the design as it does the figures.
    """
    noise = np.ones(len(table)) if counts is None else (1 / counts) / (1 / counts).mean()
    lasting, rho, passing = 1 - _SHARE, _RHO, _SHARE
    expected = np.zeros((len(rho), table.shape[1]))
    uncertain = lasting.copy()
    white = np.empty((len(table), len(rho), table.shape[1]))
    halves = np.zeros(len(rho))
    gaps = np.diff(positions, append=positions[-1] + 1)
    for n, row in enumerate(table):
        spread = uncertain + passing * noise[n]
        surprise = row - expected
        gain = uncertain / spread
        white[n] = surprise / np.sqrt(spread)[:, None]
        halves += np.log(spread) / 2
        kept = rho ** gaps[n]
        expected = kept[:, None] * (expected + gain[:, None] * surprise)
        uncertain = kept**2 * uncertain * (1 - gain) + (1 - kept**2) * lasting
    return white, halves
