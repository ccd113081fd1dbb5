"""WORC's own evaluation of an arm, from the stored predictions of its splits.

WORC's ``plot_estimator_performance`` is given stand-ins for the fitted searches, which answer
with the predictions that the real ones made when the split was searched. The numbers are the
same, and no more than one prediction per patient and split is in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.basics.stamped_files import STAMP, write_text
from lungmet_worc.worc.acceleration.evaluation import EVALUATION
from lungmet_worc.worc.environment import quiet
from lungmet_worc.worc.random_search import load_settings
from lungmet_worc.worc.storage import read_result


class StoredPredictions:
    """A fitted search that answers with stored predictions.

    Parameters
    ----------
    posterior : ndarray, shape (n_test,)
        Probability of the outcome, for each test patient.
    predicted : ndarray, shape (n_test,)
        Predicted outcome, 0 or 1.
    """

    #: WORC makes an ensemble unless there is one.
    ensemble = True
    ensemble_validation_score = None

    def __init__(self, posterior: np.ndarray, predicted: np.ndarray) -> None:
        from sklearn.dummy import DummyClassifier

        self.best_estimator_ = DummyClassifier()
        self._posterior = posterior
        self._predicted = predicted

    def predict(self, X: Any) -> np.ndarray:
        """Return the stored predictions."""
        return self._predicted

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the stored posteriors of both classes."""
        return np.column_stack((1 - self._posterior, self._posterior))


def evaluate(
    *,
    splits: Sequence[str],
    labels: str,
    settings: str,
    outcome_name: str,
    names: Mapping[str, str],
    accelerate: bool,
    output: str,
    stamp: str,
) -> None:
    """Write ``performance_all_0.json`` as WORC does.

    WORC's confidence intervals in it are strings with the sizes of the first split, and leave
    [0, 1] (errata E7); the study tables have intervals of their own.

    Parameters
    ----------
    splits : sequence of str
        The split files of the arm.
    labels : str
        The arm's label file.
    settings : str
        WORC's ini file of the arm.
    outcome_name : str
        Name of the outcome.
    names : mapping of str to str
        User's patient id -> WORC's id.
    accelerate : bool
        Use our faster function for WORC's, which gives the same numbers.
    output, stamp : str
        The file and its stamp.
    """
    with quiet():
        EVALUATION.use(accelerate)
        from WORC.plotting.plot_estimator_performance import plot_estimator_performance

        frame = evaluation_frame(
            (read_result(Path(split)) for split in splits),
            load_settings(settings),
            outcome_name,
            names,
        )
        performance = plot_estimator_performance(
            prediction=frame, label_data=labels, label_type=outcome_name, output="stats"
        )
    rankings = performance["Rankings"]
    users = {worc: user for user, worc in names.items()}
    for ranking, patients in rankings.items():
        rankings[ranking] = {users[name]: value for name, value in patients.items()}
    text = json.dumps({STAMP: stamp, **performance}, indent=4, default=_plain)
    write_text(Path(output), text + "\n")


def evaluation_frame(
    results: Iterable[Mapping[str, Any]],
    config: Mapping[str, Any],
    outcome_name: str,
    names: Mapping[str, str],
) -> pd.DataFrame:
    """Return WORC's estimator frame of all splits, with stored predictions for searches.

    Parameters
    ----------
    results : iterable of mapping
        Each split's result, see :func:`lungmet_worc.worc.search.search_split`. Taken one after
        the other: most of a result are its candidates, which nobody needs here.
    config : mapping
        WORC's parsed configuration.
    outcome_name : str
        Name of the outcome.
    names : mapping of str to str
        User's patient id -> WORC's id.
    """
    models, outcomes, trained, tested, seeds = [], [], [], [], []
    for result in results:
        posterior, predicted = (
            np.asarray(result[key], float) for key in ("posterior", "predicted")
        )
        models.append(StoredPredictions(posterior, predicted))
        outcomes.append(np.asarray(result["outcome"], float))
        trained.append(np.asarray([names[patient] for patient in result["train"]]))
        tested.append(np.asarray([names[patient] for patient in result["test"]]))
        seeds.append(result["seed"])
    values = {
        "classifiers": models,
        # Never looked at by the stand-ins, but WORC asks for them.
        "X_train": [[] for _ in models],
        "X_test": [[[]] * len(part) for part in tested],
        "Y_train": [np.asarray([]) for _ in models],
        "Y_test": outcomes,
        "config": dict(config),
        "patient_ID_train": trained,
        "patient_ID_test": tested,
        "random_seed": seeds,
        "feature_labels": [],
    }
    series = pd.Series(
        list(values.values()), index=list(values), name="Constructed crossvalidation"
    )
    return pd.DataFrame({outcome_name: series})


def _plain(value: Any) -> Any:
    """Return a numpy value as JSON knows it."""
    return value.tolist()
