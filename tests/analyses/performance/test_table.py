"""The tables of performance, splits and patients, counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lungmet_worc.analyses.performance.table import (
    paper_table,
    patients_table,
    performance_table,
    splits_table,
)
from lungmet_worc.analyses.results import ArmPredictions, SplitPrediction
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.display.measures import METRICS
from tests.analyses.test_results import prediction, three_arms

pytestmark = pytest.mark.filterwarnings("error")


def test_splits_table_has_the_metrics_of_each_split() -> None:
    arms = three_arms(4)
    table = splits_table(arms)
    assert list(table["arm"].unique()) == ["mri_only", "ct_only", "combined"]
    split = arms[2].splits[3]
    row = table[(table["arm"] == "combined") & (table["split"] == 3)].iloc[0]
    assert row["auc"] == pytest.approx(roc_auc_score(split.outcome, split.posterior))
    assert row["accuracy"] == pytest.approx(np.mean(split.outcome == split.predicted))
    assert (row["n_train"], row["n_test"]) == (40, 11)


def test_performance_summarises_the_splits() -> None:
    arms = three_arms()
    splits = splits_table(arms)
    table = performance_table(arms)
    assert list(table["metric"]) == list(METRICS) * 3
    row = table[(table["arm"] == "ct_only") & (table["metric"] == "bca")].iloc[0]
    values = splits.loc[splits["arm"] == "ct_only", "bca"]
    expected = corrected_resampled_interval(values, 40, 11)
    assert (row["mean"], row["ci_low"], row["ci_high"]) == pytest.approx(expected[:3])
    assert row["mean"] == pytest.approx(np.mean(values))
    assert (row["n_splits"], row["n_patients"], row["n_events"]) == (20, 51, 19)


def test_performance_counts_patients_tested_at_least_once() -> None:
    splits = (
        prediction(["A", "B"], [1, 0], [0.8, 0.1], 0),
        prediction(["A", "C"], [1, 0], [0.6, 0.7], 1),
        prediction(["C", "D"], [0, 0], [0.6, 0.7], 2),
    )
    table = performance_table([ArmPredictions("x", splits)]).set_index("metric")
    assert set(table["n_patients"]) == {4}
    assert set(table["n_events"]) == {1}
    assert table.at["auc", "n_splits"] == 2  # the last split has one class only
    assert table.at["auc", "mean"] == pytest.approx(0.5)
    assert table.at["accuracy", "n_splits"] == 3


def test_one_split_has_means_but_no_intervals() -> None:
    table = performance_table(three_arms(1))
    assert table["mean"].notna().all()
    assert table[["ci_low", "ci_high"]].isna().all(axis=None)


def test_patients_table_counted_by_hand() -> None:
    splits = (
        prediction(["P10", "P2"], [1, 0], [0.8, 0.1], 0),
        prediction(["P10", "P3"], [1, 1], [0.2, 0.4], 1),
    )
    table = patients_table([ArmPredictions("x", splits)])
    assert list(table["patient_id"]) == ["P2", "P3", "P10"]
    assert list(table["outcome"]) == [0, 1, 1]
    assert list(table["n_tested"]) == [1, 1, 2]
    assert list(table["posterior_mean"]) == pytest.approx([0.1, 0.4, 0.5])
    assert math.isnan(table["posterior_sd"].iloc[0])
    assert table["posterior_sd"].iloc[2] == pytest.approx(0.6 / math.sqrt(2))
    assert list(table["times_correct"]) == [1, 0, 1]


def test_times_correct_follows_the_predicted_class_not_the_probability() -> None:
    split = SplitPrediction(
        0, ("T",), ("A",), np.array([1]), np.array([0.9]), predicted=np.array([0])
    )
    assert patients_table([ArmPredictions("x", (split,))])["times_correct"].item() == 0


def test_tables_do_not_depend_on_the_order_in_which_splits_finished() -> None:
    arms = three_arms(6)
    shuffled = [ArmPredictions(a.arm, tuple(reversed(a.splits))) for a in arms]
    assert splits_table(arms).equals(splits_table(shuffled))
    one, other = performance_table(arms), performance_table(shuffled)
    assert one.drop(columns=["mean", "ci_low", "ci_high"]).equals(
        other.drop(columns=["mean", "ci_low", "ci_high"])
    )
    np.testing.assert_allclose(one["mean"], other["mean"], rtol=1e-12)


def test_paper_has_a_row_for_each_measure_and_a_column_for_each_arm() -> None:
    performance = performance_table(three_arms(5))
    table = paper_table(performance).set_index("Measure")
    assert list(table.columns) == ["mri_only", "ct_only", "combined"]
    row = performance[(performance["arm"] == "ct_only") & (performance["metric"] == "auc")].iloc[0]
    cell = f"{row['mean']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
    assert table.at["AUC", "ct_only"] == cell
    assert table.index[-1] == "Average precision"


def test_paper_says_what_is_not_defined() -> None:
    performance = performance_table(three_arms(1))
    performance.loc[performance["metric"] == "ppv", "mean"] = np.nan
    table = paper_table(performance).set_index("Measure")
    assert table.at["Positive predictive value", "combined"] == "not defined"
    assert "[" not in table.at["AUC", "combined"]
