"""What a study of this size can show."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lungmet_worc.analyses.power.statistics import auc_half_width, smallest_difference
from lungmet_worc.analyses.results import ArmPredictions, tested_outcomes
from lungmet_worc.analyses.schema import TABLES

AUCS = (0.6, 0.7, 0.8)
CORRELATIONS = (0.3, 0.5, 0.7)


def power_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """Return the interval to expect for an AUC, and the smallest difference that would be seen.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        The patients that all of them tested at least once count.

    Returns
    -------
    DataFrame
        Columns of the table ``power``; empty without patients of both outcomes.
    """
    shared = set.intersection(*(set(tested_outcomes([arm])) for arm in arms))
    outcomes = tested_outcomes(arms)
    n_events = sum(outcomes[patient] for patient in shared)
    n_others = len(shared) - n_events
    rows = []
    if n_events and n_others:
        for auc in AUCS:
            half = auc_half_width(auc, n_events, n_others)
            for correlation in CORRELATIONS:
                smallest = smallest_difference(auc, n_events, n_others, correlation)
                rows.append((auc, len(shared), n_events, half, correlation, smallest))
    return TABLES["power"].frame(rows)
