"""Searches that take no time and refuse what WORC refuses, for runs of clinical arms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import VarianceThreshold
from sklearn.model_selection import StratifiedShuffleSplit

from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.pipeline import pipeline, results
from lungmet_worc.study import worc_settings
from lungmet_worc.tasks.task import Task, TaskResult
from lungmet_worc.worc.fingerprint import fingerprint_arm
from lungmet_worc.worc.storage import read_matrix, write_estimators

#: Without WORC's look at the classes, which would import WORC.
WITHOUT_FINGERPRINT = '[worc.General]\nFingerprint = "False"\n'

#: As WORC drops features: ``selfeat_variance``.
_THRESHOLD = 0.99 * (1 - 0.99)


class StandInEngine:
    """Runs the tasks of clinical arms in this process, with a stand-in for WORC's search."""

    start_up = 0.0

    def __init__(self) -> None:
        self.ran: list[str] = []

    def __enter__(self) -> StandInEngine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        functions: Mapping[str, Callable[..., None]] = {
            "settings": fingerprint_arm,
            "search": stand_in_search,
            "permutation": stand_in_permuted_search,
            "evaluation": _no_evaluation,
        }
        for task in tasks:
            self.ran.append(str(task.key))
            try:
                functions[task.key.stage](
                    **task.arguments, output=str(task.output), stamp=task.stamp
                )
            except (ValueError, IndexError) as error:
                yield TaskResult(task, 0.0, f"{type(error).__name__}: {error}")
            else:
                yield TaskResult(task, 0.0)


def use_stand_in(monkeypatch: pytest.MonkeyPatch, *, figures: bool = False) -> StandInEngine:
    """Let every run of this test use one engine, and return it.

    Figures take most of the time of such a run, and are drawn where a test asks for them only.
    """
    engine = StandInEngine()
    monkeypatch.setattr(pipeline, "make_engine", lambda *args, **options: engine)
    if not figures:
        monkeypatch.setattr(results, "write_all_figures", lambda *args, **options: {})
    return engine


def stand_in_search(
    *,
    features: str,
    outcomes: Mapping[str, int],
    train: Sequence[str],
    test: Sequence[str],
    settings: str,
    seed: int,
    output: str,
    stamp: str,
    **_: object,
) -> None:
    """Write a split's result, or fail where WORC's search would (``tests/worc`` says so)."""
    matrix = read_matrix(Path(features))
    found = _workflow(matrix, outcomes, train, test, settings, seed)
    outcome = [outcomes[patient] for patient in test]
    posterior = [0.5 + (matrix.loc[p].sum() % 7 - 3) / 20 for p in test] if found else []
    result: dict[str, Any] = {
        "train": list(train),
        "test": list(test),
        "outcome": outcome,
        "posterior": posterior,
        "predicted": [int(value > 0.5) for value in posterior],
        "validation_outcome": [outcomes[patient] for patient in train],
        "validation_posterior": [0.4 + 0.2 * outcomes[patient] for patient in train],
        "candidates": [{"classifier": "LDA", "score": 0.5 if found else None, "cause": None}],
        "causes": {},
        "ensemble": [],
        "importance": [],
        "seed": seed,
    }
    if not found:
        result |= {"no_workflow": True, "causes": {"no feature was left after selection": 1}}
    write_estimators(Path(output), pd.DataFrame(), result, stamp=stamp)


def stand_in_permuted_search(
    *,
    features: str,
    outcomes: Mapping[str, int],
    train: Sequence[str],
    test: Sequence[str],
    settings: str,
    seed: int,
    output: str,
    stamp: str,
    **_: object,
) -> None:
    """Write an AUC of a permuted search, or fail where WORC's search would."""
    _workflow(read_matrix(Path(features)), outcomes, train, test, settings, seed)
    write_text(Path(output), f'{{"lungmet_stamp": "{stamp}", "auc": 0.5}}\n')


def _workflow(
    matrix: pd.DataFrame,
    outcomes: Mapping[str, int],
    train: Sequence[str],
    test: Sequence[str],
    settings: str,
    seed: int,
) -> bool:
    """Return whether a candidate has a score on every inner validation part.

    Raises
    ------
    ValueError
        scikit-learn or WORC would end the search.
    """
    options = worc_settings.from_ini(Path(settings).read_text("utf-8"))["HyperOptimization"]
    values = matrix.loc[list(train)].to_numpy(float)
    labels = np.asarray([outcomes[patient] for patient in train])
    if set(labels) != {0, 1}:
        message = "index 1 is out of bounds for axis 1 with size 1"
        raise IndexError(message)
    inner = StratifiedShuffleSplit(
        int(options["n_splits"]), test_size=float(options["test_size"]), random_state=seed
    )
    scored = True
    for part, validation in inner.split(values, labels):
        if min(np.bincount(labels[part], minlength=2)) < 2 or set(labels[validation]) != {0, 1}:
            message = "Found a class with one patient only, which nothing can be fitted to."
            raise ValueError(message)
        means = pd.DataFrame(values[part])
        filled = means.fillna(means.mean()).fillna(0.0)
        try:
            VarianceThreshold(_THRESHOLD).fit(filled)
        except ValueError:
            scored = False
    if not test:
        message = "Expected 2D array, got 1D array instead"
        raise ValueError(message)
    return scored


def _no_evaluation(*, splits: Sequence[str], output: str, stamp: str, **_: object) -> None:
    if not splits:
        message = "WORC cannot evaluate nothing."
        raise ValueError(message)
    write_text(Path(output), f'{{"lungmet_stamp": "{stamp}"}}\n')
