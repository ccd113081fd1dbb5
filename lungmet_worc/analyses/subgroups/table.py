"""AUC of each arm in subgroups of patients."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.analyses.subgroups.statistics import UNDEFINED, subgroup_table
from lungmet_worc.analyses.table_notes import POOLED
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table, with_interval
from lungmet_worc.display.wording import TOO_FEW


def tables(results: StudyResults, made: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Make the table of this analysis."""
    return {"subgroups": subgroups_table(made["patients"], results.levels)}


def subgroups_table(patients: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Return the AUC of each arm in each subgroup, on the mean probabilities of the patients.

    Parameters
    ----------
    patients : DataFrame
        The table of patients.
    levels : DataFrame
        Index: patient ids; a column of levels for each variable that makes subgroups.

    Returns
    -------
    DataFrame
        Columns of the table ``subgroups``; empty where no variable makes subgroups.
    """
    if levels.columns.empty:
        return SUBGROUPS.frame()
    arms = {
        str(arm): of_arm[["patient_id", "outcome", "posterior_mean"]].reset_index(drop=True)
        for arm, of_arm in patients.groupby("arm", sort=False)
    }
    found = subgroup_table(arms, levels)
    return SUBGROUPS.frame(found[list(SUBGROUPS.columns)].to_numpy().tolist())


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Rows as they are, the AUC with its interval in one cell or why there is none."""
    table = SUBGROUPS.rows(frame[["arm", "column", "level", "n_patients", "n_events"]], say)
    table[say("AUC (95% interval)")] = [
        say(TOO_FEW) if row["note"] == TOO_FEW else with_interval(row, "auc", say)
        for row in frame.to_dict("records")
    ]
    return table


SUBGROUPS = Table(
    "subgroups",
    "Subgroups",
    "AUC of each arm in subgroups of patients",
    (
        "arm",
        Column("column", later("Variable"), "text"),
        Column("level", later("Subgroup"), "text"),
        *("n_patients", "n_events", "auc", "ci_low", "ci_high"),
        Column(
            *("note", later("Note"), "text"),
            words={TOO_FEW: TOO_FEW, UNDEFINED: later("interval not defined")},
        ),
    ),
    _form,
    notes=(
        POOLED,
        "Intervals are 95% intervals over patients (DeLong).",
        "Subgroups with fewer than 10 patients with or without the outcome have no AUC. "
        "Nothing is adjusted for the number of subgroups: a difference between two of them "
        "is no finding by itself.",
    ),
)
TABLES = (SUBGROUPS,)
