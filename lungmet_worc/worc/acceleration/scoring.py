"""Fitting an estimator on one part and scoring it on both, without repeated validation."""

from __future__ import annotations

import time
from functools import lru_cache
from traceback import format_exc
from typing import Any

import numpy as np

from lungmet_worc.worc.acceleration import trees

#: Scores that need the predicted outcome only, or ``decision_function`` where there is one: a
#: support vector machine is asked for no probability.
_WITHOUT_PROBABILITY = (
    "f1_weighted", "f1", "balanced_accuracy", "accuracy", "roc_auc", "average_precision",
)  # fmt: skip


class KnownScorer:
    """scikit-learn's scorer of a name, which it still is to anyone who calls it.

    Attributes
    ----------
    name : str
        The score.
    estimator_unseen : bool
        Nobody sees the fitted estimator after it was scored.
    """

    def __init__(self, name: str, estimator_unseen: bool) -> None:
        from sklearn.metrics import get_scorer

        self.name = name
        self.estimator_unseen = estimator_unseen
        self._scorer = get_scorer(name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Score an estimator."""
        return self._scorer(*args, **options)


@lru_cache(maxsize=16)
def known_scorer(name: str, *, estimator_unseen: bool = False) -> KnownScorer:
    """Return the scorer of a name; scikit-learn copies it for each candidate."""
    return KnownScorer(name, estimator_unseen)


def fit_and_score_estimator(
    estimator: Any,
    X: np.ndarray,
    y: np.ndarray,
    *,
    scorer: Any,
    train: np.ndarray,
    test: np.ndarray,
    verbose: Any,
    parameters: Any,
    fit_params: Any,
    error_score: Any = np.nan,
    return_train_score: bool = False,
    return_parameters: bool = False,
    return_n_test_samples: bool = False,
    return_times: bool = False,
    return_estimator: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Fit on the training rows and score both parts.

    Stands for ``sklearn.model_selection._validation._fit_and_score`` as WORC calls it. The
    estimator is fitted and asked by its own methods, or for ensembles of trees by those of
    :mod:`lungmet_worc.worc.acceleration.trees`; scikit-learn's checks of types and parameters
    around them are left out where the data were checked already. Where no score needs it and
    nobody keeps the estimator, a support vector machine is not calibrated: the machine itself
    and what it predicts do not depend on the calibration.

    Parameters
    ----------
    estimator : object
        Fitted in place.
    X : ndarray, shape (n_patients, n_features)
        Features.
    y : ndarray, shape (n_patients,)
        Outcomes.
    scorer, train, test, verbose, parameters, fit_params, error_score : object
        As in scikit-learn.
    return_train_score, return_parameters, return_n_test_samples : bool
        As in scikit-learn.
    return_times, return_estimator : bool
        As in scikit-learn.
    **options
        Handed on to scikit-learn.

    Returns
    -------
    dict
        As in scikit-learn.
    """
    if not isinstance(scorer, KnownScorer) or parameters is not None or fit_params or verbose:
        if isinstance(scorer, KnownScorer):
            scorer = scorer._scorer
        plain = fit_and_score_estimator.stands_for  # type: ignore[attr-defined]
        result: dict[str, Any] = plain(
            estimator, X, y, scorer=scorer, train=train, test=test, verbose=verbose,
            parameters=parameters, fit_params=fit_params, error_score=error_score,
            return_train_score=return_train_score, return_parameters=return_parameters,
            return_n_test_samples=return_n_test_samples, return_times=return_times,
            return_estimator=return_estimator, **options,
        )  # fmt: skip
        return result
    started = time.time()
    X_train, y_train, X_test, y_test = X[train], y[train], X[test], y[test]
    result = {"fit_error": None}
    test_score = train_score = error_score
    score_time = 0.0
    uncalibrated = scorer.estimator_unseen and scorer.name in _WITHOUT_PROBABILITY
    try:
        by_trees = _fit(estimator, X_train, y_train, uncalibrated=uncalibrated)
    except Exception:
        # As scikit-learn: whatever an estimator raises is a candidate without a score.
        if error_score == "raise":
            raise
        result["fit_error"] = format_exc()
        fit_time = time.time() - started
    else:
        fit_time = time.time() - started
        test_score = _score(estimator, X_test, y_test, scorer, error_score, by_trees)
        score_time = time.time() - started - fit_time
        if return_train_score:
            train_score = _score(estimator, X_train, y_train, scorer, error_score, by_trees)
    result["test_scores"] = test_score
    if return_train_score:
        result["train_scores"] = train_score
    if return_n_test_samples:
        result["n_test_samples"] = len(X_test)
    if return_times:
        result["fit_time"], result["score_time"] = fit_time, score_time
    if return_parameters:
        result["parameters"] = parameters
    if return_estimator:
        result["estimator"] = estimator
    return result


def _fit(estimator: Any, X: np.ndarray, y: np.ndarray, *, uncalibrated: bool) -> bool:
    """Fit, and return whether the estimator is an ensemble of trees that was fitted here."""
    from sklearn.svm import SVC

    if trees.fits(estimator, X, y):
        trees.fit(estimator, X, y)
        return True
    if uncalibrated and type(estimator) is SVC and estimator.probability:
        estimator.probability = False
    estimator.fit(X, y)
    return False


def _score(
    estimator: Any,
    X: np.ndarray,
    y: np.ndarray,
    scorer: KnownScorer,
    error_score: Any,
    by_trees: bool,
) -> float:
    try:
        if scorer.name != "f1_weighted":
            return float(scorer(estimator, X, y))
        predicted = trees.predict(estimator, X) if by_trees else estimator.predict(X)
        return weighted_f1(y, predicted)
    except Exception:
        # As scikit-learn, which also warns.
        if error_score == "raise":
            raise
        return float(error_score)


def weighted_f1(outcomes: np.ndarray, predicted: np.ndarray) -> float:
    """Return the F1 score of each outcome, weighted by how often it occurs.

    Stands for ``sklearn.metrics.f1_score(average="weighted")``: the same counts, divisions and
    average.

    Parameters
    ----------
    outcomes, predicted : ndarray, shape (n_patients,)
        Outcomes.

    Returns
    -------
    float
        0 where nothing can be divided, as in scikit-learn.
    """
    values = np.unique(np.concatenate((outcomes, predicted)))
    true = np.asarray([np.sum(outcomes == value) for value in values])
    said = np.asarray([np.sum(predicted == value) for value in values])
    right = np.asarray([np.sum((outcomes == value) & (predicted == value)) for value in values])
    denominator = (true + said).astype(float)
    scores = 2.0 * right / denominator
    return float(np.average(scores, weights=true))


def f1_of_ensemble(y_true: Any, y_pred: Any, **options: Any) -> float:
    """Return the F1 score of one ensemble that WORC tries.

    Stands for ``sklearn.metrics.f1_score`` in WORC's ``create_ensemble``, which calls it up to
    500,000 times a split; anything but the weighted score of two arrays is left to it.

    Parameters
    ----------
    y_true, y_pred : ndarray, shape (n_patients,)
        Outcomes, known and predicted.
    **options
        As in scikit-learn.
    """
    arrays = isinstance(y_true, np.ndarray) and isinstance(y_pred, np.ndarray)
    if (
        arrays
        and options == {"average": "weighted"}
        and y_true.shape == y_pred.shape
        and y_true.size
    ):
        return weighted_f1(y_true, y_pred)
    return float(f1_of_ensemble.stands_for(y_true, y_pred, **options))  # type: ignore[attr-defined]
