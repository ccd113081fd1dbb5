"""Performance in subgroups of the patients, with no claim where there are few events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from lungmet_worc.collect import natural_key
from lungmet_worc.statistics.delong import auc_interval

#: Below so many patients with, or without, the outcome a subgroup's AUC is not reported.
FEW_EVENTS = 10
TOO_FEW = "too few events"
UNDEFINED = "interval not defined"
UNKNOWN = "unknown"
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


def bands(values: pd.Series, cuts: Sequence[float] | None = None) -> pd.Series:
    """Cut numbers into bands.

    Parameters
    ----------
    values : Series of float, shape (n_patients,)
        Such as age in years; nan where it is not known.
    cuts : sequence of float, optional
        Where bands begin, ascending; the median of the values if left out.

    Returns
    -------
    Series of ordered categories, shape (n_patients,)
        Such as "<50", "50-<65" and ">=65", and "unknown"; by the index of `values`.

    Raises
    ------
    ValueError
        If the cuts do not ascend.
    """
    numbers = pd.to_numeric(values).astype(float)
    known = numbers.dropna()
    if cuts is None:
        cuts = [] if known.empty else [float(known.median())]
    edges = [float(cut) for cut in cuts]
    if edges != sorted(set(edges)):
        msg = f"Bands ascend, as in [50, 65], not {list(cuts)}."
        raise ValueError(msg)
    names = [*_band_names(edges), UNKNOWN]
    place = np.searchsorted(edges, numbers, side="right")
    texts = np.where(numbers.isna(), UNKNOWN, np.asarray(names, dtype=object)[place])
    categories = pd.Categorical(texts, categories=names, ordered=True)
    return pd.Series(categories, index=values.index, name=values.name)


def subgroup_table(arms: Mapping[str, pd.DataFrame], levels: pd.DataFrame) -> pd.DataFrame:
    """Compute the AUC of each arm in each subgroup, with DeLong's interval.

    Parameters
    ----------
    arms : mapping of str to DataFrame
        By arm, a row for each patient: patient_id, outcome (0 or 1), posterior_mean.
    levels : DataFrame
        Index: patient ids; a column for each variable, with its level as text or as ordered
        categories (see `bands`). A level that is missing is "unknown".

    Returns
    -------
    DataFrame
        Columns `SUBGROUP_COLUMNS`: a row for each arm, column and level with patients in the
        arm, levels in the order of their categories, or with text so that 2 comes before 10;
        "unknown" last. With fewer than `FEW_EVENTS` patients with, or without, the outcome the
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


def _band_names(edges: Sequence[float]) -> list[str]:
    """Return the names of the bands between edges, ascending."""
    if not edges:
        return ["all"]
    texts = [f"{edge:g}" for edge in edges]
    between = [f"{low}-<{high}" for low, high in pairwise(texts)]
    return [f"<{texts[0]}", *between, f">={texts[-1]}"]


def _by_level(frame: pd.DataFrame, levels: pd.Series) -> list[tuple[str, pd.DataFrame]]:
    """Return the levels that have patients, in their order, with those patients."""
    of_patient = levels.reindex(frame["patient_id"])
    names = of_patient.astype(object).where(of_patient.notna(), UNKNOWN).astype(str).to_numpy()
    if isinstance(levels.dtype, pd.CategoricalDtype):
        order = [str(level) for level in levels.cat.categories]
    else:
        order = sorted(set(names), key=natural_key)
    order = [level for level in order if level != UNKNOWN] + [UNKNOWN]
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
