from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lungmet_worc.analyses.power.statistics import (
    auc_half_width,
    auc_standard_error,
    smallest_difference,
)
from lungmet_worc.analyses.statistics.delong import auc_variance, delong_test

pytestmark = pytest.mark.filterwarnings("error")


def test_standard_error_equals_the_published_example() -> None:
    # Hanley and McNeil 1982: area 0.893 of 58 normal and 51 abnormal images, standard error 0.032.
    assert auc_standard_error(0.893, 51, 58) == pytest.approx(0.032, abs=6e-4)


# R package auctestr 1.0.0, examples of the manual of se_auc: se_auc(0.75, 20, 200),
# se_auc(0.75, 110, 110), se_auc(0.75, 20, 20) print these.
@pytest.mark.parametrize(
    ("n_events", "n_others", "error"),
    [(20, 200, 0.06498283), (110, 110, 0.03282048), (20, 20, 0.07789072)],
)
def test_standard_error_equals_that_of_auctestr(n_events: int, n_others: int, error: float) -> None:
    assert auc_standard_error(0.75, n_events, n_others) == pytest.approx(error, abs=5e-9)
    expected = stats.norm.ppf(0.975) * error
    assert auc_half_width(0.75, n_events, n_others) == pytest.approx(expected, abs=2e-8)


# Hanley and McNeil 1982, table III: so many normal and as many abnormal patients detect 0.70
# against 0.75 in two groups of patients at a one-sided level of 5%.
@pytest.mark.parametrize(("patients", "power"), [(652, 0.8), (897, 0.9), (1131, 0.95)])
def test_smallest_difference_equals_the_published_table(patients: int, power: float) -> None:
    found = smallest_difference(0.70, patients, patients, 0, power, alpha=0.1)
    assert found == pytest.approx(0.05, abs=1e-4)


# R 4.2.2: V <- function(A, m, n) (A*(1-A) + (m-1)*(A/(2-A)-A^2) + (n-1)*(2*A^2/(1+A)-A^2)) / (m*n)
# uniroot(function(d) {v1 <- V(A, m, n); v2 <- V(A + d, m, n); d - qnorm(1 - a/2) * sqrt(2*v1*(1-r))
#   - qnorm(p) * sqrt(v1 + v2 - 2*r*sqrt(v1*v2))}, c(0, 1 - A), tol = 1e-12)$root
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0.7, 19, 32, 0.5, 0.8, 0.05), 0.2119626102),
        ((0.6, 19, 32, 0.3, 0.8, 0.05), 0.2668146915),
        ((0.8, 80, 120, 0.7, 0.9, 0.05), 0.0816238528),
    ],
)
def test_smallest_difference_equals_that_of_r(
    arguments: tuple[float, int, int, float, float, float], expected: float
) -> None:
    assert smallest_difference(*arguments) == pytest.approx(expected, abs=1e-9)


def test_delongs_test_sees_the_smallest_difference_as_often_as_promised() -> None:
    # Binormal scores whose noise is shared; the correlation of the two AUCs is measured first.
    rng = np.random.default_rng(11)
    n, auc = 100, 0.7
    outcome = np.repeat([0, 1], n)

    def scores(second: float) -> np.ndarray:
        noise = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=2 * n)
        shift = np.sqrt(2) * stats.norm.ppf([auc, second])
        return (noise + outcome[:, None] * shift).T

    alike = [[auc_variance(outcome, s)[0] for s in scores(auc)] for _ in range(400)]
    correlation = float(np.corrcoef(np.transpose(alike))[0, 1])
    second = auc + smallest_difference(auc, n, n, correlation)
    seen = [delong_test(outcome, *scores(second)).p_value < 0.05 for _ in range(600)]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.06)


def test_more_patients_and_more_correlation_show_more() -> None:
    assert auc_half_width(0.7, 38, 64) < auc_half_width(0.7, 19, 32)
    assert auc_half_width(0.7, 19, 32, 0.9) < auc_half_width(0.7, 19, 32, 0.95)
    assert smallest_difference(0.7, 38, 64, 0.5) < smallest_difference(0.7, 19, 32, 0.5)
    assert smallest_difference(0.7, 19, 32, 0.7) < smallest_difference(0.7, 19, 32, 0.3)


def test_too_few_patients_show_nothing() -> None:
    assert math.isnan(smallest_difference(0.8, 2, 2, 0.3))
    assert math.isnan(smallest_difference(0.7, 0, 30, 0.5))
    assert math.isnan(smallest_difference(1.0, 30, 30, 0.5))
    assert math.isnan(auc_half_width(0.7, 0, 30))
    assert auc_standard_error(0.7, 1, 1) == pytest.approx(math.sqrt(0.7 * 0.3))


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        auc_half_width(1.2, 10, 10)
    with pytest.raises(ValueError, match="correlation"):
        smallest_difference(0.7, 10, 10, 1.0)
