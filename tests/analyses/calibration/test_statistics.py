from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import calibration as skc

from lungmet_worc.analyses.calibration.statistics import (
    BINS,
    CLIP,
    CURVE_COLUMNS,
    calibration,
    calibration_curve,
)
from tests.analyses.statistics.asah import FIRST, OUTCOME, SECOND

pytestmark = pytest.mark.filterwarnings("error")

#: A small example without ties.
SMALL_OUTCOME = (0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1)
SMALL = (0.12, 0.2, 0.25, 0.31, 0.38, 0.44, 0.5, 0.57, 0.61, 0.72, 0.81, 0.9)


# R 4.2.2 (asah.py), for p1 and then p2: l <- qlogis(p)
# g0 <- glm(y ~ 1, offset = l, family = binomial); g1 <- glm(y ~ l, family = binomial)
# Bounds: uniroot(..., tol = 1e-10) of 2 * (logLik(g1) - logLik(glm(y ~ 1, offset = b * l,
# family = binomial))) - qchisq(.95, 1) for the slope b, and the same of g0 for the intercept.
# confint(g0) and confint(g1), which interpolate: -0.121620783756, 0.690886430921;
# 0.907702674636, 2.48017192944; -0.218220082768, 0.630412896986; 0.899341773712, 1.93960242388.
# rms 6.5.0: val.prob(p, y)[c("Slope", "Brier")].
@pytest.mark.parametrize(
    ("posterior", "intercept", "slope", "brier"),
    [
        (
            FIRST,
            (0.292068299596, -0.121606483392, 0.690893215603),
            (1.63352005392, 0.90762412499, 2.48008831388),
            0.1917563451327,
        ),
        (
            SECOND,
            (0.212391635223, -0.218207352584, 0.630419278613),
            (1.39003044543, 0.89933328941, 1.93957204707),
            0.169028,
        ),
    ],
)
def test_intercept_and_slope_equal_those_of_r(
    posterior: np.ndarray,
    intercept: tuple[float, float, float],
    slope: tuple[float, float, float],
    brier: float,
) -> None:
    result = calibration(OUTCOME, posterior)
    assert result.intercept == pytest.approx(intercept, abs=1e-7)
    assert result.slope == pytest.approx(slope, abs=1e-7)
    assert result.brier == pytest.approx(brier, abs=1e-9)
    assert (result.n_patients, result.n_events) == (113, 41)


def test_small_example_equals_r() -> None:
    # The same with z = SMALL_OUTCOME, p = SMALL and qchisq(.90, 1): coef(g0), coef(g1)[2], bounds,
    # mean((p - z)^2).
    result = calibration(SMALL_OUTCOME, SMALL, confidence=0.9)
    assert result.intercept.value == pytest.approx(0.08152037557, abs=1e-9)
    assert result.slope == pytest.approx((1.344699533, 0.2429215403, 3.091609093), abs=1e-8)
    assert result.brier == pytest.approx(0.1752083333, abs=1e-9)


def test_expected_calibration_error_equals_that_of_another_package() -> None:
    # uncertainty-calibration 0.1.4, calibration.utils, plugin_ce(bin(data, get_equal_bins(p, n)),
    # power=1): 0.1508333333333333 for the small example with 4 bins, 0.10388300000000004 for the
    # 100 values with 5 bins.
    small = calibration(SMALL_OUTCOME, SMALL, bins=4)
    assert small.expected_calibration_error == pytest.approx(0.1508333333333333)
    rng = np.random.default_rng(7)
    posterior = np.round(rng.random(100), 4)
    outcome = (rng.random(100) < posterior**1.5).astype(int)
    error = calibration(outcome, posterior, bins=5).expected_calibration_error
    assert error == pytest.approx(0.103883)


@pytest.mark.parametrize("bins", [1, 3, BINS, 10])
@pytest.mark.parametrize("posterior", [FIRST, SECOND], ids=["first", "second"])
def test_curve_equals_that_of_scikit_learn(posterior: np.ndarray, bins: int) -> None:
    observed, predicted = skc.calibration_curve(
        OUTCOME, posterior, n_bins=bins, strategy="quantile"
    )
    curve = calibration_curve(OUTCOME, posterior, bins=bins)
    assert tuple(curve.columns) == CURVE_COLUMNS
    assert list(curve["predicted"]) == pytest.approx(list(predicted))
    assert list(curve["observed"]) == pytest.approx(list(observed))
    assert (curve["n_patients"].sum(), curve["n_events"].sum()) == (113, 41)


# R 4.2.2: prop.test(k, n, correct = FALSE)$conf.int, which is Wilson's interval.
@pytest.mark.parametrize(
    ("events", "patients", "interval"),
    [
        (3, 10, (0.107791267406, 0.603221852539)),
        (0, 7, (0, 0.354330435067)),
        (7, 7, (0.645669564933, 1)),
        (41, 113, (0.280042542754, 0.454640674034)),
    ],
)
def test_interval_of_the_curve_is_wilsons(
    events: int, patients: int, interval: tuple[float, float]
) -> None:
    outcome = [1] * events + [0] * (patients - events)
    row = calibration_curve(outcome, [0.3] * patients).iloc[0]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(interval, abs=1e-9)


@pytest.mark.parametrize(
    "posterior",
    [
        [0.1, 0.2, 0.3, 0.7, 0.8, 0.9],  # perfect separation
        [0.9, 0.8, 0.7, 0.3, 0.2, 0.1],  # and the wrong way round
        [0.1, 0.2, 0.5, 0.5, 0.8, 0.9],  # but for equal values at the border
        [0.4] * 6,
    ],
)
def test_slope_is_nan_where_it_is_not_defined(posterior: list[float]) -> None:
    result = calibration([0, 0, 0, 1, 1, 1], posterior)
    assert all(math.isnan(value) for value in result.slope)
    assert all(math.isfinite(value) for value in result.intercept)
    assert result.intercept.low < result.intercept.value < result.intercept.high


@pytest.mark.parametrize("outcome", [[0, 0, 0], [1, 1, 1]])
def test_one_class_has_no_calibration_model(outcome: list[int]) -> None:
    result = calibration(outcome, [0.2, 0.4, 0.6])
    assert all(math.isnan(value) for value in (*result.intercept, *result.slope))
    assert result.brier == pytest.approx(np.mean((np.array([0.2, 0.4, 0.6]) - outcome) ** 2))
    assert result.expected_calibration_error == pytest.approx(abs(0.4 - outcome[0]))


def test_nobody_has_no_calibration() -> None:
    result = calibration([], [])
    assert math.isnan(result.brier)
    assert math.isnan(result.expected_calibration_error)
    assert (result.n_patients, result.n_events) == (0, 0)
    empty = calibration_curve([], [])
    assert (len(empty), tuple(empty.columns)) == (0, CURVE_COLUMNS)


def test_certain_predictions_are_moved_a_little() -> None:
    outcome, certain = [0, 1, 0, 1, 0, 1], [0.0, 1.0, 1.0, 0.6, 0.4, 0.0]
    moved = np.clip(certain, CLIP, 1 - CLIP)
    result = calibration(outcome, certain)
    assert result.intercept == calibration(outcome, moved).intercept
    assert result.slope == calibration(outcome, moved).slope
    assert math.isfinite(result.slope.value)
    assert result.brier == pytest.approx((1 + 0.16 + 0.16 + 1) / 6)


def test_a_curve_needs_a_bin_and_every_value() -> None:
    with pytest.raises(ValueError, match="at least one bin"):
        calibration_curve([0, 1], [0.2, 0.4], bins=0)
    with pytest.raises(ValueError, match="missing"):
        calibration([0, 1], [0.2, np.nan])


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=30))
def test_intervals_hold_their_estimates_whatever_the_data(rows: list[tuple[bool, float]]) -> None:
    outcome, posterior = zip(*rows, strict=True)
    result = calibration(outcome, posterior)
    for estimate in (result.intercept, result.slope):
        if not math.isnan(estimate.value):
            assert estimate.low <= estimate.value <= estimate.high
    assert 0 <= result.expected_calibration_error <= 1
