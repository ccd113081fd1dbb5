"""DeLong's variance of an AUC, its interval, and the test of two AUCs of the same patients.

The posteriors are taken as they are. Where a posterior is the mean over the splits that tested the
patient, the patients remain independent of each other only approximately, since the models that
predicted them shared training patients; the corrected resampled t-test takes account of that.

References
----------
DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver
operating characteristic curves: a nonparametric approach. Biometrics 1988;44:837-845.
doi:10.2307/2531595

Sun X, Xu W. Fast implementation of DeLong's algorithm for comparing the areas under correlated
receiver operating characteristic curves. IEEE Signal Processing Letters 2014;21:1389-1393.
doi:10.1109/LSP.2014.2337313
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lungmet_worc.analyses.statistics.metrics import (
    CONFIDENCE,
    Difference,
    Estimate,
    outcome_and_scores,
)

_NAN = float("nan")


def auc_variance(outcome: ArrayLike, posterior: ArrayLike) -> tuple[float, float]:
    """Compute the AUC and DeLong's variance of it.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome, or any score that rises with it.

    Returns
    -------
    tuple of (float, float)
        AUC, nan without both classes, and its variance, nan with fewer than two events or fewer
        than two non-events.

    Raises
    ------
    ValueError
        If the arrays do not fit together, or a value is missing.
    """
    truth, score = outcome_and_scores(outcome, posterior)
    if truth.all() or not truth.any():
        return _NAN, _NAN
    events, others = _placements(truth, score)
    return float(events.mean()), _variance(events, others)


def auc_interval(
    outcome: ArrayLike, posterior: ArrayLike, confidence: float = CONFIDENCE
) -> Estimate:
    """Compute the AUC with DeLong's interval.

    AUC +- z * sqrt(variance), clipped to [0, 1], as pROC's ``ci.auc(method = "delong")``.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome, or any score that rises with it.
    confidence : float
        Confidence level, between 0 and 1.

    Returns
    -------
    Estimate
        The bounds are nan where the variance is not defined, and where it is zero: at an AUC of
        0 or 1 and for equal posteriors an interval without width would claim a certainty that
        is not there.

    Raises
    ------
    ValueError
        If the arrays do not fit together, or a value is missing.
    """
    auc, variance = auc_variance(outcome, posterior)
    if np.isnan(variance) or variance == 0:
        return Estimate(auc, _NAN, _NAN)
    half = float(stats.norm.ppf((1 + confidence) / 2)) * variance**0.5
    return Estimate(auc, max(auc - half, 0.0), min(auc + half, 1.0))


def delong_test(outcome: ArrayLike, first: ArrayLike, second: ArrayLike) -> Difference:
    """Test whether two AUCs of the same patients differ (DeLong et al. 1988).

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    first, second : array of float, shape (n_patients,)
        The posteriors to compare.

    Returns
    -------
    Difference
        AUC of the first minus that of the second, its 95% interval (not clipped) and the
        two-sided p-value. Posteriors that rank every event against every non-event alike give
        p = 1. Interval and p are nan with fewer than two events or non-events, and where a
        difference has no variance; everything is nan without both classes.

    Raises
    ------
    ValueError
        If the arrays do not fit together, or a value is missing.
    """
    truth, one, two = outcome_and_scores(outcome, first, second)
    if truth.all() or not truth.any():
        return Difference(_NAN, _NAN, _NAN, _NAN)
    pairs = zip(_placements(truth, one), _placements(truth, two), strict=True)
    # The variance of the differences is DeLong's contrast of the covariance matrix.
    events, others = (a - b for a, b in pairs)
    difference = float(events.mean())
    if not events.any() and not others.any():
        return Difference(0.0, 0.0, 0.0, 1.0)
    variance = _variance(events, others)
    if np.isnan(variance) or variance == 0:
        return Difference(difference, _NAN, _NAN, _NAN)
    error = variance**0.5
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    p_value = 2 * float(stats.norm.sf(abs(difference) / error))
    return Difference(difference, difference - half, difference + half, p_value)


def _placements(
    truth: NDArray[np.bool_], score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each event the share of non-events below it, for each non-event the reverse.

    A tie counts half. By midranks, so that no matrix of pairs is needed (Sun and Xu 2014).
    """
    events, others = score[truth], score[~truth]
    rank = stats.rankdata(score)
    below = rank[truth] - stats.rankdata(events)
    above = events.size - (rank[~truth] - stats.rankdata(others))
    return below / others.size, above / events.size


def _variance(events: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Return the variance of the mean placement, nan with fewer than two in a class."""
    if min(events.size, others.size) < 2:
        return _NAN
    # Equal values give exactly zero here; numpy's variance may leave a rounding error.
    parts = (0.0 if np.ptp(v) == 0 else float(v.var(ddof=1)) / v.size for v in (events, others))
    return sum(parts)
