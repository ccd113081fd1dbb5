"""Each feature alone: how it ranks the outcome, and how it goes with tumour volume."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lungmet_worc.analyses.comparison.statistics import holm
from lungmet_worc.analyses.statistics.metrics import outcome_and_scores

UNIVARIATE_COLUMNS = (
    "feature",
    "auc",
    "p_value",
    "p_holm",
    "p_fdr",
    "volume_correlation",
    "n_patients",
    "n_events",
)


def univariate_table(
    matrix: pd.DataFrame,
    outcome: ArrayLike,
    volume: pd.Series | Mapping[str, pd.Series] | None,
) -> pd.DataFrame:
    """Test each feature alone.

    The tests use the outcome of all patients: the table describes, and must not be what selects
    features for a model that is judged on the same patients.

    Parameters
    ----------
    matrix : DataFrame, shape (n_patients, n_features)
        Features of the patients; a value that is missing or not finite is left out of its
        feature.
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not, in the order of the rows.
    volume : Series or mapping of str to Series, optional
        Tumour volume of the patients by the index of `matrix`: one for all features, or one for
        each feature by its name, as with several modalities.

    Returns
    -------
    DataFrame
        Columns `UNIVARIATE_COLUMNS`, sorted by p-value: AUC (above 0.5 where the feature is
        higher in patients with the outcome), two-sided Mann-Whitney p-value [1]_ (exact with at
        most 8 patients in a class and no ties, else with ties and continuity corrected), its
        adjustment over all features by Holm and as false discovery rate [2]_, Spearman's
        correlation with the volume, and the patients and events with a value. The AUC is nan
        without both classes, p also for a feature with one value only; what is nan is no test
        and does not count in the adjustment.

    Raises
    ------
    ValueError
        If the outcomes do not fit the rows, or an outcome is not 0 or 1.

    References
    ----------
    .. [1] Mann HB, Whitney DR. On a test of whether one of two random variables is stochastically
       larger than the other. Annals of Mathematical Statistics 1947;18:50-60.
       doi:10.1214/aoms/1177730491
    .. [2] Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and powerful
       approach to multiple testing. Journal of the Royal Statistical Society B 1995;57:289-300.
       doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    truth, _ = outcome_and_scores(outcome, np.zeros(len(matrix)))
    rows = []
    for feature in matrix.columns:
        values = matrix[feature].to_numpy(dtype=float)
        size = volume.get(feature) if isinstance(volume, Mapping) else volume
        known = np.isfinite(values)
        tested = _mann_whitney(values[known], truth[known])
        counts = (int(known.sum()), int(truth[known].sum()))
        rows.append((feature, *tested, np.nan, np.nan, _correlation(matrix, values, size), *counts))
    table = pd.DataFrame(rows, columns=list(UNIVARIATE_COLUMNS))
    p_values = table["p_value"].to_numpy(dtype=float)
    table["p_holm"] = holm(p_values)
    table["p_fdr"] = false_discovery_rate(p_values)
    return table.sort_values("p_value", kind="stable", na_position="last", ignore_index=True)


def false_discovery_rate(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values as false discovery rate (Benjamini and Hochberg 1995).

    Parameters
    ----------
    p_values : array of float, shape (n,)
        A nan is no test: it stays nan and does not count.

    Returns
    -------
    array of float, shape (n,)
        Adjusted p-values, at most 1, in the order given.
    """
    adjusted = np.array(p_values, dtype=float)
    defined = ~np.isnan(adjusted)
    if defined.any():
        adjusted[defined] = stats.false_discovery_control(adjusted[defined])
    return adjusted


def _mann_whitney(values: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Return AUC and p-value of one feature."""
    events, others = values[truth], values[~truth]
    if min(events.size, others.size) == 0:
        return float("nan"), float("nan")
    if np.ptp(values) == 0:
        return 0.5, float("nan")
    result = stats.mannwhitneyu(events, others)
    return float(result.statistic) / (events.size * others.size), float(result.pvalue)


def _correlation(
    matrix: pd.DataFrame, values: NDArray[np.float64], volume: pd.Series | None
) -> float:
    """Return Spearman's correlation with the volume, nan where one of both does not vary."""
    if volume is None:
        return float("nan")
    sizes = volume.reindex(matrix.index).to_numpy(dtype=float)
    known = np.isfinite(values) & np.isfinite(sizes)
    first, second = values[known], sizes[known]
    if known.sum() < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(stats.spearmanr(first, second).statistic)
