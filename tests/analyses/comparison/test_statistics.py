from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

from lungmet_worc.analyses.comparison.statistics import (
    BOOTSTRAP_NAME,
    COMPARED_METRICS,
    COMPARISON_COLUMNS,
    DELONG_NAME,
    TEST_NAME,
    compare_arms,
    corrected_resampled_t_test,
    holm,
)
from lungmet_worc.analyses.performance.table import patients_table
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.analyses.statistics.bootstrap import bootstrap_difference
from lungmet_worc.analyses.statistics.delong import delong_test
from lungmet_worc.basics.errors import ResultsError
from tests.analyses.test_results import make_arms, prediction, three_arms

pytestmark = pytest.mark.filterwarnings("error")


def test_t_test_equals_the_published_example_of_scikit_learn() -> None:
    # Gallery, "Statistical comparison of models using grid search": SVC with an RBF against a
    # linear kernel, 10 x 10-fold; it prints "Corrected t-value: 0.750, Corrected p-value: 0.227"
    # (one-sided) for mean AUCs of 0.94 and 0.93.
    features, outcome = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    first, second = (
        cross_val_score(
            SVC(kernel=kernel, random_state=0), features, outcome, scoring="roc_auc", cv=folds
        )
        for kernel in ("rbf", "linear")
    )
    result = corrected_resampled_t_test(first - second, 90, 10)
    assert result.difference == pytest.approx(0.94 - 0.93, abs=1e-9)
    assert result.p_value / 2 == pytest.approx(0.227, abs=5e-4)
    error = (result.ci_high - result.difference) / stats.t.ppf(0.975, 99)
    assert result.difference / error == pytest.approx(0.750, abs=5e-4)


def test_without_shared_patients_it_is_students_test() -> None:
    differences = np.random.default_rng(5).normal(0.05, 0.1, 20)
    expected = stats.ttest_1samp(differences, 0)
    result = corrected_resampled_t_test(differences, 40, 0)
    assert result.p_value == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval()
    assert (result.ci_low, result.ci_high) == pytest.approx((interval.low, interval.high))


def test_interval_of_a_difference_is_not_clipped() -> None:
    assert corrected_resampled_t_test([-0.9, -0.2, -0.8], 10, 10).ci_low < -1


def test_p_value_and_interval_agree() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        result = corrected_resampled_t_test(rng.normal(0.08, 0.1, 10), 40, 11)
        assert (result.p_value < 0.05) == (not result.ci_low <= 0 <= result.ci_high)


def test_equal_differences() -> None:
    assert corrected_resampled_t_test([0.0] * 5, 40, 11) == (0, 0, 0, 1)
    equal = corrected_resampled_t_test([0.1] * 5, 40, 11)
    assert equal.difference == pytest.approx(0.1)
    assert np.isnan([equal.ci_low, equal.ci_high, equal.p_value]).all()


def test_too_few_splits_give_no_p_value() -> None:
    one = corrected_resampled_t_test([0.1, np.nan], 40, 11)
    assert one.difference == 0.1
    assert all(math.isnan(value) for value in one[1:])
    assert all(math.isnan(value) for value in corrected_resampled_t_test([], 40, 11))


def test_holm_equals_a_published_example() -> None:
    # Wikipedia, "Holm-Bonferroni method": p = 0.01, 0.04, 0.03, 0.005; at 0.05 the first and the
    # last hypothesis are rejected. Adjusted by hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, then no less.
    adjusted = holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_out_what_is_no_test() -> None:
    adjusted = holm([0.02, np.nan, 0.6])
    assert adjusted[[0, 2]] == pytest.approx([0.04, 0.6])
    assert math.isnan(adjusted[1])
    assert holm([]).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_helps(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    bonferroni = np.minimum(np.asarray(p_values) * len(p_values), 1)
    assert np.all(adjusted >= np.asarray(p_values))
    assert np.all(adjusted <= bonferroni + 1e-12)
    assert np.all(np.diff(adjusted[np.argsort(p_values, kind="stable")]) >= 0)


def test_arms_are_compared_on_the_same_splits() -> None:
    arms = three_arms()
    everything = compare_arms(arms)
    table = everything[everything["test"] == TEST_NAME]
    # What is read as the comparison stays first and in its order.
    assert list(everything["test"][: len(table)].unique()) == [TEST_NAME]
    assert ", ".join(table.columns) == (
        "arm_a, arm_b, metric, difference, ci_low, ci_high, p_value, p_adjusted, test, n_patients"
    )
    assert tuple(table.columns) == COMPARISON_COLUMNS
    assert list(table["metric"].unique()) == list(COMPARED_METRICS)
    pairs = [("mri_only", "ct_only"), ("mri_only", "combined"), ("ct_only", "combined")]
    auc = table[table["metric"] == "auc"]
    assert list(zip(auc["arm_a"], auc["arm_b"], strict=True)) == pairs
    differences = [
        roc_auc_score(a.outcome, a.posterior) - roc_auc_score(b.outcome, b.posterior)
        for a, b in zip(arms[0].splits, arms[2].splits, strict=True)
    ]
    expected = corrected_resampled_t_test(differences, 40, 11)
    row = auc.iloc[1]
    assert tuple(row[["difference", "ci_low", "ci_high", "p_value"]]) == pytest.approx(expected)
    assert list(auc["p_adjusted"]) == pytest.approx(holm(auc["p_value"]))
    assert TEST_NAME == "corrected resampled t-test"
    assert set(everything["n_patients"]) == {51}


def test_pooled_posteriors_are_compared_in_two_more_ways() -> None:
    arms = three_arms()
    table = compare_arms(arms, bootstrap=300, seed=4)
    pooled = patients_table(arms).pivot(index="patient_id", columns="arm", values="posterior_mean")
    outcome = patients_table(arms[:1]).set_index("patient_id")["outcome"].loc[pooled.index]
    assert (DELONG_NAME, BOOTSTRAP_NAME) == ("DeLong test", "bootstrap over patients")
    added = table[table["test"] != TEST_NAME]
    assert list(added["test"]) == [DELONG_NAME] * 3 + [BOOTSTRAP_NAME] * 3
    assert set(added["metric"]) == {"auc"}
    for row in added.itertuples():
        scores = pooled[row.arm_a], pooled[row.arm_b]
        expected = (
            delong_test(outcome, *scores)
            if row.test == DELONG_NAME
            else bootstrap_difference(outcome, *scores, samples=300, seed=4)
        )
        ours = (row.difference, row.ci_low, row.ci_high, row.p_value)
        assert ours == pytest.approx(expected)
    for _, rows in added.groupby("test"):
        assert list(rows["p_adjusted"]) == pytest.approx(holm(rows["p_value"]))


def test_bootstrap_follows_its_seed() -> None:
    arms = three_arms()
    first, again, other = (compare_arms(arms, ["auc"], bootstrap=200, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    same = first["ci_low"] == other["ci_low"]
    assert list(first.loc[~same, "test"].unique()) == [BOOTSTRAP_NAME]


def test_posteriors_are_pooled_over_shared_splits_only() -> None:
    # A and B are tested by x in splits 0 and 1, by y in split 0 only: split 1 of x does not count.
    first = ArmPredictions(
        "x",
        (
            prediction(["A", "B", "C", "D"], [1, 0, 1, 0], [0.9, 0.1, 0.2, 0.3], 0, ["T1"]),
            prediction(["A", "B"], [1, 0], [0.0, 1.0], 1, ["T1"]),
        ),
    )
    second = ArmPredictions(
        "y", (prediction(["D", "C", "B", "A"], [0, 1, 0, 1], [0.9, 0.3, 0.2, 0.6], 0, ["T1"]),)
    )
    table = compare_arms([first, second], ["auc"]).set_index("test")
    expected = delong_test([1, 0, 1, 0], [0.9, 0.1, 0.2, 0.3], [0.6, 0.2, 0.3, 0.9])
    row = table.loc[DELONG_NAME, ["difference", "ci_low", "ci_high", "p_value"]]
    assert tuple(row) == pytest.approx(expected)
    assert expected.difference != 0
    assert (table["n_patients"] == 4).all()


def test_without_auc_only_the_resampled_test_is_made() -> None:
    assert set(compare_arms(three_arms(2), ["brier"])["test"]) == {TEST_NAME}


def test_swapping_the_arms_turns_the_sign() -> None:
    first, second, _ = three_arms()
    forward = compare_arms([first, second])
    backward = compare_arms([second, first])
    np.testing.assert_allclose(forward["difference"], -backward["difference"])
    np.testing.assert_allclose(forward["p_value"], backward["p_value"])


def test_an_arm_does_not_differ_from_itself() -> None:
    arm = three_arms()[0]
    table = compare_arms([arm, ArmPredictions("again", arm.splits)])
    assert (table["difference"] == 0).all()
    assert (table["p_value"] == 1).all()


def test_a_real_difference_is_found() -> None:
    table = compare_arms(make_arms({"strong": 5.0, "none": 0.0}), metrics=["auc"])
    assert len(table) == 3
    assert (table["difference"] > 0.2).all()
    assert (table["p_adjusted"] < 0.05).all()


def test_only_patients_that_both_arms_test_count() -> None:
    # In split 0 both test A, B, C (other order); arm y also tests D, on which it is wrong.
    first = ArmPredictions(
        "x",
        (
            prediction(["A", "B", "C"], [1, 0, 0], [0.9, 0.1, 0.2], 0, ["T1", "T2", "T3"]),
            prediction(["A", "B"], [1, 0], [0.9, 0.1], 1, ["T1", "T2", "C"]),
            prediction(["A", "B"], [1, 0], [0.9, 0.1], 2, ["T1", "T2", "C"]),
        ),
    )
    second = ArmPredictions(
        "y",
        (
            prediction(["D", "C", "B", "A"], [1, 0, 0, 1], [0.0, 0.9, 0.2, 0.6], 0, ["T1", "T2"]),
            prediction(["A", "B", "D"], [1, 0, 1], [0.9, 0.1, 0.0], 1, ["T1", "T2", "T4"]),
            prediction(["A", "B", "E"], [1, 0, 1], [0.9, 0.1, 0.0], 7, ["T1", "T2", "T4"]),
        ),
    )
    row = compare_arms([first, second], metrics=["auc"]).iloc[0]
    # Split 0: 1 against 0.5; split 1: 1 against 1; splits 2 and 7 have no partner.
    expected = corrected_resampled_t_test([0.5, 0.0], [2, 2], [3, 2])
    assert tuple(row[["difference", "ci_low", "ci_high", "p_value"]]) == pytest.approx(expected)
    assert row["n_patients"] == 3


def test_arms_without_common_patients_cannot_be_compared() -> None:
    first = ArmPredictions("x", (prediction(["A", "B"], [1, 0], [0.9, 0.1], 0, ["T1"]),))
    second = ArmPredictions("y", (prediction(["C", "D"], [1, 0], [0.9, 0.1], 0, ["T2"]),))
    table = compare_arms([first, second])
    assert table[["difference", "p_value", "p_adjusted"]].isna().all(axis=None)
    assert (table["n_patients"] == 0).all()


def test_one_split_gives_a_difference_but_no_p_value() -> None:
    table = compare_arms(three_arms(1), metrics=["auc"])
    assert table["difference"].notna().all()
    resampled = table[table["test"] == TEST_NAME]
    assert resampled[["ci_low", "ci_high", "p_value", "p_adjusted"]].isna().all(axis=None)


def test_one_arm_gives_an_empty_table() -> None:
    table = compare_arms(three_arms()[:1])
    assert isinstance(table, pd.DataFrame)
    assert (len(table), tuple(table.columns)) == (0, COMPARISON_COLUMNS)


def test_unknown_metrics_and_foreign_arms_are_refused() -> None:
    with pytest.raises(ValueError, match="aucc"):
        compare_arms(three_arms(2), metrics=["aucc"])
    with pytest.raises(ResultsError):
        compare_arms([])
