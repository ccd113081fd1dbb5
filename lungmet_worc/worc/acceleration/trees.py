"""Random forests and AdaBoost without scikit-learn's work around each tree.

Each tree is scikit-learn's own, grown by its own builder with the seed it would have had. What
is left out is what is the same for all trees of an ensemble: clones, checks of parameters and
of data, and the pool of workers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_LARGEST_SEED = np.iinfo(np.int32).max
#: Beyond this a value is no number any more in single precision, which trees work in.
_LARGEST_VALUE = 1e38


def fits(estimator: Any, X: np.ndarray, y: np.ndarray) -> bool:
    """Return whether :func:`fit` and :func:`predict` may stand for the estimator's own.

    They do for WORC's random forests and AdaBoost on complete data with two outcomes.
    """
    from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier

    if type(estimator) is RandomForestClassifier:
        same = _as_by_default(estimator, ("n_estimators", "min_samples_split", "max_depth"))
        if estimator.class_weight not in (None, "balanced"):
            return False
    elif type(estimator) is AdaBoostClassifier:
        same = estimator.estimator is None and _as_by_default(
            estimator, ("n_estimators", "learning_rate")
        )
    else:
        return False
    return same and _plain_numbers(X) and len(np.unique(y)) == 2 and y.dtype == np.float64


def _as_by_default(estimator: Any, changed: tuple[str, ...]) -> bool:
    default = _defaults(type(estimator))
    allowed = {*changed, "random_state", "class_weight", "verbose"}
    values = estimator.__dict__
    return isinstance(values.get("random_state"), int | np.integer) and all(
        name in allowed or name.endswith("_") or values.get(name) is value or values[name] == value
        for name, value in default.items()
        if name not in ("estimator",)
    )


_default_parameters: dict[Any, dict[str, Any]] = {}


def _defaults(cls: Any) -> dict[str, Any]:
    if cls not in _default_parameters:
        _default_parameters[cls] = dict(cls().__dict__)
    return _default_parameters[cls]


def _plain_numbers(X: np.ndarray) -> bool:
    # A NaN fails the comparison, too.
    return X.size > 0 and bool(np.abs(X).max() < _LARGEST_VALUE)


def fit(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """Fit a random forest or AdaBoost in place, as its own ``fit`` does.

    Stands for ``RandomForestClassifier.fit`` and ``AdaBoostClassifier.fit``; call :func:`fits`
    first.

    Parameters
    ----------
    estimator : RandomForestClassifier or AdaBoostClassifier
        Fitted in place.
    X : ndarray, shape (n_patients, n_features)
        Features, complete.
    y : ndarray, shape (n_patients,)
        Outcomes, of two kinds.
    """
    from sklearn.ensemble import RandomForestClassifier

    # Parameters are checked as by fit itself, with its error for those that are impossible.
    estimator._validate_params()
    estimator.n_features_in_ = X.shape[1]
    if type(estimator) is RandomForestClassifier:
        _fit_forest(estimator, X, y)
    else:
        _fit_boosting(estimator, X, y)


def predict(estimator: Any, X: np.ndarray) -> np.ndarray:
    """Return the predicted outcomes, as the ensemble's own ``predict`` does."""
    from sklearn.ensemble import RandomForestClassifier

    X = np.asarray(X, dtype=np.float32)
    predicted: np.ndarray
    if type(estimator) is RandomForestClassifier:
        proba = np.zeros((len(X), 2))
        for tree in estimator.estimators_:
            proba += tree.tree_.predict(X)[:, :2]
        proba /= len(estimator.estimators_)
        predicted = estimator.classes_.take(np.argmax(proba, axis=1), axis=0)
        return predicted
    classes = estimator.classes_[:, np.newaxis]
    decision: Any = 0
    # One tree after the other, and no sum over an axis: the order decides the last digit.
    for tree, weight in zip(estimator.estimators_, estimator.estimator_weights_, strict=False):
        same = (_predict_tree(tree, X) == classes).T
        decision = decision + np.where(same, weight, -1 / (2 - 1) * weight)
    decision /= estimator.estimator_weights_.sum()
    decision[:, 0] *= -1
    predicted = estimator.classes_.take(decision.sum(axis=1) > 0, axis=0)
    return predicted


def importances(forest: Any) -> np.ndarray:
    """Return ``feature_importances_`` of a random forest."""
    grown = [
        tree.tree_.compute_feature_importances()
        for tree in forest.estimators_
        if tree.tree_.node_count > 1
    ]
    if not grown:
        return np.zeros(forest.n_features_in_)
    mean: np.ndarray = np.mean(grown, axis=0, dtype=np.float64)
    return mean / np.sum(mean)


def _fit_forest(forest: Any, X: np.ndarray, y: np.ndarray) -> None:
    from sklearn.tree import DecisionTreeClassifier
    from sklearn.utils.class_weight import compute_class_weight

    X = np.asarray(X, dtype=np.float32)
    forest._n_samples, forest.n_outputs_ = len(y), 1
    classes, codes = np.unique(y, return_inverse=True)
    weights = None
    if forest.class_weight == "balanced":
        weights = compute_class_weight("balanced", classes=classes, y=y)[codes]
    forest._sample_weight = weights
    forest._n_samples_bootstrap = _bootstrap_size(forest, weights)
    forest.estimator_ = forest.estimator
    names = (*forest.estimator_params, "random_state")
    template = DecisionTreeClassifier(**{name: getattr(forest, name) for name in names})
    grower = _Grower(template, X, codes, np.asarray([0.0, 1.0]))
    random = np.random.RandomState(forest.random_state)
    seeds = [random.randint(_LARGEST_SEED) for _ in range(forest.n_estimators)]
    share = None if weights is None else weights / np.sum(weights)
    drawn, trees = forest._n_samples_bootstrap, []
    # Seeding a generator anew gives the same numbers as making one, in a tenth of the time.
    generator = np.random.RandomState(0)
    for seed in seeds:
        generator.seed(seed)
        if share is None:
            rows = generator.randint(0, len(y), drawn)
        else:
            rows = generator.choice(len(y), drawn, replace=True, p=share)
        counts = np.bincount(rows, minlength=len(y)).astype(np.float64)
        trees.append(grower.grow(seed, counts))
    forest.estimators_ = trees
    forest.n_classes_, forest.classes_ = len(classes), classes


def _bootstrap_size(forest: Any, weights: np.ndarray | None) -> int:
    from sklearn.ensemble._bootstrap import _get_n_samples_bootstrap

    size: int = _get_n_samples_bootstrap(forest._n_samples, forest.max_samples, weights)
    return size


def _fit_boosting(boosting: Any, X: np.ndarray, y: np.ndarray) -> None:
    from sklearn.tree import DecisionTreeClassifier

    X = np.asarray(X, dtype=np.float32)
    boosting.estimator_ = DecisionTreeClassifier(max_depth=1)
    boosting.estimators_ = []
    number = boosting.n_estimators
    boosting.estimator_weights_ = np.zeros(number)
    boosting.estimator_errors_ = np.ones(number)
    classes, codes = np.unique(y, return_inverse=True)
    grower = _Grower(boosting.estimator_, X, codes, classes)
    random = np.random.RandomState(boosting.random_state)
    weights = np.ones(len(y))
    weights /= weights.sum()
    epsilon = np.finfo(weights.dtype).eps
    for step in range(number):
        # No weight is zero before the first clip, as none is given; none becomes zero after.
        weights = np.clip(weights, a_min=epsilon, a_max=None)
        tree = grower.grow(random.randint(_LARGEST_SEED), weights)
        boosting.estimators_.append(tree)
        if step == 0:
            boosting.classes_, boosting.n_classes_ = tree.classes_, len(tree.classes_)
        incorrect = _predict_tree(tree, X) != y
        error = np.mean(np.average(incorrect, weights=weights, axis=0))
        if error <= 0:
            boosting.estimator_weights_[step], boosting.estimator_errors_[step] = 1.0, 0.0
            return
        if error >= 1.0 - (1.0 / 2):
            boosting.estimators_.pop(-1)
            if not boosting.estimators_:
                message = (
                    "BaseClassifier in AdaBoostClassifier ensemble is worse than random, "
                    "ensemble can not be fit."
                )
                raise ValueError(message)
            return
        weight = boosting.learning_rate * (np.log((1.0 - error) / error) + np.log(2 - 1.0))
        if step != number - 1:
            weights = np.exp(np.log(weights) + weight * incorrect * (weights > 0))
        boosting.estimator_weights_[step], boosting.estimator_errors_[step] = weight, error
        total = np.sum(weights)
        if not np.isfinite(total) or total <= 0:
            return
        if step < number - 1:
            weights /= total


def _predict_tree(tree: Any, X: np.ndarray) -> np.ndarray:
    predicted: np.ndarray = tree.classes_.take(np.argmax(tree.tree_.predict(X), axis=1), axis=0)
    return predicted


class _Grower:
    """Grows trees that differ in seed and weights only."""

    def __init__(self, template: Any, X: np.ndarray, codes: np.ndarray, classes: Any) -> None:
        self._X = X
        self._y = np.ascontiguousarray(codes.reshape(-1, 1), dtype=np.float64)
        self._n_classes = np.array([2], dtype=np.intp)
        self._random = np.random.RandomState(0)
        n_features = X.shape[1]
        most = max(1, int(np.sqrt(n_features)))
        self._max_features = most if template.max_features == "sqrt" else n_features
        self._max_depth = (
            np.iinfo(np.int32).max if template.max_depth is None else template.max_depth
        )
        self._min_split = max(template.min_samples_split, 2 * template.min_samples_leaf)
        self._attributes = {
            **template.__dict__,
            "n_features_in_": n_features,
            "n_outputs_": 1,
            "classes_": classes,
            "n_classes_": self._n_classes[0],
            "max_features_": self._max_features,
        }

    def grow(self, seed: int, weights: np.ndarray) -> Any:
        """Return a fitted ``DecisionTreeClassifier``, as its ``_fit`` grows it."""
        from sklearn.tree import DecisionTreeClassifier
        from sklearn.tree._criterion import Gini
        from sklearn.tree._splitter import BestSplitter
        from sklearn.tree._tree import DepthFirstTreeBuilder, Tree

        self._random.seed(seed)
        # min_weight_fraction_leaf is zero.
        least = 0.0
        splitter = BestSplitter(
            Gini(1, self._n_classes), self._max_features, 1, least, self._random, None
        )
        grown = DecisionTreeClassifier.__new__(DecisionTreeClassifier)
        grown.__dict__.update(self._attributes, random_state=seed)
        grown.tree_ = Tree(self._X.shape[1], self._n_classes, 1)
        builder = DepthFirstTreeBuilder(splitter, self._min_split, 1, least, self._max_depth, 0.0)
        builder.build(grown.tree_, self._X, self._y, weights, None)
        return grown
