"""What candidates of one inner split have in common, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lungmet_worc.worc.acceleration.cells import is_complete, replacenan
from lungmet_worc.worc.acceleration.scaling import fitted_part
from lungmet_worc.worc.acceleration.selection import GroupMasks, mann_whitney

#: Inner splits kept: one is worked on at a time; refits add the whole training part.
_SPLITS_KEPT = 2
#: Features kept of a split with missing cells, imputed and scaled in several ways, in bytes.
_BYTES_KEPT = 300_000_000

Parts = tuple[np.ndarray, np.ndarray]


@dataclass
class Imputed:
    """Features of a split after one kind of imputation, and what is derived from them.

    All arrays have a row per patient and a column per feature that is left. What is small
    (fitted steps, variances, p-values) stays; the arrays may be released and made again.
    """

    fill: Callable[[], Parts]
    labels: tuple[str, ...]
    make_imputer: Callable[[], Any]
    removed: int = 0
    groups: GroupMasks = field(init=False)
    scaled: dict[tuple[str, ...], Scaled] = field(default_factory=dict)
    _parts: Parts | None = None

    def __post_init__(self) -> None:
        self.groups = GroupMasks(self.labels)

    @property
    def train(self) -> np.ndarray:
        """Training rows."""
        return self._filled()[0]

    @property
    def test(self) -> np.ndarray:
        """Validation rows."""
        return self._filled()[1]

    @cached_property
    def imputer(self) -> Any:
        """WORC's imputer, fitted; where no cell is missing, fitted when first asked for."""
        return self.make_imputer()

    @cached_property
    def variances(self) -> np.ndarray:
        """Variance of each feature, as ``VarianceThreshold`` computes it."""
        return np.asarray(np.nanvar(self.train, axis=0))

    def release(self) -> None:
        """Drop the arrays until they are asked for again."""
        self._parts = None
        for scaled_parts in self.scaled.values():
            scaled_parts.release()

    def _filled(self) -> Parts:
        if self._parts is None:
            self._parts = self.fill()
        return self._parts


@dataclass
class Scaled:
    """Features scaled by WORC's robust scaler: all of them, fitted on the training rows."""

    scaler: Any
    included: np.ndarray
    source: Imputed
    _parts: Parts | None = None
    _p_values: np.ndarray | None = None
    _tested: bool = False

    @property
    def train(self) -> np.ndarray:
        """Training rows."""
        return self._transformed()[0]

    @property
    def test(self) -> np.ndarray:
        """Validation rows."""
        return self._transformed()[1]

    def p_values(self, outcomes: np.ndarray) -> np.ndarray | None:
        """Return each feature's p-value of the univariate test; the split has one outcome."""
        if not self._tested:
            self._p_values = mann_whitney(self.train, outcomes)
            self._tested = True
        return self._p_values

    def release(self) -> None:
        """Drop the arrays until they are asked for again."""
        self._parts = None

    def _transformed(self) -> Parts:
        if self._parts is None:
            train, test = self.source.train.copy(), self.source.test.copy()
            for part in (train, test):
                part[:, self.included] = self.scaler.transform(part[:, self.included])
            self._parts = train, test
        return self._parts


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
        if key not in self._imputed:
            complete = is_complete(self.train, self.test)
            make = self._without_missing if complete else self._with_missing
            self._imputed[key] = make(method, neighbours)
        self._imputed.move_to_end(key)
        self._forget()
        return self._imputed[key]

    def _without_missing(self, method: str, neighbours: int) -> Imputed:
        def make() -> Any:
            return _fitted_imputer(self.train, method, neighbours)

        imputed = Imputed(lambda: (self.train, self.test), self.labels, make)
        if self._complete is None:
            self._complete = imputed
        else:
            imputed.groups, imputed.scaled = self._complete.groups, self._complete.scaled
            imputed.variances = self._complete.variances
        return imputed

    def _with_missing(self, method: str, neighbours: int) -> Imputed:
        imputer = _fitted_imputer(self.train, method, neighbours)
        sources = (self.train, self.test)
        complete = [imputer.transform(source) for source in sources]
        kept = np.ones(self.train.shape[1], bool)
        removed = len(kept) - complete[0].shape[1]
        if removed:
            # As in WORC a feature goes if it has no value in any training row.
            kept = ~np.isnan(self.train).all(axis=0)
        missing = [np.nonzero(np.isnan(source[:, kept])) for source in sources]
        # The imputed cells alone are kept: a copy of all features for each kind of imputation
        # would not fit into memory for large cohorts.
        cells = [
            replacenan(part, verbose=False)[where]
            for part, where in zip(complete, missing, strict=True)
        ]

        def fill() -> Parts:
            # In order of rows, whatever the imputer's order in memory: the next step, the choice
            # of feature groups, goes through lists of rows in WORC.
            train, test = (np.array(source[:, kept], order="C") for source in sources)
            for part, where, values in zip((train, test), missing, cells, strict=True):
                part[where] = values
            return train, test

        labels = tuple(label for label, keep in zip(self.labels, kept, strict=True) if keep)
        return Imputed(fill, labels, lambda: imputer, removed)

    def _forget(self) -> None:
        if self._complete is not None:
            return
        size = sum(part.nbytes for part in (self.train, self.test))
        # Each imputed copy comes to twice that with its scaled copy.
        most = max(1, _BYTES_KEPT // max(1, 2 * size))
        for imputed in list(self._imputed.values())[:-most]:
            imputed.release()


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
        imputed.scaled[key] = Scaled(scaler, included, imputed)
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
    if method == "knn" and np.array_equal(imputer.Imputer._fit_X, values, equal_nan=True):
        # Each keeps the training rows; all of an ensemble can keep the same ones.
        imputer.Imputer._fit_X = values
    return imputer
