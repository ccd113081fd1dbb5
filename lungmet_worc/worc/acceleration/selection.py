"""Feature selection on whole arrays: groups, univariate tests and Relief."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

#: Cells of the differences that Relief holds at a time.
_CELLS_AT_A_TIME = 4_000_000


def transform_columns(plain: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a ``transform`` that takes the selected columns of a matrix at once.

    Stands for ``transform`` of ``SelectGroups``, ``SelectMulticlassRelief`` and
    ``StatisticalTestThreshold``, which turn every row into a list and the lists into a matrix:
    the same numbers, row by row in memory, as here. Anything but a matrix of numbers is left
    to WORC.
    """

    def transform(self: Any, inputarray: Any) -> Any:
        if not _is_matrix(inputarray):
            return plain(self, inputarray)
        return np.take(inputarray, np.asarray(self.selectrows, dtype=np.intp), axis=1)

    return transform


def fit_univariate(self: Any, X_train: np.ndarray, Y_train: np.ndarray) -> None:
    """Select the features whose p-value is below the threshold.

    Stands for ``StatisticalTestThreshold.fit``, for Mann-Whitney's test of one outcome; other
    tests, and several outcomes, are left to WORC.

    Parameters
    ----------
    self : StatisticalTestThreshold
        Fitted in place.
    X_train : ndarray, shape (n_patients, n_features)
        Feature values.
    Y_train : ndarray, shape (n_patients or more,)
        Outcomes, 0 or 1; the first ``n_patients`` are used, as in WORC.
    """
    p_values = None
    if self.metric == "MannWhitneyU" and _is_matrix(X_train) and np.ndim(Y_train) == 1:
        p_values = mann_whitney(X_train, np.asarray(Y_train))
    if p_values is None:
        fit_univariate.stands_for(self, X_train, Y_train)  # type: ignore[attr-defined]
    else:
        set_p_values(self, p_values)


def set_p_values(selector: Any, p_values: np.ndarray) -> None:
    """Give a ``StatisticalTestThreshold`` its p-values, one per feature."""
    from scipy.stats import mannwhitneyu

    selector.metric_function = mannwhitneyu
    selector.parameters = {}
    selector.metric_values = list(p_values)
    selector.selectrows = np.flatnonzero(p_values < selector.threshold).tolist()


def mann_whitney(values: np.ndarray, outcomes: np.ndarray) -> np.ndarray | None:
    """Return the two-sided p-value of each feature, or None where WORC has to say.

    scipy chooses between the exact and the asymptotic distribution by the ties in all that it
    is given, so that features with and without ties are tested apart: each as if alone.

    Parameters
    ----------
    values : ndarray, shape (n_patients, n_features)
        Feature values, complete.
    outcomes : ndarray, shape (n_patients or more,)
        Outcomes, 0 or 1.

    Returns
    -------
    ndarray, shape (n_features,) or None
        None if an outcome is missing among the patients, or a value is not finite.
    """
    from scipy.stats import mannwhitneyu

    outcomes = outcomes[: len(values)]
    with_outcome, without = values[outcomes == 1], values[outcomes == 0]
    if not len(with_outcome) or not len(without) or not np.isfinite(values).all():
        return None
    ordered = np.sort(np.concatenate((with_outcome, without)), axis=0)
    tied = (ordered[1:] == ordered[:-1]).any(axis=0)
    p_values = np.empty(values.shape[1])
    for columns in (np.flatnonzero(tied), np.flatnonzero(~tied)):
        if len(columns):
            test = mannwhitneyu(with_outcome[:, columns], without[:, columns], axis=0)
            p_values[columns] = test.pvalue
    return p_values


def single_class_relief(
    self: Any,
    feature_set: np.ndarray,
    label_set: np.ndarray,
    nb: int = 3,
    sample_size: float = 1,
    distance_p: int = 2,
    numf: int | None = None,
    random_state: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank features by Relief and return the first ``numf``, with all scores.

    Stands for ``SelectMulticlassRelief.single_class_relief``, with its draw from numpy's global
    generator and its mistake of reading positions within a class as positions among all
    patients (errata E23). Differences are added up in WORC's order, one neighbour after the
    other, hence to the same sums.

    Parameters
    ----------
    self : SelectMulticlassRelief
        Not used.
    feature_set : ndarray, shape (n_patients, n_features)
        Feature values.
    label_set : ndarray, shape (n_patients or more,)
        Outcomes, 0 or 1.
    nb : int
        Number of neighbours.
    sample_size : float
        Share of the patients to draw.
    distance_p : int
        Power of the Minkowski distance.
    numf : int, optional
        How many features to select; all if not given.
    random_state : int, optional
        Seed of numpy's global generator.

    Returns
    -------
    selected : ndarray of int, shape (numf,)
        Features, best first.
    scores : ndarray, shape (n_features,)
        Scores of all features, best first.
    """
    n_patients, n_features = feature_set.shape
    np.random.seed(random_state)
    drawn = np.random.choice(range(n_patients), int(n_patients * sample_size), replace=False)
    outcomes = np.asarray(label_set)
    classes = [drawn[outcomes[drawn] == 0], drawn[outcomes[drawn] != 0]]
    scores = np.zeros(n_features)
    if all(len(rows) >= nb for rows in classes):
        for rows, sign in zip(classes, (1.0, -1.0), strict=True):
            near = _neighbours(feature_set[rows, :], nb, distance_p)
            place, neighbour = np.nonzero(outcomes[near] == 1)
            scores = _add_differences(
                scores, feature_set, rows[place], near[place, neighbour], nb, sign
            )
    order = scores.argsort()[::-1]
    wanted = len(order) if numf is None else min(numf, len(order))
    return order[:wanted], scores[order]


def _neighbours(values: np.ndarray, number: int, distance_p: int) -> np.ndarray:
    """Return the nearest rows of each row, itself among them, as WORC finds them."""
    from sklearn.neighbors import NearestNeighbors

    finder = NearestNeighbors(n_neighbors=number, p=distance_p)
    finder.fit(np.asarray(values))
    near: np.ndarray = finder.kneighbors(np.asarray(values), return_distance=False)
    return near


def _add_differences(
    scores: np.ndarray,
    values: np.ndarray,
    rows: np.ndarray,
    others: np.ndarray,
    nb: int,
    sign: float,
) -> np.ndarray:
    """Add the absolute differences of pairs of rows to the scores, pair after pair."""
    at_a_time = max(1, _CELLS_AT_A_TIME // max(1, values.shape[1]))
    for start in range(0, len(rows), at_a_time):
        chunk = slice(start, start + at_a_time)
        terms = np.empty((len(rows[chunk]) + 1, values.shape[1]))
        terms[0] = scores
        # Differences first, sign last: "a - b" and "a + (-b)" are the same number.
        terms[1:] = sign * (np.abs(values[rows[chunk], :] - values[others[chunk], :]) / nb)
        # Not sum(): of a single column it adds in another order than one after the other.
        scores = np.add.accumulate(terms, axis=0)[-1] if terms.shape[1] == 1 else terms.sum(axis=0)
    return scores


class GroupMasks:
    """Which of the features of a list carry which marker, looked up once per marker."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = list(labels)
        self._masks: dict[str, np.ndarray] = {}

    def columns(self, selector: Any) -> np.ndarray:
        """Return the columns that a ``SelectGroups`` selects, as its ``fit`` does.

        A feature must carry a marker of a chosen group and of the toolbox, and none of a
        filter that is left out. Markers of the toolbox are single letters (errata E21).
        """
        chosen = self._any(selector.parameters) & self._any(selector.toolboxes)
        return np.flatnonzero(chosen & ~self._any(selector.transform_parameters))

    def _any(self, markers: Sequence[str]) -> np.ndarray:
        found = np.zeros(len(self._labels), dtype=bool)
        for marker in markers:
            if marker not in self._masks:
                self._masks[marker] = np.asarray([marker in label for label in self._labels], bool)
            found |= self._masks[marker]
        return found


def _is_matrix(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype == np.float64
