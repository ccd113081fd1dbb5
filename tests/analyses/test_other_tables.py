from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.calibration.statistics import calibration
from lungmet_worc.analyses.calibration.table import calibration_table
from lungmet_worc.analyses.performance.table import paper_table, patients_table, performance_table
from lungmet_worc.analyses.power.statistics import auc_half_width, smallest_difference
from lungmet_worc.analyses.power.table import power_table
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.analyses.subgroups.levels import Level
from lungmet_worc.analyses.subgroups.table import subgroups_table
from tests.analyses.made_up import made_up_results
from tests.analyses.test_results import prediction, three_arms

pytestmark = pytest.mark.filterwarnings("error")


def test_calibration_is_that_of_the_mean_probabilities() -> None:
    patients = patients_table(made_up_results(2, 10).arms)
    table = calibration_table(patients)
    of_ct = patients[patients["arm"] == "CT"]
    found = calibration(of_ct["outcome"].to_numpy(), of_ct["posterior_mean"].to_numpy())
    rows = table[table["arm"] == "CT"].set_index("measure")
    assert list(rows.index) == ["intercept", "slope", "expected_calibration_error", "brier"]
    assert tuple(rows.loc["slope", ["value", "ci_low", "ci_high"]]) == pytest.approx(found.slope)
    assert rows.at["expected_calibration_error", "value"] == found.expected_calibration_error
    squares = (of_ct["outcome"] - of_ct["posterior_mean"]) ** 2
    assert rows.at["brier", "value"] == pytest.approx(squares.mean())
    assert set(rows["n_events"]) == {of_ct["outcome"].sum()}


def test_subgroups_with_few_events_have_no_auc() -> None:
    patients = patients_table(made_up_results(2, 20).arms)
    ids = sorted(set(patients["patient_id"]))
    levels = pd.DataFrame({"centre": [Level("A")] * 45 + [Level("B")] * 6}, index=ids)
    table = subgroups_table(patients, levels)
    assert list(table["level"]) == ["A", "B"] * 2
    assert list(table["n_patients"]) == [45, 6] * 2
    few = table["level"] == "B"
    assert table.loc[few, ["auc", "ci_low", "ci_high"]].isna().all(axis=None)
    assert set(table.loc[few, "note"]) == {"too few events"}
    assert (
        table.loc[~few, "auc"].between(table.loc[~few, "ci_low"], table.loc[~few, "ci_high"]).all()
    )


def test_without_levels_there_are_no_subgroups() -> None:
    assert subgroups_table(patients_table(three_arms(2)), pd.DataFrame()).empty


def test_power_is_of_the_patients_that_all_arms_tested() -> None:
    first = ArmPredictions("x", (prediction(["A", "B", "C", "D"], [1, 1, 0, 0], [0.5] * 4),))
    second = ArmPredictions("y", (prediction(["A", "C", "D", "E"], [1, 0, 0, 1], [0.5] * 4),))
    table = power_table([first, second])
    assert set(table["n_patients"]) == {3}
    assert set(table["n_events"]) == {1}
    assert len(table) == 9
    row = table.iloc[4]
    assert (row["auc"], row["correlation"]) == (0.7, 0.5)
    assert row["half_width"] == auc_half_width(0.7, 1, 2)
    assert row["smallest_difference"] == pytest.approx(
        smallest_difference(0.7, 1, 2, 0.5), nan_ok=True
    )


def test_power_needs_both_outcomes() -> None:
    assert power_table([ArmPredictions("x", (prediction(["A", "B"], [1, 1], [0.5, 0.5]),))]).empty


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
