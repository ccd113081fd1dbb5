"""Performance in subgroups of the patients, with no claim where there are few events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lungmet_worc.analyses.statistics.delong import auc_interval
from lungmet_worc.analyses.subgroups.levels import NOT_KNOWN
from lungmet_worc.basics.natural_order import natural_order

#: Below so many patients with, or without, the outcome a subgroup's AUC is not reported.
FEW_EVENTS = 10
TOO_FEW = "too few events"
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
        Index: patient ids; a column for each variable, with its level as text or as ordered
        categories (see `lungmet_worc.analyses.subgroups.levels`). A level that is missing is
        "not known".

    Returns
    -------
    DataFrame
        Columns `SUBGROUP_COLUMNS`: a row for each arm, column and level with patients in the
        arm, levels in the order of their categories, or with text so that 2 comes before 10;
        "not known" last. With fewer than `FEW_EVENTS` patients with, or without, the outcome the
        AUC and its bounds are nan and the note says so. Where the AUC is 0 or 1, or the
        posteriors are all equal, the bounds are nan.

    Notes
    -----
    A difference between the AUCs of two subgroups is no finding by itself: the intervals are not
    adjusted for the number of subgroups.
    """
    rows = [
        (arm, column, level, *_performance(patients))
        for arm, frame in arms.items()
        for column in levels.columns
        for level, patients in _by_level(frame, levels[column])
    ]
    return pd.DataFrame(rows, columns=list(SUBGROUP_COLUMNS))


def _by_level(frame: pd.DataFrame, levels: pd.Series) -> list[tuple[str, pd.DataFrame]]:
    """Return the levels that have patients, in their order, with those patients."""
    of_patient = levels.reindex(frame["patient_id"])
    names = of_patient.astype(object).where(of_patient.notna(), NOT_KNOWN).astype(str).to_numpy()
    if isinstance(levels.dtype, pd.CategoricalDtype):
        order = [str(level) for level in levels.cat.categories]
    else:
        order = sorted(set(names), key=natural_order)
    order = [level for level in order if level != NOT_KNOWN] + [NOT_KNOWN]
    return [(level, frame[names == level]) for level in order if (names == level).any()]


def _performance(patients: pd.DataFrame) -> tuple[int, int, float, float, float, str]:
    """Return n_patients, n_events, auc, ci_low, ci_high and note of one subgroup."""
    outcome = patients["outcome"].to_numpy(dtype=int)
    counts = (outcome.size, int(outcome.sum()))
    nothing = float("nan")
    if min(counts[1], counts[0] - counts[1]) < FEW_EVENTS:
        return (*counts, nothing, nothing, nothing, TOO_FEW)
    estimate = auc_interval(outcome, patients["posterior_mean"].to_numpy(dtype=float))
    return (*counts, *estimate, UNDEFINED if np.isnan(estimate.low) else "")
