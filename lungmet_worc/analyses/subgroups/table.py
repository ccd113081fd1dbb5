"""AUC of each arm in subgroups of patients, with no claim where there are few events."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.analyses.statistics.delong import auc_interval
from lungmet_worc.analyses.subgroups.levels import NOT_KNOWN, Level, level_order, subgroup_levels
from lungmet_worc.analyses.table_notes import POOLED
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table, with_interval
from lungmet_worc.display.wording import TOO_FEW

#: Below so many patients with, or without, the outcome a subgroup's AUC is not reported.
FEW_EVENTS = 10
UNDEFINED = later("interval not defined")


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    known = {patient.patient_id: patient for patient in results.cohort.patients}
    if not known:
        return {"subgroups": SUBGROUPS.frame()}
    entering = [known[patient_id] for patient_id in results.cohort.everyone]
    levels = subgroup_levels(entering, results.statistics)
    return {"subgroups": subgroups_table(made["patients"], levels)}


def subgroups_table(patients: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Return the AUC of each arm in each subgroup, with DeLong's interval.

    Parameters
    ----------
    patients : DataFrame
        The table of patients: arm, patient_id, outcome (0 or 1), posterior_mean.
    levels : DataFrame
        Index: patient ids; a column for each variable, with a `Level` in every cell. That of a
        patient who has no row is not known.

    Returns
    -------
    DataFrame
        Columns of the table ``subgroups``: a row for each arm, column and level with patients in
        the arm, levels in their order and by their names. With fewer than `FEW_EVENTS` patients
        with, or without, the outcome the AUC and its bounds are nan and the note says so. Where
        the AUC is 0 or 1, or the posteriors are all equal, the bounds are nan.

    Notes
    -----
    A difference between the AUCs of two subgroups is no finding by itself: the intervals are not
    adjusted for the number of subgroups.
    """
    return SUBGROUPS.frame(
        (arm, column, level.name, *_performance(found))
        for arm, of_arm in patients.groupby("arm", sort=False)
        for column in levels.columns
        for level, found in _by_level(of_arm, levels[column])
    )


def _by_level(frame: pd.DataFrame, levels: pd.Series) -> list[tuple[Level, pd.DataFrame]]:
    """Return the levels that have patients, in their order, with those patients."""
    known = levels.to_dict()
    of_patient = [known.get(patient_id, NOT_KNOWN) for patient_id in frame["patient_id"]]
    return [
        (level, frame[[each == level for each in of_patient]]) for level in level_order(of_patient)
    ]


def _performance(patients: pd.DataFrame) -> tuple[int, int, float, float, float, str]:
    """Return n_patients, n_events, auc, ci_low, ci_high and note of one subgroup."""
    outcome = patients["outcome"].to_numpy(dtype=int)
    counts = (outcome.size, int(outcome.sum()))
    nothing = float("nan")
    if min(counts[1], counts[0] - counts[1]) < FEW_EVENTS:
        return (*counts, nothing, nothing, nothing, TOO_FEW)
    estimate = auc_interval(outcome, patients["posterior_mean"].to_numpy(dtype=float))
    return (*counts, *estimate, UNDEFINED if np.isnan(estimate.low) else "")


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
            words={TOO_FEW: TOO_FEW, UNDEFINED: UNDEFINED},
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
