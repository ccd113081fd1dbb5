from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as skm

from lungmet_worc.analyses.statistics.metrics import (
    confusion,
    corrected_resampled_interval,
    split_metrics,
)
from lungmet_worc.display.measures import METRIC_NAMES, METRICS

pytestmark = pytest.mark.filterwarnings("error")


def worc_module(relative: str) -> ModuleType:
    """Load one file of the installed WORC without importing all of WORC (errata E14)."""
    package = importlib.util.find_spec("WORC")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(next(iter(package.submodule_search_locations))) / relative
    spec = importlib.util.spec_from_file_location(f"worc_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_metrics_of_a_split_counted_by_hand() -> None:
    # 3 of 4 events found, 2 of 6 non-events taken for events.
    outcome = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    posterior = [0.9, 0.8, 0.6, 0.3, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1]
    predicted = [1, 1, 1, 0, 1, 1, 0, 0, 0, 0]
    values = split_metrics(outcome, posterior, predicted)
    # Of 4 x 6 pairs: 0.9 and 0.8 win 6 each, 0.6 wins 4 and ties 1, 0.3 wins 2 and ties 1.
    assert values["auc"] == pytest.approx((6 + 6 + 4.5 + 2.5) / 24)
    assert values["sensitivity"] == pytest.approx(3 / 4)
    assert values["specificity"] == pytest.approx(4 / 6)
    assert values["ppv"] == pytest.approx(3 / 5)
    assert values["npv"] == pytest.approx(4 / 5)
    assert values["accuracy"] == pytest.approx(7 / 10)
    assert values["bca"] == pytest.approx((3 / 4 + 4 / 6) / 2)
    f1_event, f1_none = 2 * 3 / (2 * 3 + 2 + 1), 2 * 4 / (2 * 4 + 1 + 2)
    assert values["f1_weighted"] == pytest.approx(0.4 * f1_event + 0.6 * f1_none)
    squares = [0.01, 0.04, 0.16, 0.49, 0.49, 0.36, 0.16, 0.09, 0.04, 0.01]
    assert values["brier"] == pytest.approx(sum(squares) / 10)
    assert tuple(values) == METRICS
    assert set(METRIC_NAMES) == set(METRICS)


@pytest.mark.parametrize(
    ("outcome", "predicted", "undefined"),
    [
        ([0, 0, 1], [0, 0, 0], {"ppv"}),
        ([0, 1, 1], [1, 1, 1], {"npv"}),
        ([0, 0], [0, 1], {"auc", "average_precision", "bca", "sensitivity"}),
        ([1, 1], [1, 1], {"auc", "average_precision", "bca", "specificity", "npv"}),
        ([], [], set(METRICS)),
    ],
)
def test_what_a_split_does_not_define_is_nan(
    outcome: list[int], predicted: list[int], undefined: set[str]
) -> None:
    values = split_metrics(outcome, [0.4] * len(outcome), predicted)
    assert {name for name, value in values.items() if math.isnan(value)} == undefined


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=20))
def test_metrics_equal_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    outcome, predicted = zip(*rows, strict=True)
    ours = split_metrics(outcome, [0.5] * len(rows), predicted)
    options = {"labels": [0, 1], "average": None, "zero_division": np.nan}
    specificity, sensitivity = skm.recall_score(outcome, predicted, **options)
    npv, ppv = skm.precision_score(outcome, predicted, **options)
    expected = [sensitivity, specificity, npv, ppv, skm.accuracy_score(outcome, predicted)]
    names = ["sensitivity", "specificity", "npv", "ppv", "accuracy"]
    if len(set(outcome)) == 2:
        names.append("bca")
        expected.append(skm.balanced_accuracy_score(outcome, predicted))
    assert [ours[name] for name in names] == pytest.approx(expected, nan_ok=True)


def test_average_precision_equals_the_published_example() -> None:
    # The manual of scikit-learn's average_precision_score prints 0.83; by hand: (1/1 + 2/3) / 2.
    values = split_metrics([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0, 0, 0, 1])
    assert values["average_precision"] == pytest.approx(0.83, abs=5e-3)
    assert values["average_precision"] == pytest.approx(5 / 6)
    assert METRICS[-1] == "average_precision"
    assert METRIC_NAMES["average_precision"] == "Average precision"
    # A constant posterior has the share of events.
    assert split_metrics([0, 1, 0], [0.4] * 3, [0] * 3)["average_precision"] == pytest.approx(1 / 3)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=20))
def test_confusion_equals_that_of_scikit_learn(rows: list[tuple[bool, bool]]) -> None:
    outcome = [int(row[0]) for row in rows]
    predicted = [int(row[1]) for row in rows]
    true_positive, false_positive, false_negative, true_negative = confusion(outcome, predicted)
    assert true_positive + false_positive + false_negative + true_negative == len(rows)
    if rows:
        expected = skm.confusion_matrix(outcome, predicted, labels=[0, 1])
        ours = [[true_negative, false_positive], [false_negative, true_positive]]
        assert ours == expected.tolist()


def test_a_probability_beyond_one_by_rounding_is_no_error() -> None:
    assert split_metrics([1, 0], [1 + 1e-15, 0.0], [1, 0])["brier"] == 0


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=1, max_size=25).filter(
        lambda rows: len({row[0] for row in rows}) == 2
    )
)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[bool, int]]) -> None:
    outcome = [int(event) for event, _ in rows]
    posterior = [score / 10 for _, score in rows]
    events = [p for o, p in zip(outcome, posterior, strict=True) if o]
    others = [p for o, p in zip(outcome, posterior, strict=True) if not o]
    wins = sum((e > n) + 0.5 * (e == n) for e in events for n in others)
    values = split_metrics(outcome, posterior, [int(p >= 0.5) for p in posterior])
    assert values["auc"] == pytest.approx(wins / (len(events) * len(others)))
    assert all(math.isnan(value) or 0 <= value <= 1 for value in values.values())


@pytest.mark.worc
def test_metrics_equal_those_of_worc_where_both_are_defined() -> None:
    worc = worc_module("classification/metrics.py")
    rng = np.random.default_rng(3)
    for _ in range(20):
        outcome = np.array([0, 1, *rng.integers(0, 2, 10)])
        posterior = rng.random(12)
        posterior[:2] = [0.9, 0.1]  # a prediction of each class, so that both are defined
        predicted = (posterior >= 0.5).astype(int)
        ours = split_metrics(outcome, posterior, predicted)
        names = ["accuracy", "bca", "sensitivity", "specificity", "ppv", "npv"]
        names += ["f1_weighted", "auc"]
        theirs = worc.performance_singlelabel(outcome, predicted, posterior)
        assert [ours[name] for name in names] == pytest.approx(list(theirs))


@pytest.mark.worc
def test_worc_counts_an_undefined_predictive_value_as_zero() -> None:
    # The defect: without any predicted event WORC's precision is 0, which pulls its mean down.
    worc = worc_module("classification/metrics.py")
    outcome, posterior, predicted = np.array([0, 0, 1]), np.array([0.1, 0.2, 0.3]), np.zeros(3, int)
    assert worc.performance_singlelabel(outcome, predicted, posterior)[4] == 0
    assert math.isnan(split_metrics(outcome, posterior, predicted)["ppv"])


def test_interval_computed_by_hand() -> None:
    # Variance 0.01, factor 1/3 + 2/8, t(0.975; 2 df) = 4.3027 (Student's table).
    mean, low, high, n_splits = corrected_resampled_interval([0.4, 0.5, 0.6], 8, 2)
    half = 4.302653 * math.sqrt((1 / 3 + 2 / 8) * 0.01)
    assert (mean, n_splits) == (pytest.approx(0.5), 3)
    assert (low, high) == (pytest.approx(0.5 - half, abs=1e-6), pytest.approx(0.5 + half, abs=1e-6))


def test_interval_is_clipped_only_where_there_are_bounds() -> None:
    values = [0.8, 0.9, 1.0]
    assert corrected_resampled_interval(values, 8, 2).high == 1.0
    assert corrected_resampled_interval(values, 8, 2, bounds=None).high > 1.0
    assert corrected_resampled_interval([0.0, 0.1, 0.2], 8, 2).low == 0.0


def test_without_shared_patients_it_is_students_interval() -> None:
    values = np.random.default_rng(1).random(15)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    interval = corrected_resampled_interval(values, 40, 0, confidence=0.9, bounds=None)
    assert (interval.low, interval.high) == (
        pytest.approx(expected.low),
        pytest.approx(expected.high),
    )


@pytest.mark.worc
@pytest.mark.parametrize("n_splits", [2, 5, 20, 100])
def test_interval_equals_that_of_worc(n_splits: int) -> None:
    worc = worc_module("statistics/compute_CI.py")
    values = np.random.default_rng(n_splits).uniform(0.4, 0.8, n_splits)
    expected = worc.compute_confidence(values, 40, 11)
    interval = corrected_resampled_interval(values, 40, 11, bounds=None)
    assert (interval.low, interval.high) == pytest.approx(expected)


@pytest.mark.worc
def test_worc_gives_one_split_a_width_of_zero_and_leaves_zero_to_one() -> None:
    # Errata E7: the defects, and our answers.
    worc = worc_module("statistics/compute_CI.py")
    assert worc.compute_confidence(np.array([0.7]), 40, 11) == (0.7, 0.7)
    one = corrected_resampled_interval([0.7], 40, 11)
    assert (one.mean, one.n_splits) == (0.7, 1)
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    wide = np.array([0.2, 0.9, 1.0])
    assert worc.compute_confidence(wide, 40, 11)[1] > 1
    assert corrected_resampled_interval(wide, 40, 11).high == 1


def test_undefined_splits_are_left_out_and_counted() -> None:
    with_nan = corrected_resampled_interval([0.5, np.nan, 0.7, 0.6], 40, 11)
    assert with_nan == corrected_resampled_interval([0.5, 0.7, 0.6], 40, 11)
    assert with_nan.n_splits == 3
    nothing = corrected_resampled_interval([np.nan, np.nan], 40, 11)
    assert nothing.n_splits == 0
    assert all(math.isnan(value) for value in nothing[:3])
    assert corrected_resampled_interval([], 40, 11).n_splits == 0


def test_sizes_are_the_means_over_the_splits_that_are_used() -> None:
    values = [0.5, np.nan, 0.7, 0.6]
    sizes = corrected_resampled_interval(values, [30, 999, 40, 50], [8, 999, 10, 12])
    assert sizes == corrected_resampled_interval(values, 40, 10)
    assert sizes != corrected_resampled_interval(values, 40, 12)


def test_equal_values_have_no_width() -> None:
    interval = corrected_resampled_interval([0.1] * 7, 40, 11)
    assert (interval.low, interval.high) == (pytest.approx(0.1), pytest.approx(0.1))
