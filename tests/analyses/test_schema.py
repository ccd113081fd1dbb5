from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.all_tables import TABLES, make_all_tables
from lungmet_worc.display.labels import is_p
from lungmet_worc.display.table import TYPES
from tests.analyses.made_up import made_up_results

pytestmark = pytest.mark.filterwarnings("error")

PROMISED = {
    "performance": "arm, metric, mean, ci_low, ci_high, n_splits, n_patients, n_events",
    "splits": "arm, split, n_train, n_test, auc, bca, f1_weighted, accuracy, sensitivity, "
    "specificity, npv, ppv, brier, average_precision",
    "untested": "arm, split, n_train, n_test, reason",
    "patients": "arm, patient_id, outcome, n_tested, posterior_mean, posterior_sd, times_correct",
    "comparison": "arm_a, arm_b, metric, difference, ci_low, ci_high, p_value, p_adjusted, test, "
    "n_patients",
    "thresholds": "arm, rule, metric, mean, ci_low, ci_high, n_splits, n_patients, n_events",
    "confusion": "arm, rule, true_positive, false_positive, false_negative, true_negative, "
    "n_tests, n_splits",
    "calibration": "arm, measure, value, ci_low, ci_high, n_patients, n_events",
    "subgroups": "arm, column, level, n_patients, n_events, auc, ci_low, ci_high, note",
    "permutations": "arm, n_permutations, auc, permuted_mean, permuted_low, permuted_high, "
    "p_value, p_adjusted",
    "power": "auc, n_patients, n_events, half_width, correlation, smallest_difference",
    "workflows": "arm, kind, name, n, share, share_of_candidates",
    "importance": "arm, modality, group, n_features, chosen, importance, ci_low, ci_high, n_splits",
    "features": "modality, feature, group, auc, p_value, p_holm, p_fdr, volume_correlation, "
    "n_patients, n_events",
    "acquisition": "modality, property, value, n_patients",
    "typical": "arm, kind, patient_id, outcome, posterior_mean, n_tested, times_correct",
    "paper": "Measure, MRI, CT, combined",
}


def test_every_table_has_the_promised_columns_and_types() -> None:
    frames = make_all_tables(made_up_results(3, 4))
    assert {name: ", ".join(frame.columns) for name, frame in frames.items()} == PROMISED
    for name, frame in frames.items():
        kinds = {column: TYPES[TABLES[name].column(column).kind] for column in frame.columns}
        assert {column: str(frame[column].dtype) for column in frame.columns} == kinds, name
        assert TABLES[name].fits(list(frame.columns))


def test_every_column_has_a_heading_and_every_p_is_known() -> None:
    for table in TABLES.values():
        assert all(column.heading for column in table.known.values()), table.name
    p_values = {name for table in TABLES.values() for name in table.columns if is_p(name)}
    assert p_values == {"p_value", "p_adjusted", "p_holm", "p_fdr"}


def test_an_empty_table_has_its_columns_and_types() -> None:
    frame = TABLES["calibration"].frame()
    assert tuple(frame.columns) == TABLES["calibration"].columns
    assert frame["value"].dtype == np.float64
    pd.testing.assert_frame_equal(frame, TABLES["calibration"].frame([]))


def test_other_columns_do_not_fit() -> None:
    assert not TABLES["power"].fits(["auc", "n_patients"])
    assert TABLES["paper"].fits(["Measure", "a", "b"])
    assert not TABLES["paper"].fits(["measure", "a"])
