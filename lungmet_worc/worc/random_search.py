"""WORC's random search and its ensemble, on training patients, in this process.

WORC's own search class is used as it is, with one step replaced: instead of starting a nested
fastr network for the fits (errata E15), :func:`_fit_in_process` calls WORC's
``fit_and_score``. :func:`install` puts it in place.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lungmet_worc.worc.fitting import FitFunction, fit_function


def load_settings(settings: str) -> dict[str, Any]:
    """Return WORC's parsed configuration of an ini file."""
    import WORC.IOparser.config_io_classifier as config_io

    config: dict[str, Any] = config_io.load_config(settings)
    return config


def parameter_grid(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return WORC's search space of a configuration."""
    from WORC.classification import construct_classifier
    from WORC.classification.trainclassifier import add_parameters_to_grid

    grid: dict[str, Any] = construct_classifier.create_param_grid(config)
    return dict(add_parameters_to_grid(grid, config))


def fit(
    x_train: list[list[float]],
    y_train: np.ndarray,
    labels: Sequence[str],
    config: Mapping[str, Any],
    *,
    seed: int,
    aligned: bool,
) -> Any:
    """Run WORC's random search on training patients.

    Parameters
    ----------
    x_train : list of list of float, shape (n_patients, n_features)
        Features of the training patients.
    y_train : ndarray, shape (n_patients,)
        Outcomes, 0 or 1.
    labels : sequence of str, shape (n_features,)
        Feature names.
    config : mapping
        WORC's parsed configuration.
    seed : int
        Seed of the candidates, the inner splits and the estimators.
    aligned : bool
        See :func:`search_split`.

    Returns
    -------
    WORC.classification.SearchCV.RandomizedSearchCVfastr
        Fitted, with the best workflow refitted, without an ensemble.
    """
    from sklearn.model_selection import StratifiedShuffleSplit
    from WORC.classification.SearchCV import RandomizedSearchCVfastr

    install(fit_function(aligned=aligned))
    _seed_everything(seed)
    options = config["HyperOptimization"]
    search = RandomizedSearchCVfastr(
        param_distributions=parameter_grid(config),
        n_iter=options["N_iter"],
        scoring=options["scoring_method"],
        n_jobs=1,
        maxlen=options["maxlen"],
        verbose=0,
        cv=StratifiedShuffleSplit(
            n_splits=options["n_splits"], test_size=options["test_size"], random_state=seed
        ),
        ranking_score=options["ranking_score"],
        # WORC leaves this None and draws from numpy's global generator.
        random_state=seed,
    )
    search.fit(as_worc_takes(x_train, labels), y_train)
    return search


def install(fit_and_score: FitFunction) -> None:
    """Put our fitting step and ``fit_and_score`` into WORC's search class, in this process.

    The class cannot be extended instead: ``create_ensemble`` asks for this very type
    (errata E17).
    """
    from WORC.classification import SearchCV

    SearchCV.fit_and_score = fit_and_score
    SearchCV.RandomizedSearchCVfastr._fit = _fit_in_process


def _fit_in_process(self: Any, X: Any, y: Any, groups: Any, parameter_iterable: Any) -> None:
    """Score every candidate on every inner split; stands for ``BaseSearchCVfastr._fit``."""
    from WORC.classification import SearchCV
    from WORC.classification.utils import aggregate_score_dicts

    inner_splits = list(self.cv.split(np.zeros(len(y)), y, groups))
    candidates = []
    for number, parameters in enumerate(parameter_iterable):
        parameters["Number"] = str(number)
        candidates.append(parameters)
    X = _preprocessed(X, candidates[0])
    # Split by split, all candidates of the first split first: process_fit pairs scores with
    # candidates by this order alone (errata E18).
    fits = [
        SearchCV.fit_and_score(
            X,
            y,
            self.scoring,
            train,
            validation,
            copy.deepcopy(parameters),
            fit_params={},
            return_train_score=self.return_train_score,
            return_n_test_samples=True,
            return_times=True,
            return_parameters=False,
            return_estimator=False,
            error_score=self.error_score,
            verbose=False,
            return_all=False,
        )
        for train, validation in inner_splits
        for parameters in candidates
    ]
    self.fit_causes_ = [fit.pop("cause") for fit in fits]
    wanted = ("n_test_samples", "test_scores", "train_scores", "fit_time", "score_time")
    scores = aggregate_score_dicts([{key: fit[key] for key in wanted} for fit in fits])
    self.process_fit(
        n_splits=len(inner_splits),
        parameters_all=[fit["parameters"] for fit in fits],
        test_sample_counts=scores["n_test_samples"],
        test_scores=scores["test_scores"],
        train_scores=scores["train_scores"],
        fit_time=scores["fit_time"],
        score_time=scores["score_time"],
        cv_iter=inner_splits,
        X=X,
        y=y,
        fit_error="fit_error",
    )


def _preprocessed(X: Any, parameters: Mapping[str, Any]) -> Any:
    """Apply WORC's feature preprocessing where the configuration asks for it."""
    if parameters.get("FeatPreProcess") != "True":
        return X
    from WORC.featureprocessing.Preprocessor import Preprocessor

    values = np.asarray([x[0] for x in X])
    names = np.asarray([x[1] for x in X])
    preprocessor = Preprocessor(verbose=False)
    preprocessor.fit(values, feature_labels=names[0, :])
    return list(zip(preprocessor.transform(values), preprocessor.transform(names), strict=True))


def ensemble(
    search: Any,
    x_train: list[list[float]],
    y_train: np.ndarray,
    labels: Sequence[str],
    config: Mapping[str, Any],
    *,
    seed: int,
) -> None:
    """Make WORC's ensemble of the best candidates, by the method of the configuration."""
    from lungmet_worc.study.worc_settings import ENSEMBLE_SCORES

    _seed_everything(seed)
    if config["Ensemble"]["Metric"] == "generalization":
        # As WORC means to do before ensembling (plotting/plot_estimator_performance.py), where
        # it takes the ranks for an order, and ranks of candidates without a score for ranks
        # (errata E31).
        order = np.argsort(-search.cv_results_["generalization_score"], kind="stable")
        search.cv_results_["params"] = [search.cv_results_["params"][row] for row in order]
    size = min(config["Ensemble"]["Size"], len(search.cv_results_["params"]))
    scoring = config["HyperOptimization"]["scoring_method"]
    # WORC's bagging draws half of the candidates, which of one is none.
    alone = len(search.cv_results_["params"]) == 1
    search.create_ensemble(
        as_worc_takes(x_train, labels),
        y_train,
        method="Single" if alone else config["Ensemble"]["Method"],
        size=size,
        verbose=False,
        scoring=ENSEMBLE_SCORES.get(scoring, scoring),
    )


def as_worc_takes(
    values: Sequence[list[float]], labels: Sequence[str]
) -> list[tuple[list[float], list[str]]]:
    """Return patients as WORC takes them, with one list of names for all."""
    names = list(labels)
    return [(row, names) for row in values]


def _seed_everything(seed: int) -> None:
    """Seed the global generators that WORC draws from (numpy's, and Python's for bagging)."""
    np.random.seed(seed % 2**32)
    random.seed(seed)
