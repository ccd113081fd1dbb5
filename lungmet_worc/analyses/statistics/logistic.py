"""Logistic models of one variable: their maxima and profile likelihood intervals.

Everything here is the root of a function that only rises or only falls, so that a bracketing search
finds it whatever the data, and no iteration can diverge.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from lungmet_worc.analyses.statistics.metrics import Estimate

_UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"))
#: Logits that differ by no more than this are one: what is left is rounding.
_SAME = 1e-9


def fitted_intercept(
    truth: NDArray[np.bool_], offset: NDArray[np.float64], confidence: float
) -> Estimate:
    """Fit the intercept of a logistic model with an offset.

    Parameters
    ----------
    truth : array of bool, shape (n_patients,)
        Whether the patient has the outcome.
    offset : array of float, shape (n_patients,)
        Part of the logit that is given.
    confidence : float
        Confidence level of the profile likelihood interval.

    Returns
    -------
    Estimate
        Nan without both classes: the likelihood then has no maximum.
    """
    if truth.all() or not truth.any():
        return _UNDEFINED
    return _with_interval(
        lambda intercept: _score(truth, offset + intercept),
        lambda intercept: _log_likelihood(truth, offset + intercept),
        confidence,
    )


def fitted_slope(
    truth: NDArray[np.bool_], variable: NDArray[np.float64], confidence: float
) -> Estimate:
    """Fit the slope of a logistic model with an intercept and one variable.

    Parameters
    ----------
    truth : array of bool, shape (n_patients,)
        Whether the patient has the outcome.
    variable : array of float, shape (n_patients,)
        The variable that the slope belongs to.
    confidence : float
        Confidence level of the profile likelihood interval.

    Returns
    -------
    Estimate
        Nan without both classes, where the variable has one value only, and where it separates
        the classes (completely, or but for equal values at the border): the likelihood then has
        no maximum (Albert and Anderson 1984, doi:10.1093/biomet/71.1.1).
    """
    if truth.all() or not truth.any() or np.ptp(variable) <= _SAME or _separated(truth, variable):
        return _UNDEFINED
    # Centred, which changes the intercept only, for exactness with logits far from 0.
    centred = variable - variable.mean()

    def logit(slope: float) -> NDArray[np.float64]:
        """Return the logits of the slope with the intercept that suits it best."""
        given = centred * slope
        return given + _root(lambda intercept: _score(truth, given + intercept))

    return _with_interval(
        lambda slope: float(centred @ (truth - special.expit(logit(slope)))),
        lambda slope: _log_likelihood(truth, logit(slope)),
        confidence,
    )


def _with_interval(
    score: Callable[[float], float], log_likelihood: Callable[[float], float], confidence: float
) -> Estimate:
    """Find the maximum of a concave log-likelihood and where it is too low on both sides."""
    best = _root(score)
    lowest = log_likelihood(best) - float(stats.chi2.ppf(confidence, 1)) / 2

    def distance(side: float) -> float:
        """Return how far from the maximum the log-likelihood is too low."""
        return _root(lambda step: log_likelihood(best + side * step) - lowest)

    low, high = best - distance(-1.0), best + distance(1.0)
    return Estimate(best, low, high)


def _root(falling: Callable[[float], float]) -> float:
    """Return where a falling function is zero."""
    low, high = -1.0, 1.0
    if falling(0.0) > 0:
        low = 0.0
        while falling(high) > 0:
            low, high = high, 2 * high
    else:
        high = 0.0
        while falling(low) < 0:
            low, high = 2 * low, low
    return float(optimize.brentq(falling, low, high, xtol=1e-12))


def _separated(truth: NDArray[np.bool_], variable: NDArray[np.float64]) -> bool:
    """Tell whether one class has no value beyond those of the other."""
    events, others = variable[truth], variable[~truth]
    return bool(events.min() >= others.max() or others.min() >= events.max())


def _score(truth: NDArray[np.bool_], logit: NDArray[np.float64]) -> float:
    """Return the derivative of the log-likelihood by the intercept."""
    return float(truth.sum() - special.expit(logit).sum())


def _log_likelihood(truth: NDArray[np.bool_], logit: NDArray[np.float64]) -> float:
    """Return the log-likelihood of outcomes with these logits."""
    return float(np.where(truth, special.log_expit(logit), special.log_expit(-logit)).sum())
