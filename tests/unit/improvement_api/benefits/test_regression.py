"""The regression against a library that does a part of it, and its mixture against itself."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import stdtrit

from improvement_api.benefits import regression
from improvement_api.benefits.regression import independent_columns, regress

RNG = np.random.default_rng(3)
PERIODS = 40
POSITIONS = np.r_[np.arange(20), np.arange(25, 45)].astype(float)  # five are missing
DESIGN = np.column_stack([np.ones(PERIODS), POSITIONS / 10, POSITIONS >= 25])
COUNTS = RNG.integers(5, 60, PERIODS).astype(float)
VALUES = DESIGN @ [6.0, -0.1, -2.0] + RNG.normal(size=PERIODS)
EFFECT = np.array([[0.0, 0.0, 1.0]])


def covariance(rho: float, share: float) -> np.ndarray:
    lasting = (1 - share) * rho ** np.abs(POSITIONS[:, None] - POSITIONS[None, :])
    return np.asarray(lasting + share * np.diag((1 / COUNTS) / (1 / COUNTS).mean()))


@pytest.mark.parametrize("place", [0, 17, 40, 77, 100, 119])
def test_each_pair_of_the_grid_gives_the_estimate_and_error_of_statsmodels_gls(place: int) -> None:
    found = regress(VALUES, DESIGN, POSITIONS, COUNTS, EFFECT)

    rho, share = regression._RHO[place], regression._SHARE[place]
    theirs = sm.GLS(VALUES, DESIGN, sigma=covariance(rho, share)).fit()
    assert found.location[place, 0] == pytest.approx(theirs.params[2], rel=1e-9)
    assert found.scale[place, 0] == pytest.approx(theirs.bse[2], rel=1e-9)


def test_the_weights_are_those_of_the_restricted_likelihood_and_of_what_is_likely() -> None:
    found = regress(VALUES, DESIGN, POSITIONS, COUNTS, EFFECT)

    # Harville 1974, by plain linear algebra.
    def likelihood(place: int) -> float:
        inverse = np.linalg.inv(covariance(regression._RHO[place], regression._SHARE[place]))
        normal = DESIGN.T @ inverse @ DESIGN
        rest = VALUES - DESIGN @ np.linalg.solve(normal, DESIGN.T @ inverse @ VALUES)
        squares = rest @ inverse @ rest
        return float(
            np.linalg.slogdet(inverse)[1] / 2
            - np.linalg.slogdet(normal)[1] / 2
            - (PERIODS - 3) / 2 * np.log(squares)
        )

    mixed = np.log(found.weights[17] / found.weights[40])
    white = np.log(found.weights[17] / found.weights[100])
    assert mixed == pytest.approx(likelihood(17) - likelihood(40), rel=1e-8)
    beforehand = np.log(regression.WHITE)
    assert white == pytest.approx(likelihood(17) - likelihood(100) - beforehand, rel=1e-8)


def test_of_one_pair_the_interval_is_that_of_t(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "_RHO", np.array([0.0]))
    monkeypatch.setattr(regression, "_SHARE", np.array([0.0]))

    found = regress(VALUES, DESIGN, POSITIONS, None, EFFECT)

    ordinary = sm.OLS(VALUES, DESIGN).fit()
    low, high = found.interval(0.95)
    assert [low[0], high[0]] == pytest.approx(ordinary.conf_int()[2], rel=1e-9)
    assert found.p_values()[0] == pytest.approx(ordinary.pvalues[2], rel=1e-6)


def test_quantiles_and_chances_of_the_mixture_fit_each_other() -> None:
    found = regress(VALUES, DESIGN, POSITIONS, COUNTS, np.eye(3))

    low, high = found.interval(0.9)

    assert found.below(low) == pytest.approx([0.05] * 3)
    assert found.below(high) == pytest.approx([0.95] * 3)


def test_not_knowing_the_autocorrelation_makes_the_interval_wider_than_plugging_it_in() -> None:
    found = regress(VALUES, DESIGN, POSITIONS, COUNTS, EFFECT)

    likeliest = found.scale[found.weights.argmax(), 0]
    low, high = found.interval(0.95)
    plugged_in = stdtrit(found.freedom, 0.975) * likeliest
    assert (high - low)[0] / 2 > plugged_in


@pytest.mark.parametrize("factor", [1e-6, 1e9])
def test_the_unit_of_a_figure_changes_the_unit_of_its_effect_only(factor: float) -> None:
    plain = regress(VALUES, DESIGN, POSITIONS, COUNTS, EFFECT)
    scaled = regress(VALUES * factor, DESIGN, POSITIONS, COUNTS, EFFECT)

    assert scaled.quantiles(0.975) == pytest.approx(plain.quantiles(0.975) * factor, rel=1e-6)


@pytest.mark.parametrize("values", [np.zeros(PERIODS), np.full(PERIODS, 0.95), DESIGN @ [1, 1, -1]])
def test_a_series_without_noise_has_a_number_and_no_warning(values: np.ndarray) -> None:
    found = regress(values, DESIGN, POSITIONS, COUNTS, EFFECT)

    low, high = found.interval(0.95)
    step = values[-1] - values[-2]  # nothing but the slope
    assert np.isfinite([low, high, found.p_values()]).all()
    assert low[0] <= (-1 if step else 0) <= high[0]
    assert high[0] - low[0] < 1e-6


def test_columns_that_say_nothing_new_are_left_out() -> None:
    doubled = np.column_stack([np.ones(9), np.arange(9), 2 * np.arange(9) + 1, np.arange(9) ** 2])

    assert independent_columns(doubled.astype(float)) == [0, 1, 3]
