"""Performance in subgroups of the patients, with no claim where there are few events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lungmet_worc.analyses.statistics.delong import auc_interval
from lungmet_worc.analyses.subgroups.levels import NOT_KNOWN, Level, level_order
from lungmet_worc.display.wording import TOO_FEW

#: Below so many patients with, or without, the outcome a subgroup's AUC is not reported.
FEW_EVENTS = 10
UNDEFINED = "interval not defined"
SUBGROUP_COLUMNS = (
    "arm",
    "column",
    "level",
    "n_patients",
    "n_events",
    "auc",
    "ci_low",
    "ci_high",
    "note",
)


def subgroup_table(arms: Mapping[str, pd.DataFrame], levels: pd.DataFrame) -> pd.DataFrame:
    """Compute the AUC of each arm in each subgroup, with DeLong's interval.

    Parameters
    ----------
    arms : mapping of str to DataFrame
        By arm, a row for each patient: patient_id, outcome (0 or 1), posterior_mean.
    levels : DataFrame
        Index: patient ids; a column for each variable, with a `Level` in every cell. That of a
        patient who has no row is not known.

    Returns
    -------
    DataFrame
        Columns `SUBGROUP_COLUMNS`: a row for each arm, column and level with patients in the
        arm, levels in their order and by their names. With fewer than `FEW_EVENTS` patients with,
        or without, the outcome the AUC and its bounds are nan and the note says so. Where the AUC
        is 0 or 1, or the posteriors are all equal, the bounds are nan.

    Notes
    -----
    A difference between the AUCs of two subgroups is no finding by itself: the intervals are not
    adjusted for the number of subgroups.
    """
    rows = [
        (arm, column, level.name, *_performance(patients))
        for arm, frame in arms.items()
        for column in levels.columns
        for level, patients in _by_level(frame, levels[column])
    ]
    return pd.DataFrame(rows, columns=list(SUBGROUP_COLUMNS))


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
