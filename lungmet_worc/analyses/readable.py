"""Tables as people read them: every cell a text, numbers rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.analyses.comparison.statistics import TEST_NAME
from lungmet_worc.display.labels import (
    ARM_COLUMNS,
    MEASURES,
    P_COLUMNS,
    SHARE_COLUMNS,
    TOO_FEW,
    heading,
    label,
)
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.measures import METRIC_NAMES, METRICS
from lungmet_worc.display.wording import (
    arm_label,
    comparison_reading,
    interval_text,
    number_text,
    p_text,
    yes_no,
)

#: Of an arm without a row for a measure, as in a table that somebody changed.
_NOT_THERE = {"mean": np.nan, "ci_low": np.nan, "ci_high": np.nan, "n_splits": 0}


def readable(frame: pd.DataFrame, name: str, say: Language = ENGLISH) -> pd.DataFrame:
    """Return a table as people read it: every cell a text, numbers rounded.

    Parameters
    ----------
    frame : DataFrame
    name : str
        A name of `TABLES` gets its own form; anything else keeps its columns.
    say : Language
        Every heading and word is said in it.

    Returns
    -------
    DataFrame
        All columns text.
    """
    forms: dict[str, Callable[[pd.DataFrame, Language], pd.DataFrame]] = {
        "performance": _performance,
        "patients": _patients,
        "comparison": _comparison,
        "thresholds": _thresholds,
        "calibration": _calibration,
        "subgroups": _subgroups,
        "permutations": _permutations,
        "power": _power,
        "workflows": _workflows,
        "importance": _importance,
        "features": _features,
        "typical": _typical,
        "paper": _paper,
    }
    return forms.get(name, _rows)(frame, say)


def _performance(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each measure, one column for each arm."""
    present = [metric for metric in METRICS if metric in set(frame["metric"])]
    counts = [heading(column, say) for column in ("n_patients", "n_events", "n_splits")]
    columns = {heading("metric", say): counts + [say(METRIC_NAMES[metric]) for metric in present]}
    for arm, rows in frame.groupby("arm", sort=False):
        by_metric = {str(row["metric"]): row for row in rows.to_dict("records")}
        n_splits = int(rows["n_splits"].max())
        cells = [str(int(rows["n_patients"].iloc[0])), str(int(rows["n_events"].iloc[0]))]
        cells.append(str(n_splits))
        for metric in present:
            row = by_metric.get(metric, _NOT_THERE)
            cell = interval_text(row["mean"], row["ci_low"], row["ci_high"], say=say)
            used = int(row["n_splits"])
            if 0 < used < n_splits:
                cell = say.plural(used, "{cell}, {n} split", "{cell}, {n} splits", cell=cell)
            cells.append(cell)
        columns[arm_label(str(arm), say)] = cells
    return pd.DataFrame(columns)


def _comparison(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each measure, pair and test, with what it means."""
    rows = []
    for row in frame.to_dict("records"):
        arms = {"a": arm_label(row["arm_a"], say), "b": arm_label(row["arm_b"], say)}
        # Only one test is concluded from; the others stand beside it.
        reading = comparison_reading(row, say) if row["test"] == TEST_NAME else ""
        interval = interval_text(row["difference"], row["ci_low"], row["ci_high"], say=say)
        rows.append(
            (
                *(label("metric", row["metric"], say), say("{a} minus {b}", **arms)),
                *(label("test", row["test"], say), interval, p_text(row["p_value"], say)),
                *(p_text(row["p_adjusted"], say), str(int(row["n_patients"])), reading),
            )
        )
    names = (
        *(say("Measure"), say("Arms"), say("Test"), say("Difference (95% interval)")),
        *(say("p"), say("Adjusted p"), say("Patients"), say("Reading")),
    )
    table = pd.DataFrame(rows, columns=list(names))
    return table if frame["test"].nunique() > 1 else table.drop(columns=say("Test"))


def _patients(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Outcome as a word, mean and standard deviation in one cell."""
    spread = [
        number_text(mean, say=say)
        if np.isnan(sd)
        else f"{number_text(mean, say=say)} ({number_text(sd, say=say)})"
        for mean, sd in zip(frame["posterior_mean"], frame["posterior_sd"], strict=True)
    ]
    return pd.DataFrame(
        {
            say("Arm"): [arm_label(arm, say) for arm in frame["arm"]],
            say("Patient"): frame["patient_id"],
            say("Outcome"): [yes_no(value, say) for value in frame["outcome"]],
            say("Times tested"): frame["n_tested"].map(str),
            say("Mean probability (SD)"): spread,
            say("Times right"): frame["times_correct"].map(str),
        }
    )


def _thresholds(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each arm and measure, one column for each threshold."""
    rules = list(frame["rule"].drop_duplicates())
    cells = {
        (row["arm"], row["metric"], row["rule"]): number_text(row["mean"], say=say)
        if row["metric"] == "threshold" and row["ci_low"] == row["ci_high"]
        else _interval(row, "mean", say)
        for row in frame.to_dict("records")
    }
    pairs = frame[["arm", "metric"]].drop_duplicates().itertuples(index=False)
    rows = [
        [
            arm_label(arm, say),
            label("metric", metric, say),
            *(cells.get((arm, metric, rule), "") for rule in rules),
        ]
        for arm, metric in pairs
    ]
    heads = [say("Threshold: {rule}", rule=label("rule", rule, say)) for rule in rules]
    return pd.DataFrame(rows, columns=[heading("arm", say), heading("metric", say), *heads])


def _calibration(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each arm, one column for each measure."""
    measures = list(frame["measure"].drop_duplicates())
    rows = []
    for arm, of_arm in frame.groupby("arm", sort=False):
        by_measure = {row["measure"]: row for row in of_arm.to_dict("records")}
        cells = [_estimate(by_measure[m], say) if m in by_measure else "" for m in measures]
        first = of_arm.iloc[0]
        rows.append(
            [arm_label(str(arm), say), *cells, str(first["n_patients"]), str(first["n_events"])]
        )
    heads = [
        say("{measure} (95% interval)", measure=say(MEASURES[m]))
        if frame.loc[frame["measure"] == m, "ci_low"].notna().any()
        else label("measure", m, say)
        for m in measures
    ]
    counts = [heading("n_patients", say), heading("n_events", say)]
    return pd.DataFrame(rows, columns=[heading("arm", say), *heads, *counts])


def _estimate(row: Mapping[Any, Any], say: Language) -> str:
    """Return a value with its interval, alone where no interval goes with its measure."""
    if np.isnan(row["ci_low"]) and row["measure"] not in {"intercept", "slope"}:
        return number_text(row["value"], say=say)
    return _interval(row, "value", say)


def _subgroups(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Rows as they are, the AUC with its interval in one cell or why there is none."""
    table = _rows(frame[["arm", "column", "level", "n_patients", "n_events"]], say)
    table[say("AUC (95% interval)")] = [
        label("note", row["note"], say) if row["note"] == TOO_FEW else _interval(row, "auc", say)
        for row in frame.to_dict("records")
    ]
    return table


def _permutations(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each arm, the permuted AUC with its range in one cell."""
    rows = frame.to_dict("records")
    return pd.DataFrame(
        {
            say("Arm"): [arm_label(row["arm"], say) for row in rows],
            say("AUC"): [number_text(row["auc"], say=say) for row in rows],
            say("Permuted AUC (95% range)"): [
                interval_text(
                    row["permuted_mean"], row["permuted_low"], row["permuted_high"], say=say
                )
                for row in rows
            ],
            say("Permutations"): [str(row["n_permutations"]) for row in rows],
            say("p"): [p_text(row["p_value"], say) for row in rows],
            say("Adjusted p"): [p_text(row["p_adjusted"], say) for row in rows],
        }
    )


def _power(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each AUC, one column for the difference at each correlation."""
    rows = []
    correlations = sorted(set(frame["correlation"]))
    for auc, of_auc in frame.groupby("auc"):
        found = dict(zip(of_auc["correlation"], of_auc["smallest_difference"], strict=True))
        rows.append(
            [
                number_text(float(auc), say=say),  # type: ignore[arg-type]
                *(str(of_auc[c].iloc[0]) for c in ("n_patients", "n_events")),
                "\N{PLUS-MINUS SIGN}" + number_text(of_auc["half_width"].iloc[0], say=say),
                *(number_text(found.get(c, np.nan), say=say) for c in correlations),
            ]
        )
    heads = [
        say("Smallest difference, correlation {value}", value=number_text(c, 1, say))
        for c in correlations
    ]
    names = [heading(c, say) for c in ("auc", "n_patients", "n_events")]
    return pd.DataFrame(rows, columns=[*names, say("95% interval"), *heads])


def _workflows(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Show number and share of workflows in one cell."""
    table = _rows(frame[["arm", "kind", "name"]], say)
    table[say("Workflows")] = [
        f"{n} ({_share(share, say)})" for n, share in zip(frame["n"], frame["share"], strict=True)
    ]
    table[heading("share_of_candidates", say)] = [
        "" if np.isnan(share) else _share(share, say) for share in frame["share_of_candidates"]
    ]
    return table


def _importance(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Rows as they are, the fall of the AUC with its interval in one cell."""
    table = _rows(frame[["arm", "modality", "group", "n_features", "chosen"]], say)
    table[say("Fall of the AUC (95% interval)")] = [
        _interval(row, "importance", say, decimals=3) for row in frame.to_dict("records")
    ]
    return table


def _features(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Rows as they are, without the counts where they are the same in all rows."""
    counts = ["n_patients", "n_events"]
    same = len(frame[counts].drop_duplicates()) == 1
    return _rows(frame.drop(columns=counts) if same else frame, say)


def _typical(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """How often a patient was right of how often tested in one cell."""
    table = _rows(frame[["arm", "kind", "patient_id"]], say)
    table[say("Outcome")] = [yes_no(value, say) for value in frame["outcome"]]
    table[say("Mean probability")] = [number_text(v, say=say) for v in frame["posterior_mean"]]
    table[say("Times right")] = [
        say("{right} of {tested}", right=int(right), tested=int(tested))
        for right, tested in zip(frame["times_correct"], frame["n_tested"], strict=True)
    ]
    return table


def _paper(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Measures in words, arms by their labels."""
    table = frame.copy()
    table["Measure"] = [label("Measure", value, say) for value in frame["Measure"]]
    for column in table.columns[1:]:
        table[column] = [say.decimals(str(cell)) for cell in frame[column]]
    table.columns = pd.Index(
        [heading(c, say) if c == "Measure" else arm_label(c, say) for c in map(str, frame.columns)]
    )
    return table


def _rows(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Every row as it is, numbers rounded."""
    columns = [str(column) for column in frame.columns]
    cells = [[_cell(column, value, say) for value in frame[column]] for column in columns]
    # Two columns may have one heading, as p-values of the same name.
    table = pd.DataFrame(dict(enumerate(cells)))
    table.columns = pd.Index([heading(column, say) for column in columns])
    return table


def _cell(column: str, value: object, say: Language) -> str:
    """Return one cell as text."""
    if isinstance(value, float):
        if column in P_COLUMNS:
            return p_text(value, say)
        return _share(value, say) if column in SHARE_COLUMNS else number_text(value, say=say)
    if column in ARM_COLUMNS or isinstance(value, str):
        return label(column, value, say)
    return str(value)


def _share(value: float, say: Language) -> str:
    """Return a share as a percentage."""
    return number_text(value, say=say) if np.isnan(value) else f"{100 * value:.0f}%"


def _interval(row: Mapping[Any, Any], column: str, say: Language, decimals: int = 2) -> str:
    """Return a value of a row with its interval."""
    return interval_text(row[column], row["ci_low"], row["ci_high"], decimals, say)
