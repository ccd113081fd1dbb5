"""One candidate on one inner split, on arrays.

:func:`fit_and_score` stands for WORC's function of that name. It takes the same steps in the same
order on the same numbers, and hands anything unusual to WORC's own.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from traceback import format_exc
from typing import Any

import numpy as np

from lungmet_worc.worc.acceleration.reuse import SplitData, split_data
from lungmet_worc.worc.acceleration.scoring import known_scorer
from lungmet_worc.worc.acceleration.steps import STEPS, NothingLeft, Workflow


def fit_and_score(
    X: Sequence[Any],
    y: Any,
    scoring: Any,
    train: Any,
    test: Any,
    parameters: dict[str, Any],
    fit_params: Any = None,
    return_train_score: bool = True,
    return_n_test_samples: bool = True,
    return_times: bool = True,
    return_parameters: bool = False,
    return_estimator: bool = False,
    error_score: Any = np.nan,
    verbose: Any = False,
    return_all: bool = True,
    refit_training_workflows: bool = False,
    refit_validation_workflows: bool = False,
    skip: bool = False,
) -> Any:
    """Fit a candidate on the training rows and score it.

    Stands for ``WORC.classification.fitandscore.fit_and_score``, with its arguments and what it
    returns. Rows become arrays once per split; imputation and scaling treat features apart, so
    that they are done once per split for all features; names are not copied for each patient.
    Recursive feature elimination, one-hot encoding where it encodes, several outcomes, printing
    and kept workflows are left to WORC's function.

    Parameters
    ----------
    X : sequence of (values, labels)
        Patients.
    y : ndarray, shape (n_patients,)
        Outcomes, 0 or 1.
    scoring : str or None
        scikit-learn's name of the score; None is the estimator's own, accuracy.
    train, test : ndarray of int
        Rows to fit and to score.
    parameters : dict
        The candidate. Steps that are skipped are noted in it, as in WORC.
    fit_params, return_train_score, return_n_test_samples, return_times : object
        As in WORC.
    return_parameters, return_estimator, error_score, verbose, return_all : object
        As in WORC.
    refit_training_workflows, refit_validation_workflows, skip : bool
        As in WORC.

    Returns
    -------
    dict, or tuple of dict and the fitted steps
        As in WORC.
    """
    if (
        refit_training_workflows
        or refit_validation_workflows
        or _unusual(X, y, scoring, parameters, fit_params, verbose)
        or (scoring is None and not _classifies(parameters))
    ):
        return fit_and_score.stands_for(  # type: ignore[attr-defined]
            X, y, scoring, train, test, parameters, fit_params=fit_params,
            return_train_score=return_train_score, return_n_test_samples=return_n_test_samples,
            return_times=return_times, return_parameters=return_parameters,
            return_estimator=return_estimator, error_score=error_score, verbose=verbose,
            return_all=return_all, refit_training_workflows=refit_training_workflows,
            refit_validation_workflows=refit_validation_workflows, skip=skip,
        )  # fmt: skip
    from WORC.classification import construct_classifier, fitandscore

    estimator = construct_classifier.construct_classifier(parameters.copy())
    # Without a name, as WORC refits the members of an ensemble: the score of a classifier itself.
    scorer = known_scorer(scoring or "accuracy", estimator_unseen=not return_estimator)
    split = split_data(X, y, train, test)
    result: dict[str, Any] = {
        "test_scores": error_score,
        "n_test_samples": len(split.y_test),
        "fit_time": np.inf,
        "score_time": np.inf,
        "parameters": parameters,
    }
    if not return_n_test_samples:
        del result["n_test_samples"]
    if not return_times:
        del result["fit_time"], result["score_time"]
    if return_train_score:
        result["train_scores"] = error_score
    if return_estimator:
        result["estimator"] = estimator
    started = time.time()
    workflow = _imputed(split, np.asarray(y), parameters, skip=skip)
    try:
        for switch, step in STEPS:
            if switch is None or parameters.get(switch) == "True":
                step(workflow)
    except NothingLeft as ended:
        result["fit_time"] = time.time() - started
        cause = ended.__cause__
        result["fit_error"] = _traceback(cause) if cause else "NoneType: None\n"
    else:
        n_train = len(workflow.y_train)
        result = fitandscore._fit_and_score(
            estimator=estimator,
            X=np.concatenate((workflow.X_train, workflow.X_test), axis=0),
            y=np.concatenate((workflow.y_train, workflow.y_test), axis=0),
            scorer=scorer,
            train=np.arange(n_train),
            test=np.arange(n_train, n_train + len(workflow.y_test)),
            verbose=verbose,
            parameters=None,
            fit_params=fit_params,
            score_params=None,
            return_train_score=return_train_score,
            return_parameters=return_parameters,
            return_n_test_samples=return_n_test_samples,
            return_times=return_times,
            return_estimator=return_estimator,
            error_score=error_score,
        )
        result["parameters"] = parameters
        result["fit_time"] = time.time() - started
        result["fit_error"] = None
    if not return_all:
        return result
    return (
        result, workflow.groups, workflow.variance, workflow.model, workflow.labels(),
        workflow.fitted_scaler(), _idle_encoder(X, parameters), workflow.imputed.imputer,
        workflow.pca, workflow.univariate, None, workflow.relief, workflow.sampler,
    )  # fmt: skip


def _unusual(
    X: Sequence[Any], y: Any, scoring: Any, parameters: Any, fit_params: Any, verbose: Any
) -> bool:
    usual = (
        isinstance(y, np.ndarray)
        and y.ndim == 1
        and (scoring is None or isinstance(scoring, str))
        and not fit_params
        and not verbose
        and parameters.get("Imputation") == "True"
        and "SelectGroups" in parameters
        and not _encodes(X, parameters)
        and parameters.get("RFE", "False") != "True"
    )
    return not usual


def _classifies(parameters: dict[str, Any]) -> bool:
    from sklearn.base import is_classifier
    from WORC.classification import construct_classifier

    return bool(is_classifier(construct_classifier.construct_classifier(parameters.copy())))


def _encodes(X: Sequence[Any], parameters: Any) -> bool:
    """Return whether one-hot encoding does anything: only where a name is given in full (E22)."""
    if parameters.get("OneHotEncoding") != "True":
        return False
    names = parameters["OneHotEncoding_feature_labels_tofit"]
    return any(name in X[0][1] for name in names)


def _idle_encoder(X: Sequence[Any], parameters: Any) -> Any:
    """Return WORC's encoder as it is after it found nothing to encode."""
    if parameters.get("OneHotEncoding") != "True":
        return None
    from WORC.featureprocessing.OneHotEncoderWrapper import OneHotEncoderWrapper

    names = parameters["OneHotEncoding_feature_labels_tofit"]
    encoder = OneHotEncoderWrapper(feature_labels_tofit=names)
    encoder.selectcolumns, encoder.selectlabels = [], []
    # WORC counts patients here.
    encoder.skipcolumns = list(range(len(X)))
    encoder.encoder = None
    return encoder


def _traceback(error: BaseException) -> str:
    try:
        raise error
    except type(error):
        return format_exc()


def _imputed(
    split: SplitData, y: np.ndarray, parameters: dict[str, Any], *, skip: bool
) -> Workflow:
    """Return the candidate after imputation."""
    imputed = split.imputed(
        parameters["ImputationMethod"], parameters.get("ImputationNeighbours", 8)
    )
    if imputed.removed and parameters["ImputationSkipAllNaN"] != "True":
        import WORC.addexceptions as worc_errors

        message = (
            f"Several features ({imputed.removed}) were np.NaN for all objects. Hence, imputation "
            "was not possible. Either make sure this is correct and turn of imputation, or "
            "correct the feature."
        )
        raise worc_errors.WORCValueError(message)
    return Workflow(
        parameters,
        y,
        imputed,
        imputed.train,
        imputed.test,
        split.y_train,
        split.y_test,
        np.arange(len(imputed.labels)),
        skip,
    )
