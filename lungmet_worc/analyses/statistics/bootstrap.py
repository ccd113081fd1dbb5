"""Bootstrap over patients of the difference of two AUCs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungmet_worc.analyses.statistics.metrics import CONFIDENCE, Difference, outcome_and_scores

_NAN = float("nan")


def bootstrap_difference(
    outcome: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    samples: int,
    seed: int,
    confidence: float = CONFIDENCE,
) -> Difference:
    """Bootstrap the difference of two AUCs of the same patients.

    Patients are drawn with replacement within those with and those without the outcome, and both
    AUCs are computed on the same draw. The interval is the percentile interval. The two-sided
    p-value is twice the smaller of (1 + n(d <= 0)) / (1 + samples) and
    (1 + n(d >= 0)) / (1 + samples), at most 1 [1]_: it asks how far zero lies in the tail of
    the same distribution that the interval comes from, and is never 0.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    first, second : array of float, shape (n_patients,)
        The posteriors to compare; they are taken as they are, no model is fitted again.
    samples : int
        Number of bootstrap samples.
    seed : int
        The same seed gives the same result.
    confidence : float
        Confidence level of the interval.

    Returns
    -------
    Difference
        AUC of the first minus that of the second. Posteriors that rank every event against
        every non-event alike give p = 1. Interval and p are nan with fewer than two events or
        non-events, and where all samples have one difference that is not zero; everything is
        nan without both classes.

    Raises
    ------
    ValueError
        If the arrays do not fit together, a value is missing, or there are no samples.

    References
    ----------
    .. [1] Davison AC, Hinkley DV. Bootstrap methods and their application. Cambridge University
       Press 1997, chapters 4 and 5. doi:10.1017/CBO9780511802843
    """
    truth, one, two = outcome_and_scores(outcome, first, second)
    if samples < 1:
        msg = "A bootstrap needs at least one sample."
        raise ValueError(msg)
    if truth.all() or not truth.any():
        return Difference(_NAN, _NAN, _NAN, _NAN)
    wins = _wins(truth, one) - _wins(truth, two)
    difference = float(wins.mean())
    if not wins.any():
        return Difference(0.0, 0.0, 0.0, 1.0)
    if min(wins.shape) < 2:
        return Difference(difference, _NAN, _NAN, _NAN)
    drawn = _resampled_means(wins, samples, np.random.default_rng(seed))
    if np.ptp(drawn) == 0 and difference != 0:
        return Difference(difference, _NAN, _NAN, _NAN)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(difference, float(low), float(high), min(2 * (1 + tail) / (1 + samples), 1.0))


def _wins(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1, 0.5 or 0 for each event (rows) above, equal to or below each non-event."""
    return np.heaviside(score[truth][:, None] - score[~truth][None, :], 0.5)


def _resampled_means(
    wins: NDArray[np.float64], samples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the mean of the pairs of each sample, shape (samples,).

    How often each patient was drawn is all that a mean over pairs needs of a sample.
    """
    n_events, n_others = wins.shape
    events = rng.multinomial(n_events, np.full(n_events, 1 / n_events), size=samples)
    others = rng.multinomial(n_others, np.full(n_others, 1 / n_others), size=samples)
    return ((events @ wins) * others).sum(axis=1) / wins.size
