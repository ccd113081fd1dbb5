from __future__ import annotations

import pytest

from lungmet_worc.analyses.calibration.statistics import calibration
from lungmet_worc.analyses.calibration.table import calibration_table
from lungmet_worc.analyses.performance.table import patients_table
from tests.analyses.made_up import made_up_results

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
