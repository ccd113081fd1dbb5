"""Metrics of one test part, and the interval of a metric over repeated splits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn import metrics as skm

from lungmet_worc.display.measures import METRICS

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean over splits with its interval.

    Parameters
    ----------
    mean : float
        Mean over the splits where the value is defined; nan if it is defined in none.
    low, high : float
        Bounds of the interval; nan if the value is defined in fewer than two splits.
    n_splits : int
        Number of splits where the value is defined.
    """

    mean: float
    low: float
    high: float
    n_splits: int


class Estimate(NamedTuple):
    """A value with its interval.

    Parameters
    ----------
    value : float
        The estimate; nan where the data do not define it.
    low, high : float
        Bounds of the interval; nan where the data do not define them.
    """

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """A difference with its interval and p-value.

    Parameters
    ----------
    difference : float
        The first minus the second.
    ci_low, ci_high : float
        Bounds of the 95% interval; nan where the data do not define them.
    p_value : float
        Two-sided; nan where the data do not define it.
    """

    difference: float
    ci_low: float
    ci_high: float
    p_value: float


def outcome_and_scores(outcome: ArrayLike, *scores: ArrayLike) -> tuple[NDArray[Any], ...]:
    """Return outcomes and scores as arrays that fit together.

    Parameters
    ----------
    outcome : array of int, shape (n_patients,)
        1 where the patient has the outcome, 0 where not.
    *scores : array of float, shape (n_patients,)
        Such as predicted probabilities.

    Returns
    -------
    tuple of array
        The outcomes as bool and the scores as float, each of shape (n_patients,).

    Raises
    ------
    ValueError
        If the lengths differ, an outcome is not 0 or 1, or a score is missing.
    """
    truth = np.asarray(outcome)
    arrays = tuple(np.asarray(score, dtype=float) for score in scores)
    if truth.ndim != 1 or any(array.shape != truth.shape for array in arrays):
        msg = "Outcomes and scores must be flat and of one length."
        raise ValueError(msg)
    if not np.isin(truth, (0, 1)).all():
        msg = "An outcome is not 0 or 1."
        raise ValueError(msg)
    if any(np.isnan(array).any() for array in arrays):
        msg = "A score is missing; leave such patients out."
        raise ValueError(msg)
    return truth.astype(bool), *arrays


def split_metrics(
    outcome: ArrayLike, posterior: ArrayLike, predicted: ArrayLike
) -> dict[str, float]:
    """Compute every metric of one test part.

    Parameters
    ----------
    outcome : array of int, shape (n_test,)
        1 where the patient has the outcome, 0 where not.
    posterior : array of float, shape (n_test,)
        Predicted probability of the outcome.
    predicted : array of int, shape (n_test,)
        Predicted class, 0 or 1.

    Returns
    -------
    dict of str to float
        A value for each name of `METRICS`. A metric that the test part does not define is nan:
        AUC, average precision and balanced accuracy without both classes, sensitivity without an
        event, specificity without a non-event, a predictive value without a prediction of its
        class, and everything without a patient.
    """
    truth = np.asarray(outcome, dtype=int)
    score = np.asarray(posterior, dtype=float)
    guess = np.asarray(predicted, dtype=int)
    values = dict.fromkeys(METRICS, float("nan"))
    if truth.size == 0:
        return values
    values.update(class_metrics(truth, guess))
    values["f1_weighted"] = float(skm.f1_score(truth, guess, average="weighted"))
    if np.unique(truth).size == 2:
        values["auc"] = float(skm.roc_auc_score(truth, score))
        values["average_precision"] = float(skm.average_precision_score(truth, score))
    # A mean of probabilities can leave [0, 1] by one rounding error, which scikit-learn refuses.
    values["brier"] = float(skm.brier_score_loss(truth, np.clip(score, 0.0, 1.0), pos_label=1))
    return values


def confusion(outcome: ArrayLike, predicted: ArrayLike) -> tuple[int, int, int, int]:
    """Count right and wrong predictions.

    Parameters
    ----------
    outcome, predicted : array of int, shape (n_patients,)
        1 for the outcome, 0 for none.

    Returns
    -------
    tuple of (int, int, int, int)
        True positives, false positives, false negatives, true negatives.
    """
    truth, guess = np.asarray(outcome, dtype=bool), np.asarray(predicted, dtype=bool)
    pairs = (truth & guess, ~truth & guess, truth & ~guess, ~truth & ~guess)
    true_positive, false_positive, false_negative, true_negative = (int(p.sum()) for p in pairs)
    return true_positive, false_positive, false_negative, true_negative


def class_metrics(outcome: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """Compute the metrics that follow from a confusion matrix.

    Parameters
    ----------
    outcome, predicted : array of int, shape (n_patients,)
        1 for the outcome, 0 for none.

    Returns
    -------
    dict of str to float
        bca, accuracy, sensitivity, specificity, npv, ppv; nan where not defined.
    """
    true_positive, false_positive, false_negative, true_negative = confusion(outcome, predicted)
    sensitivity = _ratio(true_positive, true_positive + false_negative)
    specificity = _ratio(true_negative, true_negative + false_positive)
    return {
        "bca": (sensitivity + specificity) / 2,
        "accuracy": _ratio(true_positive + true_negative, np.size(outcome)),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "npv": _ratio(true_negative, true_negative + false_negative),
        "ppv": _ratio(true_positive, true_positive + false_positive),
    }


def _ratio(part: int, whole: int) -> float:
    """Divide, nan by zero."""
    return part / whole if whole else float("nan")


def resampled_mean_and_error(
    values: ArrayLike, n_train: float | Sequence[int], n_test: float | Sequence[int]
) -> tuple[float, float, int]:
    """Compute the mean over repeated random splits and its corrected standard error.

    The variance of the mean is the variance of the values over the splits (with n - 1) times
    1/k + n_test/n_train, where k is the number of splits [1]_: the splits share patients, and
    the plain factor 1/k would be far too small.

    Parameters
    ----------
    values : array of float, shape (n_splits,)
        A value for each split; nan where it is not defined. Such splits are left out.
    n_train, n_test : float or sequence of int, shape (n_splits,)
        Patients in the training and in the test part: one number, or one for each split, of
        which the mean over the splits that are left is taken.

    Returns
    -------
    tuple of (float, float, int)
        Mean, standard error, number of splits used. The error is nan for fewer than two splits.

    References
    ----------
    .. [1] Nadeau C, Bengio Y. Inference for the generalization error. Machine Learning
       2003;52:239-281. doi:10.1023/A:1024068626366
    """
    array = np.asarray(values, dtype=float)
    defined = ~np.isnan(array)
    count = int(defined.sum())
    if count == 0:
        return float("nan"), float("nan"), 0
    used = array[defined]
    mean = float(used.mean())
    train = float(np.broadcast_to(np.asarray(n_train, dtype=float), array.shape)[defined].mean())
    test = float(np.broadcast_to(np.asarray(n_test, dtype=float), array.shape)[defined].mean())
    if count == 1 or train <= 0:
        return mean, float("nan"), count
    # Equal values give a variance of exactly zero here; numpy's may leave a rounding error.
    variance = 0.0 if np.ptp(used) == 0 else float(used.var(ddof=1))
    return mean, float(np.sqrt((1 / count + test / train) * variance)), count


def corrected_resampled_interval(
    values: ArrayLike,
    n_train: float | Sequence[int],
    n_test: float | Sequence[int],
    confidence: float = CONFIDENCE,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Interval:
    """Compute the corrected resampled interval of a mean over repeated random splits.

    mean +- t(k - 1) * sqrt((1/k + n_test/n_train) * variance), after Nadeau and Bengio 2003
    (see `resampled_mean_and_error`). It is approximate: no unbiased estimate of the variance
    exists for repeated splits of the same patients.

    Parameters
    ----------
    values : array of float, shape (n_splits,)
        A value for each split; nan where it is not defined. Such splits are left out, and the
        number of those used is returned.
    n_train, n_test : float or sequence of int, shape (n_splits,)
        Patients in the training and in the test part, one number or one for each split.
    confidence : float
        Confidence level, between 0 and 1.
    bounds : tuple of (float, float), optional
        The interval is clipped to these; None for a value without bounds, such as a difference.

    Returns
    -------
    Interval
        Mean, low, high, number of splits used.
    """
    mean, error, count = resampled_mean_and_error(values, n_train, n_test)
    if np.isnan(error):
        return Interval(mean, float("nan"), float("nan"), count)
    half = float(stats.t.ppf((1 + confidence) / 2, count - 1)) * error
    low, high = mean - half, mean + half
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Interval(mean, low, high, count)
