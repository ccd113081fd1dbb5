from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lungmet_worc.analyses import results as module
from lungmet_worc.analyses.comparison.statistics import holm
from lungmet_worc.analyses.features.table import all_features, features_table
from tests.analyses.made_up import MODALITIES, made_up_results
from tests.analyses.test_results import three_arms

pytestmark = pytest.mark.filterwarnings("error")

VOLUME = "PREDICT_original_sf_volume_2.5D"


def test_every_feature_once_the_clearest_first() -> None:
    results = made_up_results(6, 10)
    table = features_table(results.arms, results.matrices, MODALITIES)
    names = {column for matrix in results.matrices.values() for column in matrix.columns}
    said = table["feature"] + "_" + table["modality"]
    assert set(said) == names
    assert len(said) == len(names)
    assert table["p_value"].is_monotonic_increasing
    # Volumes are made larger with the outcome, and areas with the volume.
    assert set(table["group"][:4]) == {"shape"}
    clinical = table[table["modality"] == "clinical"]
    assert set(clinical["group"]) == {"clinical"}
    assert clinical["volume_correlation"].isna().all()


def test_p_values_are_adjusted_over_all_modalities() -> None:
    results = made_up_results(3, 10)
    table = features_table(results.arms, results.matrices, MODALITIES)
    np.testing.assert_allclose(table["p_holm"], holm(table["p_value"]))
    np.testing.assert_allclose(table["p_fdr"], stats.false_discovery_control(table["p_value"]))


def test_values_equal_those_of_scipy() -> None:
    results = made_up_results(3, 10)
    table = features_table(results.arms, results.matrices, MODALITIES)
    outcomes = module.tested_outcomes(results.arms)
    matrix = results.matrices["combined"].loc[list(outcomes)]
    outcome = np.asarray(list(outcomes.values()))
    row = table[(table["feature"] == "PREDICT_original_hf_std") & (table["modality"] == "MRI")]
    values = matrix["PREDICT_original_hf_std_MRI"].to_numpy()
    test = stats.mannwhitneyu(values[outcome == 1], values[outcome == 0])
    events = outcome.sum()
    assert row["auc"].item() == pytest.approx(test.statistic / events / (len(outcome) - events))
    assert row["p_value"].item() == pytest.approx(test.pvalue, rel=1e-6)
    volume = stats.spearmanr(values, matrix[f"{VOLUME}_MRI"]).statistic
    assert row["volume_correlation"].item() == pytest.approx(volume)
    assert (row["n_patients"].item(), row["n_events"].item()) == (len(outcome), events)


def test_missing_features_lower_the_number_of_patients() -> None:
    results = made_up_results(3, 20)
    table = features_table(results.arms, results.matrices, MODALITIES)
    missing = table[table["n_patients"] == 50]
    assert len(missing) == 1
    assert (table["n_patients"].drop(missing.index) == 51).all()


def test_arms_on_other_patients_are_put_together() -> None:
    first = pd.DataFrame({"a_MRI": [1.0, 2.0]}, index=["P1", "P2"])
    second = pd.DataFrame({"a_MRI": [2.0, 3.0], "b_CT": [7.0, 8.0]}, index=["P2", "P3"])
    matrix = all_features({"x": first, "y": second})
    assert list(matrix.columns) == ["a_MRI", "b_CT"]
    assert matrix["a_MRI"].to_dict() == {"P1": 1.0, "P2": 2.0, "P3": 3.0}
    assert np.isnan(matrix.at["P1", "b_CT"])
    assert matrix.at["P3", "b_CT"] == 8


def test_a_study_without_features_has_no_rows() -> None:
    assert features_table(three_arms(2), {}, ()).empty
