"""Each part of the accelerations does what it stands for."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from lungmet_worc.worc.acceleration import diameters, reuse, scoring, trees
from lungmet_worc.worc.acceleration.cells import replacenan
from lungmet_worc.worc.acceleration.search import SEARCH
from lungmet_worc.worc.acceleration.selection import mann_whitney

pytestmark = pytest.mark.worc


def test_imputed_copies_are_bounded(monkeypatch: pytest.MonkeyPatch, worc: ModuleType) -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(12, 5))
    values[2, 3] = np.nan
    X = [(row, list("abcde")) for row in values.tolist()]
    split = reuse.split_data(X, np.arange(12) % 2, np.arange(9), np.arange(9, 12))
    monkeypatch.setattr(reuse, "_BYTES_KEPT", 2 * 2 * 12 * 5 * 8)
    first = {}
    for method in ("mean", "median", "most_frequent", "constant"):
        imputed = split.imputed(method, 0)
        full = reuse.scaled(imputed, ("e",))
        first[method] = [part.copy() for part in (imputed.train, imputed.test, full.train)]
        assert sum(kept._parts is not None for kept in split._imputed.values()) <= 2
    assert split._imputed["mean", None]._parts is None
    assert reuse.scaled(split._imputed["mean", None], ("e",))._parts is None
    for method, parts in first.items():
        imputed = split.imputed(method, 0)
        expected = [imputed.imputer.transform(part) for part in (split.train, split.test)]
        again = (imputed.train, imputed.test, reuse.scaled(imputed, ("e",)).train)
        for one, other in zip(parts, again, strict=True):
            np.testing.assert_array_equal(one, other)
        for one, other in zip(expected, again[:2], strict=True):
            np.testing.assert_array_equal(one, other)
    reuse.forget_splits()


def test_p_values_are_those_of_each_feature_alone(worc: ModuleType) -> None:
    from scipy.stats import mannwhitneyu

    random = np.random.default_rng(3)
    for n_events in (4, 8, 9, 15):
        y = (np.arange(30) < n_events).astype(float)
        values = random.normal(size=(30, 20))
        values[:, ::3] = np.round(values[:, ::3])
        values[:, 4] = 1.0
        alone = [mannwhitneyu(column[y == 1], column[y == 0]).pvalue for column in values.T]
        np.testing.assert_array_equal(mann_whitney(values, y), alone)


def test_missing_cells_become_zero_and_nothing_else_changes(
    worc: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    from WORC.classification import fitandscore

    values = np.asarray([[1.0, np.nan], [np.inf, -0.0]])
    np.testing.assert_array_equal(replacenan(values), fitandscore.replacenan(values))
    assert np.isnan(values[0, 1])


@pytest.mark.parametrize("kind", ["forest", "balanced forest", "boosting"])
def test_ensembles_of_trees_are_those_of_scikit_learn(kind: str, worc: ModuleType) -> None:
    from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier

    random = np.random.default_rng(8)
    X, y = random.normal(size=(60, 9)), (random.random(60) < 0.3).astype(float)
    models = [
        AdaBoostClassifier(n_estimators=25, learning_rate=0.4, random_state=3)
        if kind == "boosting"
        else RandomForestClassifier(
            n_estimators=25, max_depth=5, min_samples_split=4, random_state=2**32 - 1,
            class_weight="balanced" if kind.startswith("balanced") else None,
        )
        for _ in range(2)
    ]  # fmt: skip
    assert trees.fits(models[0], X, y)
    models[0].fit(X, y)
    trees.fit(models[1], X, y)
    new = random.normal(size=(200, 9))
    np.testing.assert_array_equal(models[1].predict_proba(new), models[0].predict_proba(new))
    np.testing.assert_array_equal(trees.predict(models[1], new), models[0].predict(new))
    assert set(models[1].__dict__) == set(models[0].__dict__)
    assert set(models[1].estimators_[0].__dict__) == set(models[0].estimators_[0].__dict__)
    if kind != "boosting":
        np.testing.assert_array_equal(trees.importances(models[1]), models[0].feature_importances_)


def test_other_ensembles_are_left_to_scikit_learn(worc: ModuleType) -> None:
    from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
    from sklearn.svm import SVC

    X, y = np.random.default_rng(0).normal(size=(12, 2)), np.arange(12.0) % 2
    assert trees.fits(RandomForestClassifier(random_state=1), X, y)
    for other in (
        RandomForestClassifier(random_state=1, bootstrap=False),
        RandomForestClassifier(random_state=1, max_leaf_nodes=4),
        RandomForestClassifier(random_state=None),
        AdaBoostClassifier(SVC(), random_state=1),
    ):
        assert not trees.fits(other, X, y)
    model = RandomForestClassifier(random_state=1)
    assert not trees.fits(model, X, np.zeros(12))
    assert not trees.fits(model, X, np.arange(12.0) % 3)
    assert not trees.fits(model, np.where(X > 1, np.nan, X), y)


def test_weighted_f1_is_that_of_scikit_learn(worc: ModuleType) -> None:
    from sklearn.metrics import f1_score

    random = np.random.default_rng(5)
    for _ in range(50):
        outcomes, predicted = (random.random((2, 9)) < random.random()).astype(float)
        expected = f1_score(outcomes, predicted, average="weighted")
        assert scoring.weighted_f1(outcomes, predicted) == pytest.approx(expected, abs=1e-12)
        with SEARCH.installed():
            from WORC.classification import SearchCV

            assert SearchCV.f1_score is scoring.f1_of_ensemble
            for average in ("weighted", "macro", "binary"):
                said = SearchCV.f1_score(outcomes, predicted, average=average)
                expected = f1_score(outcomes, predicted, average=average)
                assert said == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_mesh_of_random_masks(worc: ModuleType, share: float) -> None:
    """Every kind of cube comes up."""
    from radiomics import cShape

    for seed in range(4):
        random = np.random.default_rng([seed, int(100 * share)])
        mask = np.pad(random.random((7, 12, 9)) < share, ((1, 1), (2, 1), (1, 4)))
        spacing = random.uniform(0.4, 4, 3)
        plain = np.hstack(cShape.calculate_coefficients(mask, spacing))
        ours = np.hstack(diameters.calculate_coefficients(mask, spacing))
        np.testing.assert_allclose(ours, plain, rtol=1e-11)


@pytest.mark.parametrize(("share", "n_levels"), [(0.05, 300), (0.6, 16), (1.0, 3)])
def test_neighbourhoods_of_random_levels(worc: ModuleType, share: float, n_levels: int) -> None:
    from radiomics import cMatrices

    random = np.random.default_rng(n_levels)
    mask = random.random((7, 9, 11)) < share
    levels = np.where(mask, random.integers(1, n_levels + 1, mask.shape), 0)
    for distances, flat in (([1], False), ([1, 3], False), ([2], False), ([1], True)):
        settings = (np.asarray(distances), int(levels.max()))
        for alpha in (0, 1):
            plain, ours = (
                module.calculate_gldm(levels, mask, *settings, alpha, flat, 0)
                for module in (cMatrices, diameters)
            )
            np.testing.assert_array_equal(ours, plain)
        plain, ours = (
            module.calculate_ngtdm(levels, mask, *settings, flat, 0)
            for module in (cMatrices, diameters)
        )
        np.testing.assert_array_equal(ours, plain)
