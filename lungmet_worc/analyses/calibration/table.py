"""Whether predicted probabilities are as large as the outcome is frequent."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.calibration.statistics import calibration
from lungmet_worc.analyses.schema import TABLES
from lungmet_worc.analyses.statistics.metrics import Estimate

MEASURES = ("intercept", "slope", "expected_calibration_error", "brier")


def calibration_table(patients: pd.DataFrame) -> pd.DataFrame:
    """Measure the calibration of each arm on the mean probabilities of its patients.

    Parameters
    ----------
    patients : DataFrame
        The table of patients.

    Returns
    -------
    DataFrame
        Columns of the table ``calibration``; nan bounds for a measure without an interval.
    """
    rows = []
    for arm, of_arm in patients.groupby("arm", sort=False):
        outcome = of_arm["outcome"].to_numpy(int)
        found = calibration(outcome, of_arm["posterior_mean"].to_numpy(float))
        for measure in MEASURES:
            value = getattr(found, measure)
            estimate = value if isinstance(value, Estimate) else (value, float("nan"), float("nan"))
            rows.append((arm, measure, *estimate, outcome.size, outcome.sum()))
    return TABLES["calibration"].frame(rows)
