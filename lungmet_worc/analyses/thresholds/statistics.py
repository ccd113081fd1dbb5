"""Thresholds chosen on one set of predictions, and the performance at a threshold on another.

A threshold chosen on the patients it is then judged on makes performance look better than it is:
choose on predictions from the training part, judge on the test part. A patient is predicted to have
the outcome where posterior >= threshold.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from lungmet_worc.analyses.statistics.metrics import class_metrics, confusion, outcome_and_scores

THRESHOLD_METRICS = (
    "threshold",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "bca",
    "accuracy",
)
COUNTS = ("tp", "fp", "fn", "tn")


def youden_threshold(outcome: ArrayLike, posterior: ArrayLike) -> float:
    """Choose the threshold with the largest sensitivity + specificity - 1.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome.

    Returns
    -------
    float
        One of the posteriors; the lowest, hence most sensitive one, where several are equally
        good. Nan without both classes.

    Raises
    ------
    ValueError
        If the arrays do not fit together, or a value is missing.

    References
    ----------
    Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32-35.
    doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3
    """
    truth, score = outcome_and_scores(outcome, posterior)
    if truth.all() or not truth.any():
        return float("nan")
    candidates = np.unique(score)
    events, others = np.sort(score[truth]), np.sort(score[~truth])
    missed = np.searchsorted(events, candidates)
    spared = np.searchsorted(others, candidates)
    # In whole numbers, so that equally good thresholds are seen to be equal.
    youden = spared * events.size - missed * others.size
    return float(candidates[np.argmax(youden)])


def sensitivity_threshold(outcome: ArrayLike, posterior: ArrayLike, sensitivity: float) -> float:
    """Choose the highest threshold that reaches a sensitivity.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome.
    sensitivity : float
        To be reached, above 0 and at most 1.

    Returns
    -------
    float
        The posterior of an event; nan without an event.

    Raises
    ------
    ValueError
        If the arrays do not fit together, a value is missing, or the sensitivity is impossible.
    """
    truth, score = outcome_and_scores(outcome, posterior)
    if not 0 < sensitivity <= 1:
        msg = f"A sensitivity lies above 0 and is at most 1, not {sensitivity}."
        raise ValueError(msg)
    events = np.sort(score[truth])
    if events.size == 0:
        return float("nan")
    # As a fraction: floating point makes 0.55 times 100 events 55.00000000000001.
    found = ceil(Fraction(str(sensitivity)) * events.size)
    return float(events[events.size - found])


def at_threshold(outcome: ArrayLike, posterior: ArrayLike, threshold: float) -> dict[str, float]:
    """Compute the performance at a threshold.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_patients,)
        Predicted probability of the outcome.
    threshold : float
        Chosen on other predictions; nan where none could be chosen.

    Returns
    -------
    dict of str to float
        A value for each name of `THRESHOLD_METRICS`, nan where it is not defined, and the
        counts tp, fp, fn, tn. Without a threshold all are nan.

    Raises
    ------
    ValueError
        If the arrays do not fit together, or a posterior is missing.
    """
    truth, score = outcome_and_scores(outcome, posterior)
    if np.isnan(threshold):
        return dict.fromkeys((*THRESHOLD_METRICS, *COUNTS), float("nan"))
    predicted = score >= threshold
    values = {"threshold": float(threshold), **class_metrics(truth, predicted)}
    counts = dict(zip(COUNTS, map(float, confusion(truth, predicted)), strict=True))
    return {name: values[name] for name in THRESHOLD_METRICS} | counts
