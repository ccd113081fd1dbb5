from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from lungmet_worc.analyses.permutations.statistics import permutation_p_value
from tests.analyses.statistics.asah import NDKA, OUTCOME

pytestmark = pytest.mark.filterwarnings("error")


def test_p_value_equals_that_of_scipy() -> None:
    # scipy.stats.permutation_test with random permutations counts the observed one too, after
    # Phipson and Smyth 2010.
    def auc(outcome: np.ndarray) -> float:
        return float(roc_auc_score(outcome, NDKA))

    result = stats.permutation_test(
        (OUTCOME,),
        auc,
        permutation_type="pairings",
        n_resamples=199,
        alternative="greater",
        rng=np.random.default_rng(3),
    )
    ours = permutation_p_value(float(result.statistic), result.null_distribution)
    assert ours == pytest.approx(result.pvalue)
    assert 0 < ours < 0.2


def test_p_value_is_never_zero() -> None:
    # Phipson and Smyth 2010: (b + 1) / (m + 1); no permuted value of 99, 999 reached it.
    assert permutation_p_value(0.9, np.full(99, 0.5)) == 0.01
    assert permutation_p_value(0.9, np.full(999, 0.5)) == 0.001
    assert permutation_p_value(0.4, np.full(99, 0.5)) == 1


def test_equal_values_count_even_with_a_rounding_error() -> None:
    assert permutation_p_value(0.3, [0.1 + 0.2, 0.3, 0.2]) == 3 / 4
    assert permutation_p_value(0.1 + 0.2, [0.3, 0.2]) == 2 / 3


def test_permutations_without_a_value_are_left_out() -> None:
    assert permutation_p_value(0.7, [0.6, np.nan, 0.8]) == permutation_p_value(0.7, [0.6, 0.8])


def test_without_permutations_there_is_no_p_value() -> None:
    assert math.isnan(permutation_p_value(0.7, []))
    assert math.isnan(permutation_p_value(0.7, [np.nan]))
    assert math.isnan(permutation_p_value(np.nan, [0.5]))
