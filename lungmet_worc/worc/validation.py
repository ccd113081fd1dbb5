"""What an ensemble predicts inside the training part, for patients it was not trained on.

Thresholds must be chosen without the test part, and the ensemble's own training patients are
no measure of it: it has seen them.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from lungmet_worc.worc.explanation import ensemble_posterior


def validation_predictions(
    search: Any, x_train: Sequence[Any], y_train: np.ndarray
) -> tuple[list[int], list[float]]:
    """Refit an ensemble's workflows on each inner training part and predict the validation part.

    Parameters
    ----------
    search : RandomizedSearchCVfastr
        Fitted, with its ensemble and its inner splits.
    x_train : sequence of (values, labels)
        Patients of the training part.
    y_train : ndarray, shape (n_train,)
        Outcomes, 0 or 1.

    Returns
    -------
    tuple of (list of int, list of float)
        Outcome and mean posterior of the patients of all inner validation parts, one part after
        the other; a patient comes as often as it was in one. An inner part in which no
        workflow can be fitted is left out.
    """
    outcomes: list[int] = []
    posteriors: list[float] = []
    workflows = [member.best_params_ for member in search.ensemble.estimators]
    for train, validation in search.cv_iter:
        rows = [x_train[row][0] for row in validation]
        found: dict[int, np.ndarray] = {}
        chosen = []
        for parameters in workflows:
            number = int(parameters["Number"])
            if number not in found:
                found[number] = _posterior(
                    search, x_train, y_train, parameters, train, validation, rows
                )
            if found[number].size:
                chosen.append(found[number])
        if chosen:
            outcomes += np.asarray(y_train)[validation].astype(int).tolist()
            posteriors += np.mean(chosen, axis=0).tolist()
    return outcomes, posteriors


def _posterior(
    search: Any,
    x_train: Sequence[Any],
    y_train: np.ndarray,
    parameters: dict[str, Any],
    train: np.ndarray,
    validation: np.ndarray,
    rows: Sequence[Sequence[float]],
) -> np.ndarray:
    """Return one workflow's posteriors, none where it cannot be fitted to so few patients."""
    from sklearn.exceptions import NotFittedError

    member = type(search)()
    try:
        member.refit_and_score(
            x_train, y_train, copy.deepcopy(parameters), train, validation, verbose=False
        )
        return ensemble_posterior([member], rows)
    # As WORC leaves such a workflow out when it precomputes an ensemble's validation scores.
    except (NotFittedError, ValueError, AttributeError):
        return np.empty(0)
