"""The test of each arm against chance: its search repeated with permuted outcomes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lungmet_worc.analyses.comparison.statistics import holm
from lungmet_worc.analyses.permutations.statistics import permutation_p_value
from lungmet_worc.analyses.results import ArmPredictions, StudyResults, Tables
from lungmet_worc.analyses.statistics.metrics import CONFIDENCE
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table
from lungmet_worc.display.wording import interval_text, number_text, p_text


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    return {"permutations": permutations_table(results.arms, results.permuted)}


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
    frame = PERMUTATIONS.frame(rows)
    frame["p_adjusted"] = holm(frame["p_value"].to_numpy(float))
    return frame


def _mean(values: Sequence[float]) -> float:
    """Return the mean of the defined values."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each arm, the permuted AUC with its range in one cell."""
    rows = frame.to_dict("records")
    return pd.DataFrame(
        {
            say("Arm"): [say.arm(row["arm"]) for row in rows],
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


PERMUTATIONS = Table(
    "permutations",
    "Permutations",
    "Test of each arm against chance: the whole search repeated with permuted outcomes",
    (
        *("arm", Column("n_permutations", later("Permutations"), "integer"), "auc"),
        Column("permuted_mean", later("Permuted AUC, mean")),
        Column("permuted_low", later("Permuted AUC, low")),
        Column("permuted_high", later("Permuted AUC, high")),
        *("p_value", "p_adjusted"),
    ),
    _form,
    notes=(
        "The AUC is the mean over the splits; the range holds 95% of the permutations.",
        "p = (1 + permutations with at least this AUC) / (1 + permutations) (Phipson and "
        "Smyth 2010), adjusted by Holm's method over the arms.",
    ),
)
TABLES = (PERMUTATIONS,)
