"""The accelerated search scores, selects and predicts as WORC's own functions do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lungmet_worc.worc import environment, settings
from lungmet_worc.worc.acceleration import checked, reuse, scoring, trees, workflow
from lungmet_worc.worc.acceleration import search as acceleration
from lungmet_worc.worc.acceleration.cells import replacenan
from lungmet_worc.worc.acceleration.selection import mann_whitney
from lungmet_worc.worc.fitting import fit_function
from lungmet_worc.worc.search import load_settings, parameter_grid

pytestmark = pytest.mark.worc

#: Order in which ``fit_and_score`` returns the fitted steps, as names of WORC's search class.
STEPS = (
    "best_groupsel", "best_varsel", "best_modelsel", "best_featlab", "best_scaler",
    "best_encoder", "best_imputer", "best_pca", "best_statisticalsel", "best_rfesel",
    "best_reliefsel", "best_Sampler",
)  # fmt: skip


@dataclass(frozen=True)
class Awkward:
    """40 patients with 120 features as nobody wants them, and candidates of the full grid."""

    X: list[tuple[list[float], list[str]]]
    y: np.ndarray
    splits: list[tuple[np.ndarray, np.ndarray]]
    candidates: list[dict[str, Any]]


def _values(random: np.random.Generator, y: np.ndarray) -> np.ndarray:
    values = random.normal(size=(len(y), 120)) * np.exp(2 * random.normal(size=120))
    values[:, ::7] += 2 * y[:, None] * values[:, ::7].std(axis=0)
    values[:, 5:30:4] = np.round(values[:, 5:30:4])
    values[:, 40:44] = 3.0
    values[:, 44] = values[:, 45]
    values[:, 50] = np.where(y == 1, 1.0, 0.0)
    values[:, 60:62] *= 1e9
    values[:, 62] *= 1e-9
    values[:, 63] = (np.arange(len(y)) == 3) * 50.0
    return values


def _names() -> list[str]:
    groups = (
        "original_hf", "original_sf", "original_tf_GLCM", "original_tf_GLRLM", "tf_Gabor",
        "tf_LBP", "vf", "phasef", "original_of", "wavelet_hf",
    )  # fmt: skip
    names = [f"PREDICT_{groups[n % len(groups)]}_f{n:03d}_MRI" for n in range(120)]
    names[70], names[71] = "PREDICT_original_semf_age", "PREDICT_original_hf_pf_grade"
    return names


@pytest.fixture(scope="module", params=["missing", "complete"])
def awkward(
    request: pytest.FixtureRequest, worc: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Awkward:
    from sklearn.model_selection import ParameterSampler, StratifiedShuffleSplit

    random = np.random.default_rng(23)
    # A small class: 8 of 40, of which 2 are in each validation part.
    y = np.zeros(40)
    y[random.choice(40, 8, replace=False)] = 1
    values = _values(random, y)
    splits = list(StratifiedShuffleSplit(3, test_size=0.2, random_state=1).split(values, y))
    if request.param == "missing":
        values[random.random(values.shape) < 0.03] = np.nan
        values[:, 80] = np.nan
        # Missing in every training row of the first split only.
        values[splits[0][0], 81] = np.nan
    names = _names()
    merged = settings.merge(
        settings.default_settings(),
        {"Classification": {"classifiers": ", ".join(settings.DEFAULT_CLASSIFIERS)}},
    )
    path = tmp_path_factory.mktemp("full") / "full.ini"
    path.write_text(settings.to_ini(merged), "utf-8")
    drawn = ParameterSampler(parameter_grid(load_settings(str(path))), 80, random_state=2)
    candidates = [{**parameters, "Number": str(n)} for n, parameters in enumerate(drawn)]
    return Awkward([(row, names) for row in values.tolist()], y, splits, candidates)


@contextmanager
def _fitting(*, accelerated: bool, aligned: bool = True) -> Iterator[Callable[..., Any]]:
    if not accelerated:
        yield fit_function(aligned=aligned)
        return
    with acceleration.installed() as is_on:
        assert is_on
        yield fit_function(aligned=aligned)


def _scores(
    data: Awkward, *, accelerated: bool, scoring_name: str = "f1_weighted", **options: Any
) -> list[Any]:
    """Return scores, cause, the candidate afterwards and the next random number of each fit."""
    seen = []
    with environment.quiet(), _fitting(accelerated=accelerated, **options) as fit:
        for number, candidate in enumerate(data.candidates):
            train, test = data.splits[number % len(data.splits)]
            parameters = copy.deepcopy(candidate)
            np.random.seed(number)
            fitted = fit(data.X, data.y, scoring_name, train, test, parameters, return_all=False)
            assert fitted["parameters"] is parameters
            seen.append(
                (
                    fitted["test_scores"],
                    fitted["train_scores"],
                    fitted["n_test_samples"],
                    fitted["cause"],
                    sorted(fitted),
                    parameters,
                    np.random.random(),
                )
            )
    return seen


def _assert_same(own: list[Any], ours: list[Any]) -> None:
    for number, (one, other) in enumerate(zip(own, ours, strict=True)):
        np.testing.assert_allclose(
            np.asarray(other[:2], float), np.asarray(one[:2], float),
            rtol=0, atol=1e-9, err_msg=f"candidate {number}: {one[5]}",
        )  # fmt: skip
        assert other[2:] == one[2:], f"candidate {number}"


def test_scores_causes_and_random_numbers_are_those_of_worc(awkward: Awkward) -> None:
    own = _scores(awkward, accelerated=False)
    ours = _scores(awkward, accelerated=True)
    _assert_same(own, ours)
    scored = np.isfinite([one[0] for one in own])
    # Both kinds of candidates are there, and not all the same.
    assert 20 < scored.sum() < len(scored)
    assert len({one[0] for one in own}) > 8
    assert len({one[3] for one in own}) > 2


def test_candidates_of_the_full_grid_are_not_handed_back_to_worc(
    awkward: Awkward, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_back = []
    with environment.quiet(), _fitting(accelerated=True) as fit:
        monkeypatch.setattr(
            workflow.fit_and_score, "stands_for", lambda *a, **b: handed_back.append(a)
        )
        for candidate in awkward.candidates[:12]:
            rows = awkward.splits[0]
            fit(awkward.X, awkward.y, "f1", *rows, copy.deepcopy(candidate), return_all=False)
    assert not handed_back


def test_scores_are_those_of_worc_with_its_labels_out_of_line(awkward: Awkward) -> None:
    some = Awkward(awkward.X, awkward.y, awkward.splits, awkward.candidates[:20])
    own = _scores(some, accelerated=False, aligned=False)
    _assert_same(own, _scores(some, accelerated=True, aligned=False))


def test_scores_by_probability_are_those_of_worc(awkward: Awkward) -> None:
    chosen = [c for c in awkward.candidates if c["classifiers"] in ("SVM", "RF")][:10]
    some = Awkward(awkward.X, awkward.y, awkward.splits, chosen)
    for name in ("roc_auc", "neg_brier_score"):
        own = _scores(some, accelerated=False, scoring_name=name)
        assert np.isfinite([one[0] for one in own]).any()
        _assert_same(own, _scores(some, accelerated=True, scoring_name=name))


def _refitted(data: Awkward, *, accelerated: bool) -> list[tuple[Any, ...]]:
    """Refit candidates as WORC does for an ensemble: whatever cannot be done is skipped."""
    fitted = []
    everybody = np.arange(len(data.y))
    with environment.quiet(), _fitting(accelerated=accelerated) as fit:
        for number, candidate in enumerate(data.candidates[:32]):
            rows = data.splits[0] if number % 3 == 0 else (everybody, everybody)
            # For the members of an ensemble WORC names no score.
            score = None if number % 2 else "f1_weighted"
            fitted.append(
                fit(
                    data.X, data.y, score, *rows, copy.deepcopy(candidate),
                    return_estimator=True, return_all=True, skip=True,
                )
            )  # fmt: skip
    return fitted


def _outlook(fitted: tuple[Any, ...], values: np.ndarray) -> np.ndarray | None:
    """Return what a refitted workflow says of new patients, through WORC's own search class."""
    from sklearn.exceptions import NotFittedError
    from WORC.classification.SearchCV import RandomizedSearchCVfastr

    search = RandomizedSearchCVfastr()
    search.best_preprocessor = None
    for name, step in zip(STEPS, fitted[1:], strict=True):
        setattr(search, name, step)
    processed, _ = search.preprocess(values.copy())
    try:
        said = fitted[0]["estimator"].predict_proba(processed)
    except NotFittedError:
        return None
    return np.column_stack((np.asarray(processed, float), said))


def test_refitted_workflows_transform_and_predict_new_patients_as_those_of_worc(
    awkward: Awkward,
) -> None:
    own = _refitted(awkward, accelerated=False)
    ours = _refitted(awkward, accelerated=True)
    random = np.random.default_rng(4)
    new = _values(random, np.asarray([0.0, 1.0, 0.0, 1.0, 0.0]))
    new[random.random(new.shape) < 0.05] = np.nan
    predicted = 0
    with environment.quiet():
        for number, (one, other) in enumerate(zip(own, ours, strict=True)):
            assert [type(step) for step in other[1:]] == [type(step) for step in one[1:]], number
            assert list(other[4]) == list(one[4])
            for score in ("test_scores", "train_scores"):
                assert other[0][score] == pytest.approx(one[0][score], abs=1e-9, nan_ok=True)
            assert one[0]["parameters"] == other[0]["parameters"]
            # What is written into a file is WORC's, and can be read without this package.
            written = pickle.dumps(other)
            assert b"lungmet" not in written
            expected, said = _outlook(one, new), _outlook(pickle.loads(written), new)
            assert (expected is None) == (said is None), number
            if expected is not None and said is not None:
                np.testing.assert_allclose(said, expected, rtol=0, atol=1e-9)
                predicted += 1
    assert predicted > 12


def test_memory_does_not_grow_with_candidates_or_splits(awkward: Awkward) -> None:
    with environment.quiet(), _fitting(accelerated=True) as fit:
        for number, candidate in enumerate(awkward.candidates[:9]):
            rows = awkward.splits[number % 3]
            fit(awkward.X, awkward.y, "f1", *rows, copy.deepcopy(candidate), return_all=False)
        assert len(reuse._splits) == reuse._SPLITS_KEPT
    assert not reuse._splits


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


def test_replacements_come_and_go(worc: ModuleType) -> None:
    from WORC.classification import SearchCV, fitandscore
    from WORC.featureprocessing.Scalers import RobustStandardScaler

    def current() -> list[Any]:
        return [
            fitandscore.fit_and_score,
            fitandscore._fit_and_score,
            fitandscore.replacenan,
            SearchCV.replacenan,
            RobustStandardScaler.fit,
        ]

    before = current()
    with acceleration.installed():
        assert acceleration.install()
        assert all(a is not b for a, b in zip(before, current(), strict=True))
        assert fitandscore.fit_and_score is workflow.fit_and_score
    assert all(a is b for a, b in zip(before, current(), strict=True))


def test_other_versions_leave_worc_as_it_is(
    worc: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from WORC.classification import fitandscore

    monkeypatch.setattr(checked.metadata, "version", lambda name: "3.6.3")
    before = fitandscore.fit_and_score
    assert not acceleration.install()
    assert fitandscore.fit_and_score is before


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
        with acceleration.installed():
            from WORC.classification import SearchCV

            assert SearchCV.f1_score is scoring.f1_of_ensemble
            for average in ("weighted", "macro", "binary"):
                said = SearchCV.f1_score(outcomes, predicted, average=average)
                expected = f1_score(outcomes, predicted, average=average)
                assert said == pytest.approx(expected, abs=1e-12)


def test_the_switch_imports_nothing_of_worc() -> None:
    """Importing the switch imports nothing of WORC, so that a start stays quick."""
    import subprocess
    import sys

    code = (
        "import sys; import lungmet_worc.worc.acceleration.search; "
        "sys.exit('WORC' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
