from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from lungmet_worc.analyses.statistics.delong import auc_interval, auc_variance, delong_test
from tests.analyses.statistics.asah import NDKA, OUTCOME, S100B, WFNS

pytestmark = pytest.mark.filterwarnings("error")


# pROC 1.18.0 (asah.py): ci.auc(R(s), method = "delong"), and with conf.level = 0.9;
# var(R(s), method = "delong").
@pytest.mark.parametrize(
    ("score", "auc", "interval", "interval_90", "variance"),
    [
        (
            S100B,
            0.731368563686,
            (0.630118211762, 0.83261891561),
            (0.646396589759, 0.816340537613),
            0.00266868245717,
        ),
        (
            NDKA,
            0.61195799458,
            (0.501244999272, 0.722670989888),
            (0.519044719989, 0.704871269171),
            0.00319081054939,
        ),
        (
            WFNS,
            0.823678861789,
            (0.748534887819, 0.898822835758),
            (0.760616050889, 0.886741672688),
            0.00146991470882,
        ),
    ],
)
def test_interval_equals_that_of_proc(
    score: np.ndarray,
    auc: float,
    interval: tuple[float, float],
    interval_90: tuple[float, float],
    variance: float,
) -> None:
    assert auc_interval(OUTCOME, score) == pytest.approx((auc, *interval), abs=1e-9)
    assert auc_interval(OUTCOME, score, 0.9) == pytest.approx((auc, *interval_90), abs=1e-9)
    assert auc_variance(OUTCOME, score) == pytest.approx((auc, variance), abs=1e-9)


# pROC 1.18.0: roc.test(R(s), R(k), method = "delong", paired = TRUE): p.value, conf.int. The last
# one, WFNS against S100B, is in pROC's manual: Z = 2.209, p-value = 0.02718. MLstatkit 0.1.91,
# Delong_test(y, s, k) and (y, s, w), gives p = 0.1642951752230546 and 0.027175782229188532.
@pytest.mark.parametrize(
    ("first", "second", "interval", "p_value"),
    [
        (S100B, NDKA, (-0.0488706064228, 0.287691744634), 0.164295175223),
        (WFNS, NDKA, (0.063401170934, 0.360040563483), 0.00514557970691),
        (S100B, WFNS, (-0.174214419249, -0.0104061769565), 0.0271757822292),
    ],
)
def test_paired_test_equals_that_of_proc_and_mlstatkit(
    first: np.ndarray, second: np.ndarray, interval: tuple[float, float], p_value: float
) -> None:
    result = delong_test(OUTCOME, first, second)
    expected = roc_auc_score(OUTCOME, first) - roc_auc_score(OUTCOME, second)
    assert result == pytest.approx((expected, *interval, p_value), abs=1e-9)


def test_published_example_of_hanley_and_mcneil() -> None:
    # Ratings of 58 normal and 51 abnormal CT images, Hanley and McNeil 1982, table I. Stata's
    # manual, roctab with the same data: area 0.8932, standard error 0.0307, 0.83295 to 0.95339.
    outcome = np.repeat([0, 1], [58, 51])
    rating = np.repeat([1, 2, 3, 4, 5, 1, 2, 3, 4, 5], [33, 6, 6, 11, 2, 3, 2, 2, 11, 33])
    auc, variance = auc_variance(outcome, rating)
    assert (auc, math.sqrt(variance)) == pytest.approx((0.8932, 0.0307), abs=5e-5)
    assert auc_interval(outcome, rating)[1:] == pytest.approx((0.83295, 0.95339), abs=5e-6)


def test_interval_is_clipped() -> None:
    # pROC 1.18.0: ci.auc(roc(c(0,0,0,1,1), c(.1,.4,.3,.35,.8))) is 0.3713653919 to 1.
    interval = auc_interval([0, 0, 0, 1, 1], [0.1, 0.4, 0.3, 0.35, 0.8])
    assert interval == pytest.approx((5 / 6, 0.3713653919, 1.0), abs=1e-9)


def test_equal_ranks_do_not_differ() -> None:
    assert delong_test(OUTCOME, S100B, S100B) == (0, 0, 0, 1)
    assert delong_test(OUTCOME, S100B, np.exp(S100B)) == (0, 0, 0, 1)
    # Even where nothing else can be said: one patient in each class.
    assert delong_test([0, 1], [0.3, 0.6], [0.1, 0.2]) == (0, 0, 0, 1)
    assert delong_test([0, 0, 1, 1], [0.4] * 4, [0.7] * 4) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("outcome", "posterior", "auc"),
    [
        ([0, 0, 1, 1], [0.4] * 4, 0.5),  # one posterior for everybody
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 1.0),  # perfect separation
        ([0, 1], [0.1, 0.9], 1.0),
        ([0, 0, 1], [0.1, 0.9, 0.5], 0.5),  # one event
        ([1, 1], [0.1, 0.9], math.nan),
        ([], [], math.nan),
    ],
)
def test_no_interval_where_the_spread_is_not_known(
    outcome: list[int], posterior: list[float], auc: float
) -> None:
    estimate = auc_interval(outcome, posterior)
    assert estimate.value == pytest.approx(auc, nan_ok=True)
    assert math.isnan(estimate.low)
    assert math.isnan(estimate.high)


def test_no_p_value_where_the_spread_is_not_known() -> None:
    perfect, useless = [0.1, 0.2, 0.8, 0.9], [0.4] * 4
    result = delong_test([0, 0, 1, 1], perfect, useless)
    assert result.difference == 0.5
    assert np.isnan(result[1:]).all()
    one_event = delong_test([0, 0, 1], [0.1, 0.2, 0.3], [0.3, 0.1, 0.2])
    assert one_event.difference == pytest.approx(0.5)
    assert np.isnan(one_event[1:]).all()
    assert np.isnan(delong_test([0, 0], [0.1, 0.2], [0.3, 0.1])).all()
    assert np.isnan(delong_test([], [], [])).all()


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        delong_test([0, 1], [0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match="not 0 or 1"):
        auc_interval([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="missing"):
        auc_interval([0, 1], [0.1, np.nan])


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25
    )
)
def test_swapping_turns_the_sign_and_nothing_else(rows: list[tuple[bool, int, int]]) -> None:
    outcome, first, second = zip(*rows, strict=True)
    forward, backward = delong_test(outcome, first, second), delong_test(outcome, second, first)
    assert forward.difference == pytest.approx(-backward.difference, nan_ok=True)
    assert forward.p_value == pytest.approx(backward.p_value, nan_ok=True)
    assert forward.ci_low == pytest.approx(-backward.ci_high, nan_ok=True)
    if len(set(outcome)) == 2:
        aucs = [roc_auc_score(outcome, score) for score in (first, second)]
        assert forward.difference == pytest.approx(aucs[0] - aucs[1])
