"""The test of each arm against chance: its search repeated with permuted outcomes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lungmet_worc.analyses.comparison.statistics import holm
from lungmet_worc.analyses.permutations.statistics import permutation_p_value
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.analyses.schema import TABLES
from lungmet_worc.analyses.statistics.metrics import CONFIDENCE


def permutations_table(arms: Sequence[ArmPredictions], permuted: pd.DataFrame) -> pd.DataFrame:
    """Compare the AUC of each arm with that of the same search on permuted outcomes.

    The statistic is the mean AUC over the splits, the same splits for the outcome and for each
    permutation of it. P-values are adjusted (Holm) over the arms.

    Parameters
    ----------
    arms : sequence of ArmPredictions
    permuted : DataFrame
        arm, permutation, split, auc.

    Returns
    -------
    DataFrame
        Columns of the table ``permutations``; the range holds 95% of the permutations. Empty
        without permutations.
    """
    table = TABLES["permutations"]
    rows = []
    for arm in arms:
        of_arm = permuted[permuted["arm"] == arm.arm]
        means = of_arm.groupby("permutation")["auc"].mean().dropna().to_numpy(float)
        if not means.size:
            continue
        splits = set(of_arm["split"])
        observed = _mean([s.metrics["auc"] for s in arm.splits if s.split in splits])
        tail = 50 * (1 - CONFIDENCE)
        spread = np.percentile(means, [tail, 100 - tail])
        p_value = float("nan") if np.isnan(observed) else permutation_p_value(observed, means)
        rows.append((arm.arm, means.size, observed, means.mean(), *spread, p_value, np.nan))
    frame = table.frame(rows)
    frame["p_adjusted"] = holm(frame["p_value"].to_numpy(float))
    return frame


def _mean(values: Sequence[float]) -> float:
    """Return the mean of the defined values."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
