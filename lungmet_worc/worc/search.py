"""The search of one arm in one split: from the features to the predictions of its test part."""

from __future__ import annotations

import ctypes
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.basics.stamped_files import STAMP, write_text
from lungmet_worc.worc.acceleration.reuse import forget_splits
from lungmet_worc.worc.acceleration.search import SEARCH
from lungmet_worc.worc.candidates import candidates_table, describe_member, prune
from lungmet_worc.worc.environment import quiet
from lungmet_worc.worc.explanation import group_importance
from lungmet_worc.worc.random_search import as_worc_takes, ensemble, fit, load_settings
from lungmet_worc.worc.storage import read_matrix, write_estimators
from lungmet_worc.worc.validation import validation_predictions


def search_split(
    *,
    features: str,
    modalities: Sequence[str],
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
    modalities : sequence of str
        Modalities of the arm, by which names of features end.
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

    Notes
    -----
    Where no candidate could be scored there is nothing to predict with: the result then says
    ``no_workflow``, and has no predictions.
    """
    started = time.perf_counter()
    names = tuple(modalities)
    data = _parts(features, outcomes, train, test, seed=seed, aligned=aligned)
    with quiet():
        SEARCH.use(accelerate)
        config = load_settings(settings)
        search, candidates = _search(data, config, seed=seed, aligned=aligned)
        result = {
            "train": list(train),
            "test": list(test),
            "outcome": data.y_test.astype(int).tolist(),
            "candidates": candidates,
            "causes": dict(Counter(c["cause"] for c in candidates if c["cause"])),
            "seed": seed,
        }
        if search is None:
            forget_splits()
            # Written all the same: such a split is not to be searched again.
            result |= {key: [] for key in ("posterior", "predicted", "ensemble", "importance")}
            result["no_workflow"] = True
            write_estimators(Path(output), pd.DataFrame(), result, stamp=stamp)
            return
        posterior = np.asarray(search.predict_proba(data.x_test))[:, 1]
        predicted = np.asarray(search.predict(data.x_test)).astype(int)
        members = search.ensemble.estimators
        # After the predictions, so that nothing random here changes them.
        patients = as_worc_takes(data.x_train, data.labels)
        validation = validation_predictions(search, patients, data.y_train)
        importance = group_importance(
            members, data.x_test, data.y_test, data.labels, names, seed=seed
        )
    forget_splits()
    _give_back_memory()
    result |= {
        "posterior": posterior.tolist(),
        "predicted": np.atleast_1d(predicted).tolist(),
        "validation_outcome": validation[0],
        "validation_posterior": validation[1],
        "ensemble": [describe_member(member, names) for member in members],
        "importance": importance,
        "seconds": time.perf_counter() - started,
    }
    frame = _estimator_frame(search, data, test, config, seed, outcome_name)
    write_estimators(Path(output), frame, result, stamp=stamp)


def permuted_search(
    *,
    features: str,
    outcomes: Mapping[str, int],
    train: Sequence[str],
    test: Sequence[str],
    settings: str,
    seed: int,
    aligned: bool,
    accelerate: bool,
    output: str,
    stamp: str,
) -> None:
    """Search on permuted outcomes and keep the AUC of the test part.

    Parameters
    ----------
    features, train, test, settings, seed, aligned, accelerate, output, stamp
        As in :func:`search_split`; ``output`` is JSON: ``auc``, None where it is not defined.
    outcomes : mapping of str to int
        Patient -> another patient's outcome.
    """
    from sklearn.metrics import roc_auc_score

    data = _parts(features, outcomes, train, test, seed=seed, aligned=aligned)
    auc = None
    if np.unique(data.y_test).size == 2:
        with quiet():
            SEARCH.use(accelerate)
            search, _ = _search(data, load_settings(settings), seed=seed, aligned=aligned)
            if search is not None:
                posterior = np.asarray(search.predict_proba(data.x_test))[:, 1]
                auc = float(roc_auc_score(data.y_test, posterior))
        forget_splits()
    write_text(Path(output), json.dumps({STAMP: stamp, "auc": auc}) + "\n")


@dataclass(frozen=True)
class _Parts:
    """Features and outcomes of the two parts of a split.

    Rows of ``x_train`` (n_train, n_features) are in the order of ``ordered``.
    """

    labels: list[str]
    ordered: list[str]
    x_train: list[list[float]]
    x_test: list[list[float]]
    y_train: np.ndarray
    y_test: np.ndarray


def _parts(
    features: str,
    outcomes: Mapping[str, int],
    train: Sequence[str],
    test: Sequence[str],
    *,
    seed: int,
    aligned: bool,
) -> _Parts:
    """Read what a search is about."""
    matrix = read_matrix(Path(features))
    ordered = list(train)
    if aligned:
        # WORC's Relief takes positions among some patients for positions among all, so that
        # what it selects hangs on the order of the manifest (errata E23).
        np.random.default_rng(seed).shuffle(ordered)
    parts = (ordered, list(test))
    x_train, x_test = (matrix.loc[part].to_numpy().tolist() for part in parts)
    y_train, y_test = (np.asarray([outcomes[p] for p in part], float) for part in parts)
    return _Parts(list(matrix.columns), ordered, x_train, x_test, y_train, y_test)


def _search(
    data: _Parts, config: Mapping[str, Any], *, seed: int, aligned: bool
) -> tuple[Any | None, list[dict[str, Any]]]:
    """Return WORC's search with its ensemble, and what became of each candidate.

    There is no search where none of its candidates has a score.
    """
    search = fit(data.x_train, data.y_train, data.labels, config, seed=seed, aligned=aligned)
    candidates = candidates_table(search)
    if all(candidate["score"] is None for candidate in candidates):
        return None, candidates
    prune(search)
    ensemble(search, data.x_train, data.y_train, data.labels, config, seed=seed)
    return search, candidates


def _give_back_memory() -> None:
    """Make room for the file, which is pickled in memory.

    glibc keeps freed arrays of up to 32 MB for the next ones unless it is told otherwise.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _estimator_frame(
    search: Any,
    data: _Parts,
    test: Sequence[str],
    config: Mapping[str, Any],
    seed: int,
    outcome_name: str,
) -> pd.DataFrame:
    """Return the frame that WORC's ``trainclassifier`` writes, with this one split."""
    values = {
        "classifiers": [search],
        "X_train": [data.x_train],
        "X_test": [data.x_test],
        "Y_train": [data.y_train],
        "Y_test": [data.y_test],
        "config": dict(config),
        "patient_ID_train": [np.asarray(data.ordered)],
        "patient_ID_test": [np.asarray(test)],
        "random_seed": [seed],
        "feature_labels": data.labels,
    }
    series = pd.Series(
        list(values.values()), index=list(values), name="Constructed crossvalidation"
    )
    return pd.DataFrame({outcome_name: series})
