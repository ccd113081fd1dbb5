"""Tables as people read them: every cell a text, numbers rounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from lungmet_worc.report.wording import (
    arm_label,
    comparison_reading,
    interval_text,
    number_text,
    p_text,
    yes_no,
)
from lungmet_worc.statistics.metrics import METRIC_NAMES, METRICS

P_COLUMNS = frozenset({"p_value", "p_adjusted"})

HEADINGS = {
    **METRIC_NAMES,
    "arm": "Arm",
    "metric": "Measure",
    "mean": "Mean",
    "ci_low": "95% interval, low",
    "ci_high": "95% interval, high",
    "n_splits": "Splits",
    "n_patients": "Patients",
    "n_events": "Events",
    "split": "Split",
    "n_train": "Training patients",
    "n_test": "Test patients",
    "patient_id": "Patient",
    "outcome": "Outcome",
    "n_tested": "Times tested",
    "posterior_mean": "Mean probability",
    "posterior_sd": "Standard deviation",
    "times_correct": "Times right",
    "arm_a": "Arm A",
    "arm_b": "Arm B",
    "difference": "Difference, A minus B",
    "p_value": "p",
    "p_adjusted": "p, adjusted (Holm)",
    "test": "Test",
}


def readable(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return a table as people read it: every cell a text, numbers rounded.

    Parameters
    ----------
    frame : DataFrame
    name : str
        A name of `TABLES` gets its own form; anything else keeps its columns.

    Returns
    -------
    DataFrame
        All columns text.
    """
    forms: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
        "performance": _readable_performance,
        "splits": _readable_rows,
        "patients": _readable_patients,
        "comparison": _readable_comparison,
    }
    return forms.get(name, _readable_rows)(frame)


def _readable_performance(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each measure, one column for each arm."""
    columns: dict[str, list[str]] = {"Measure": ["Patients", "Events", "Splits"]}
    present = [metric for metric in METRICS if metric in set(frame["metric"])]
    columns["Measure"] += [METRIC_NAMES[metric] for metric in present]
    for arm, rows in frame.groupby("arm", sort=False):
        by_metric = {str(row["metric"]): row for row in rows.to_dict("records")}
        n_splits = int(rows["n_splits"].max())
        cells = [str(int(rows["n_patients"].iloc[0])), str(int(rows["n_events"].iloc[0]))]
        cells.append(str(n_splits))
        for metric in present:
            row = by_metric[metric]
            cell = interval_text(row["mean"], row["ci_low"], row["ci_high"])
            used = int(row["n_splits"])
            cells.append(f"{cell}, {used} splits" if 0 < used < n_splits else cell)
        columns[arm_label(str(arm))] = cells
    return pd.DataFrame(columns)


def _readable_comparison(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each measure and pair, with what it means."""
    rows = [
        {
            "Measure": METRIC_NAMES.get(row["metric"], row["metric"]),
            "Arms": f"{arm_label(row['arm_a'])} minus {arm_label(row['arm_b'])}",
            "Difference (95% interval)": interval_text(
                row["difference"], row["ci_low"], row["ci_high"]
            ),
            "p": p_text(row["p_value"]),
            "Adjusted p": p_text(row["p_adjusted"]),
            "Patients": str(int(row["n_patients"])),
            "Reading": comparison_reading(row),
        }
        for row in frame.to_dict("records")
    ]
    names = "Measure|Arms|Difference (95% interval)|p|Adjusted p|Patients|Reading"
    return pd.DataFrame(rows, columns=names.split("|"))


def _readable_patients(frame: pd.DataFrame) -> pd.DataFrame:
    """Outcome as a word, mean and standard deviation in one cell."""
    spread = [
        number_text(mean) if np.isnan(sd) else f"{number_text(mean)} ({number_text(sd)})"
        for mean, sd in zip(frame["posterior_mean"], frame["posterior_sd"], strict=True)
    ]
    return pd.DataFrame(
        {
            "Arm": frame["arm"].map(arm_label),
            "Patient": frame["patient_id"],
            "Outcome": frame["outcome"].map(yes_no),
            "Times tested": frame["n_tested"].map(str),
            "Mean probability (SD)": spread,
            "Times right": frame["times_correct"].map(str),
        }
    )


def _readable_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Every row as it is, numbers rounded."""
    return pd.DataFrame(
        {
            HEADINGS.get(column, column): [_cell_text(column, value) for value in frame[column]]
            for column in map(str, frame.columns)
        }
    )


def _cell_text(column: str, value: object) -> str:
    """Return one cell as text."""
    if column == "arm":
        return arm_label(str(value))
    if isinstance(value, float):
        return p_text(value) if column in P_COLUMNS else number_text(value)
    return str(value)
