from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from lungmet_worc.analyses.thresholds.statistics import (
    COUNTS,
    THRESHOLD_METRICS,
    at_threshold,
    sensitivity_threshold,
    youden_threshold,
)
from tests.analyses.statistics.asah import NDKA, OUTCOME, S100B, WFNS

pytestmark = pytest.mark.filterwarnings("error")


# pROC 1.18.0 (asah.py): coords(R(s), "best", best.method = "youden", ret = c("threshold",
# "sensitivity", "specificity", "ppv", "npv", "accuracy", "tp", "fp", "fn", "tn")). pROC's threshold
# lies halfway between two scores, ours is the upper one, which parts the patients alike.
@pytest.mark.parametrize(
    ("score", "halfway", "values", "counts"),
    [
        (
            S100B,
            0.205,
            (0.634146341463, 0.805555555556, 0.65, 0.794520547945, 0.743362831858),
            (26, 14, 15, 58),
        ),
        (
            NDKA,
            11.08,
            (0.707317073171, 0.513888888889, 0.453125, 0.755102040816, 0.58407079646),
            (29, 35, 12, 37),
        ),
        (
            WFNS,
            3.5,
            (0.634146341463, 0.833333333333, 0.684210526316, 0.8, 0.761061946903),
            (26, 12, 15, 60),
        ),
    ],
)
def test_youden_equals_that_of_proc(
    score: np.ndarray,
    halfway: float,
    values: tuple[float, ...],
    counts: tuple[int, ...],
) -> None:
    threshold = youden_threshold(OUTCOME, score)
    assert threshold == score[score > halfway].min()
    result = at_threshold(OUTCOME, score, threshold)
    names = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
    assert tuple(result[name] for name in names) == pytest.approx(values, abs=1e-9)
    assert tuple(result[name] for name in COUNTS) == counts
    assert result["bca"] == pytest.approx((values[0] + values[1]) / 2)
    assert tuple(result) == (*THRESHOLD_METRICS, *COUNTS)


def test_sensitivity_equals_that_of_proc() -> None:
    # pROC 1.18.0: coords(R(s), "all", ret = c("threshold", "sensitivity", "specificity")): the last
    # row with a sensitivity of 0.9 and more is 0.075, 0.902439024390, 0.222222222222.
    threshold = sensitivity_threshold(OUTCOME, S100B, 0.9)
    assert threshold == S100B[S100B > 0.075].min()
    result = at_threshold(OUTCOME, S100B, threshold)
    assert result["sensitivity"] == pytest.approx(0.902439024390)
    assert result["specificity"] == pytest.approx(0.222222222222)


def test_a_sensitivity_that_is_reached_exactly_is_reached() -> None:
    # 55 of 100 events are enough for 0.55, though 0.55 * 100 is 55.00000000000001.
    posterior = np.arange(1, 101) / 100
    for percent in range(1, 101):
        threshold = sensitivity_threshold(np.ones(100), posterior, percent / 100)
        assert threshold == posterior[100 - percent]


def test_the_lowest_of_equally_good_thresholds_is_taken() -> None:
    # 0.2 and 0.4 both have a Youden index of 0.5.
    assert youden_threshold([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]) == 0.2
    assert youden_threshold([0, 0, 1, 1], [0.4] * 4) == 0.4
    # Worse than chance: everybody positive is the best that there is.
    assert youden_threshold([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]) == 0.1


def test_one_class_has_no_threshold() -> None:
    for outcome in ([0, 0], [1, 1], []):
        assert math.isnan(youden_threshold(outcome, [0.2, 0.4][: len(outcome)]))
    assert math.isnan(sensitivity_threshold([0, 0], [0.2, 0.4], 0.9))
    assert sensitivity_threshold([1, 1], [0.2, 0.4], 0.5) == 0.4


def test_without_a_threshold_nothing_is_measured() -> None:
    values = at_threshold([0, 1], [0.2, 0.4], math.nan)
    assert tuple(values) == (*THRESHOLD_METRICS, *COUNTS)
    assert all(math.isnan(value) for value in values.values())


def test_a_posterior_at_the_threshold_is_positive() -> None:
    values = at_threshold([0, 1], [0.5, 0.5], 0.5)
    assert (values["tp"], values["fp"]) == (1, 1)
    # Without a negative prediction there is no negative predictive value.
    assert math.isnan(values["npv"])
    empty = at_threshold([], [], 0.5)
    assert (empty["tp"], empty["tn"]) == (0, 0)
    assert math.isnan(empty["accuracy"])


@pytest.mark.parametrize("sensitivity", [0, 1.1, np.nan])
def test_impossible_sensitivities_are_refused(sensitivity: float) -> None:
    with pytest.raises(ValueError, match="at most 1"):
        sensitivity_threshold([0, 1], [0.2, 0.4], sensitivity)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=2, max_size=30).filter(
        lambda rows: len({row[0] for row in rows}) == 2
    ),
    st.integers(1, 100),
)
def test_no_threshold_of_scikit_learn_is_better(rows: list[tuple[bool, int]], percent: int) -> None:
    outcome, score = (np.array(column) for column in zip(*rows, strict=True))
    others, found, cuts = roc_curve(outcome, score, drop_intermediate=False)
    best = at_threshold(outcome, score, youden_threshold(outcome, score))
    assert best["sensitivity"] + best["specificity"] - 1 == pytest.approx(max(found - others))
    threshold = sensitivity_threshold(outcome, score, percent / 100)
    assert threshold == cuts[found >= percent / 100 - 1e-12].max()
