"""Whether predicted probabilities are as large as the outcome is frequent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.analyses.calibration.statistics import calibration
from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.analyses.statistics.metrics import Estimate
from lungmet_worc.analyses.table_notes import POOLED
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.measures import METRIC_NAMES
from lungmet_worc.display.table import Table, with_interval
from lungmet_worc.display.wording import number_text

MEASURES = {
    "intercept": later("Calibration intercept"),
    "slope": later("Calibration slope"),
    "expected_calibration_error": later("Expected calibration error"),
    "brier": METRIC_NAMES["brier"],
}


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    return {"calibration": calibration_table(made["patients"])}


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
    return CALIBRATION.frame(rows)


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each arm, one column for each measure."""
    measures = list(frame["measure"].drop_duplicates())
    rows = []
    for arm, of_arm in frame.groupby("arm", sort=False):
        by_measure = {row["measure"]: row for row in of_arm.to_dict("records")}
        cells = [_estimate(by_measure[m], say) if m in by_measure else "" for m in measures]
        first = of_arm.iloc[0]
        rows.append([say.arm(str(arm)), *cells, str(first["n_patients"]), str(first["n_events"])])
    heads = [
        say("{measure} (95% interval)", measure=say(MEASURES[m]))
        if frame.loc[frame["measure"] == m, "ci_low"].notna().any()
        else say(MEASURES[m])
        for m in measures
    ]
    counts = [CALIBRATION.heading("n_patients", say), CALIBRATION.heading("n_events", say)]
    return pd.DataFrame(rows, columns=[CALIBRATION.heading("arm", say), *heads, *counts])


def _estimate(row: Mapping[Any, Any], say: Language) -> str:
    """Return a value with its interval, alone where no interval goes with its measure."""
    if np.isnan(row["ci_low"]) and row["measure"] not in {"intercept", "slope"}:
        return number_text(row["value"], say=say)
    return with_interval(row, "value", say)


CALIBRATION = Table(
    "calibration",
    "Calibration",
    "Calibration of each arm",
    (
        *("arm", Column("measure", later("Measure"), "text", MEASURES), "value"),
        *("ci_low", "ci_high", "n_patients", "n_events"),
    ),
    _form,
    notes=(
        "An intercept of 0 and a slope of 1 are perfect; a slope below 1 means predictions "
        "that are too extreme.",
        POOLED,
        "Intervals are 95% profile likelihood intervals over patients. The expected "
        "calibration error has none; it is too large in small cohorts.",
    ),
)
TABLES = (CALIBRATION,)
