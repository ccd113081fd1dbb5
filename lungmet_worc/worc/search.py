"""WORC's random search and ensemble for one arm and one split, in this process.

WORC's own search class is used as it is, with one step replaced: instead of starting a nested
fastr network for the fits (errata E15), :func:`_fit_in_process` calls WORC's
``fit_and_score``. :func:`install` puts it in place.
"""

from __future__ import annotations

import copy
import ctypes
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.worc.acceleration import search as acceleration
from lungmet_worc.worc.candidates import candidates_table, describe_member, prune
from lungmet_worc.worc.environment import quiet
from lungmet_worc.worc.fitting import FitFunction, fit_function
from lungmet_worc.worc.storage import read_matrix, write_estimators


def search_split(
    *,
    features: str,
    outcomes: Mapping[str, int],
    train: Sequence[str],
    test: Sequence[str],
    settings: str,
    outcome_name: str,
    seed: int,
    aligned: bool,
    accelerate: bool,
    output: str,
    stamp: str,
) -> None:
    """Search the best workflows on the training part, and predict the test part.

    Parameters
    ----------
    features : str
        The arm's feature matrix, see :func:`lungmet_worc.worc.storage.write_matrix`.
    outcomes : mapping of str to int
        Patient -> outcome, 0 or 1.
    train, test : sequence of str
        Patients of the two parts.
    settings : str
        WORC's ini file of the arm.
    outcome_name : str
        Name of the outcome in WORC's estimator frame.
    seed : int
        Seed of everything random in this split.
    aligned : bool
        Give Relief and the univariate test the labels of the training rows (errata E2).
    accelerate : bool
        Use our faster functions for WORC's, which give the same numbers.
    output : str
        The split's file, written atomically.
    stamp : str
        Content hash of everything that the result depends on.

    Raises
    ------
    RuntimeError
        No candidate could be scored.
    """
    started = time.perf_counter()
    matrix = read_matrix(Path(features))
    labels = list(matrix.columns)
    ordered = list(train)
    if aligned:
        # WORC's Relief takes positions among some patients for positions among all, so that
        # what it selects hangs on the order of the manifest (errata E23).
        np.random.default_rng(seed).shuffle(ordered)
    parts = (ordered, list(test))
    x_train, x_test = (matrix.loc[part].to_numpy().tolist() for part in parts)
    y_train, y_test = (np.asarray([outcomes[p] for p in part], float) for part in parts)
    del matrix
    with quiet():
        (acceleration.install if accelerate else acceleration.uninstall)()
        config = load_settings(settings)
        search = fit(x_train, y_train, labels, config, seed=seed, aligned=aligned)
        candidates = candidates_table(search)
        prune(search)
        ensemble(search, x_train, y_train, labels, config, seed=seed)
        posterior = np.asarray(search.predict_proba(x_test))[:, 1]
        predicted = np.asarray(search.predict(x_test)).astype(int)
    acceleration.forget()
    _give_back_memory()
    result = {
        "train": list(train),
        "test": list(test),
        "outcome": y_test.astype(int).tolist(),
        "posterior": posterior.tolist(),
        "predicted": np.atleast_1d(predicted).tolist(),
        "candidates": candidates,
        "causes": dict(Counter(c["cause"] for c in candidates if c["cause"])),
        "ensemble": [describe_member(member) for member in search.ensemble.estimators],
        "seed": seed,
        "seconds": time.perf_counter() - started,
    }
    frame = _estimator_frame(
        search, x_train, x_test, y_train, y_test, ordered, test, config, labels, seed, outcome_name
    )
    write_estimators(Path(output), frame, result, stamp=stamp)


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
    search.fit(_patients(x_train, labels), y_train)
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
    from lungmet_worc.worc.settings import ENSEMBLE_SCORES

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
        _patients(x_train, labels),
        y_train,
        method="Single" if alone else config["Ensemble"]["Method"],
        size=size,
        verbose=False,
        scoring=ENSEMBLE_SCORES.get(scoring, scoring),
    )


def _give_back_memory() -> None:
    """Make room for the file, which is pickled in memory.

    glibc keeps freed arrays of up to 32 MB for the next ones unless it is told otherwise.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _patients(
    values: Sequence[list[float]], labels: Sequence[str]
) -> list[tuple[list[float], list[str]]]:
    """Return patients as WORC takes them, with one list of names for all."""
    names = list(labels)
    return [(row, names) for row in values]


def _estimator_frame(
    search: Any,
    x_train: list[list[float]],
    x_test: list[list[float]],
    y_train: np.ndarray,
    y_test: np.ndarray,
    train: Sequence[str],
    test: Sequence[str],
    config: Mapping[str, Any],
    labels: Sequence[str],
    seed: int,
    outcome_name: str,
) -> pd.DataFrame:
    """Return the frame that WORC's ``trainclassifier`` writes, with this one split."""
    values = {
        "classifiers": [search],
        "X_train": [x_train],
        "X_test": [x_test],
        "Y_train": [y_train],
        "Y_test": [y_test],
        "config": dict(config),
        "patient_ID_train": [np.asarray(train)],
        "patient_ID_test": [np.asarray(test)],
        "random_seed": [seed],
        "feature_labels": list(labels),
    }
    series = pd.Series(
        list(values.values()), index=list(values), name="Constructed crossvalidation"
    )
    return pd.DataFrame({outcome_name: series})


def _seed_everything(seed: int) -> None:
    """Seed the global generators that WORC draws from (numpy's, and Python's for bagging)."""
    np.random.seed(seed % 2**32)
    random.seed(seed)
