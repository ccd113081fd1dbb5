"""What candidates of one inner split have in common, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lungmet_worc.worc.acceleration.cells import is_complete, replacenan
from lungmet_worc.worc.acceleration.scaling import fitted_part
from lungmet_worc.worc.acceleration.selection import GroupMasks, mann_whitney

#: Inner splits kept: one is worked on at a time; refits add the whole training part.
_SPLITS_KEPT = 2
#: Imputed copies kept of a split with missing cells, in bytes.
_BYTES_KEPT = 200_000_000


@dataclass
class Imputed:
    """Features of a split after one kind of imputation, and what is derived from them.

    All arrays have a row per patient and a column per feature that is left.
    """

    train: np.ndarray
    test: np.ndarray
    labels: tuple[str, ...]
    make_imputer: Callable[[], Any]
    removed: int = 0
    groups: GroupMasks = field(init=False)
    scaled: dict[tuple[str, ...], Scaled] = field(default_factory=dict)
    _imputer: Any = None
    _variances: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.groups = GroupMasks(self.labels)

    @property
    def imputer(self) -> Any:
        """WORC's imputer, fitted; where no cell is missing, fitted when first asked for."""
        if self._imputer is None:
            self._imputer = self.make_imputer()
        return self._imputer

    @property
    def variances(self) -> np.ndarray:
        """Variance of each feature, as ``VarianceThreshold`` computes it."""
        if self._variances is None:
            self._variances = np.nanvar(self.train, axis=0)
        return self._variances


@dataclass
class Scaled:
    """Features scaled by WORC's robust scaler: all of them, fitted on the training rows."""

    scaler: Any
    included: np.ndarray
    train: np.ndarray
    test: np.ndarray
    _p_values: np.ndarray | None = None
    _tested: bool = False

    def p_values(self, outcomes: np.ndarray) -> np.ndarray | None:
        """Return each feature's p-value of the univariate test; the split has one outcome."""
        if not self._tested:
            self._p_values = mann_whitney(self.train, outcomes)
            self._tested = True
        return self._p_values


@dataclass
class SplitData:
    """One inner split: rows as arrays, and a bounded number of imputed copies."""

    train: np.ndarray
    test: np.ndarray
    y_train: np.ndarray
    y_test: np.ndarray
    labels: tuple[str, ...]
    kept_alive: tuple[Any, ...]
    _imputed: OrderedDict[tuple[Any, ...], Imputed] = field(default_factory=OrderedDict)
    _complete: Imputed | None = None

    def imputed(self, method: str, neighbours: int) -> Imputed:
        """Return the features after WORC's imputation; WORC's own errors pass through.

        Stands for ``Imputer`` in ``fit_and_score``. Without missing cells imputation is the
        identity, so that all methods share their arrays and an imputer is fitted only where
        somebody asks for it.
        """
        key = (method, neighbours if method == "knn" else None)
        if key in self._imputed:
            self._imputed.move_to_end(key)
            return self._imputed[key]
        if is_complete(self.train, self.test):
            imputed = self._without_missing(method, neighbours)
        else:
            imputed = self._with_missing(method, neighbours)
        self._imputed[key] = imputed
        self._forget()
        return imputed

    def _without_missing(self, method: str, neighbours: int) -> Imputed:
        def make() -> Any:
            return _fitted_imputer(self.train, method, neighbours)

        if self._complete is None:
            self._complete = Imputed(self.train, self.test, self.labels, make)
            return self._complete
        shared = Imputed(self.train, self.test, self.labels, make)
        shared.groups, shared.scaled = self._complete.groups, self._complete.scaled
        shared._variances = self._complete.variances
        return shared

    def _with_missing(self, method: str, neighbours: int) -> Imputed:
        imputer = _fitted_imputer(self.train, method, neighbours)
        train = imputer.transform(self.train)
        labels = self.labels
        removed = self.train.shape[1] - train.shape[1]
        if removed:
            # As WORC: a feature goes if it has no value in any training row.
            statistics = imputer if hasattr(imputer.Imputer, "statistics_") else None
            statistics = statistics or _fitted_imputer(self.train, "mean", 0)
            values = statistics.Imputer.statistics_
            labels = tuple(
                label for label, value in zip(labels, values, strict=True) if not np.isnan(value)
            )
        # Whatever the imputer's order in memory: the next step, the choice of feature groups,
        # goes through lists of rows in WORC.
        train, test = (
            np.ascontiguousarray(replacenan(part, verbose=False))
            for part in (train, imputer.transform(self.test))
        )
        return Imputed(train, test, labels, lambda: imputer, removed)

    def _forget(self) -> None:
        if self._complete is not None:
            return
        size = sum(part.nbytes for part in (self.train, self.test))
        # Each imputed copy comes to twice that with its scaled copy.
        most = max(1, _BYTES_KEPT // max(1, 2 * size))
        while len(self._imputed) > most:
            self._imputed.popitem(last=False)


def scaled(imputed: Imputed, skip_features: Sequence[str]) -> Scaled:
    """Return all features of an imputed split as ``WORCScaler("robust_z_score")`` scales them.

    A feature is scaled by its own values alone, so that scaling before or after the choice of
    features is the same.
    """
    key = tuple(skip_features)
    if key not in imputed.scaled:
        from WORC.featureprocessing.Scalers import RobustStandardScaler

        included = np.asarray(
            [not any(part in label for part in skip_features) for label in imputed.labels], bool
        )
        scaler = RobustStandardScaler().fit(np.ascontiguousarray(imputed.train[:, included]))
        train, test = imputed.train.copy(), imputed.test.copy()
        for part in (train, test):
            part[:, included] = scaler.transform(part[:, included])
        imputed.scaled[key] = Scaled(scaler, included, train, test)
    return imputed.scaled[key]


def scaler_of(full: Scaled, columns: np.ndarray, skip_features: Sequence[str]) -> Any:
    """Return WORC's scaler as if fitted on these columns of the split."""
    from WORC.featureprocessing.Scalers import RobustStandardScaler, WORCScaler

    scaler = WORCScaler(method="robust_z_score", skip_features=skip_features)
    included = full.included[columns]
    scaler.included_feature_indices = np.flatnonzero(included).tolist()
    scaler.excluded_feature_indices = np.flatnonzero(~included).tolist()
    among_included = np.cumsum(full.included) - 1
    wanted = among_included[columns[included]]
    scaler.scaler = fitted_part(RobustStandardScaler(), full.scaler, wanted)
    return scaler


_splits: OrderedDict[tuple[Any, ...], SplitData] = OrderedDict()


def split_data(X: Sequence[Any], y: np.ndarray, train: Any, test: Any) -> SplitData:
    """Return the split's arrays, made when its rows are first seen.

    Rows are known by identity: the same objects are the same numbers, as long as nobody
    changes a row in place. Two splits are kept, hence memory does not grow with candidates.

    Parameters
    ----------
    X : sequence of (values, labels)
        Patients as WORC's ``fit_and_score`` takes them.
    y : ndarray, shape (n_patients,)
        Outcomes.
    train, test : ndarray of int
        Rows of the two parts.

    Returns
    -------
    SplitData
        Do not write into its arrays.
    """
    train, test = np.asarray(train), np.asarray(test)
    key = (
        tuple(id(row[0]) for row in X),
        id(X[0][1]),
        np.asarray(y).tobytes(),
        train.tobytes(),
        test.tobytes(),
    )
    if key in _splits:
        _splits.move_to_end(key)
        return _splits[key]
    values = np.asarray([row[0] for row in X], dtype=float)
    _splits[key] = SplitData(
        train=values[train],
        test=values[test],
        y_train=np.asarray(y)[train],
        y_test=np.asarray(y)[test],
        labels=tuple(str(label) for label in X[0][1]),
        kept_alive=(*(row[0] for row in X), X[0][1]),
    )
    while len(_splits) > _SPLITS_KEPT:
        _splits.popitem(last=False)
    return _splits[key]


def forget_splits() -> None:
    """Drop everything kept."""
    _splits.clear()


def _fitted_imputer(values: np.ndarray, method: str, neighbours: int) -> Any:
    from WORC.featureprocessing.Imputer import Imputer

    imputer = Imputer(missing_values=np.nan, strategy=method, n_neighbors=neighbours)
    imputer.fit(values)
    return imputer
