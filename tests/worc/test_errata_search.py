"""Defects of WORC 3.7.0 in search, selection and ensembling, and our answers.

Each test calls WORC's own code to show the defect; ``docs/worc_errata.md`` explains them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lungmet_worc.analyses.statistics.metrics import split_metrics
from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.pipeline.study import Study
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.worc import candidates
from lungmet_worc.worc import random_search as our_search
from lungmet_worc.worc.fitting import fit_function
from lungmet_worc.worc.storage import read_result
from tests.worc.small import SmallData

pytestmark = pytest.mark.worc

Parameters = dict[str, Any]


def _study(**tables: Any) -> StudyConfig:
    arms = {"age": {"clinical": ["age"]}}
    return Study("manifest.csv", "lung_met", arms, **tables).config


def _parameters(small: SmallData, **changes: Any) -> Parameters:
    """Return one plain candidate that can be scored: no selection, naive Bayes."""
    from sklearn.model_selection import ParameterSampler

    off = {"ReliefUse": "0", "StatisticalTestUse": "0", "GroupwiseSearch": "False"}
    off |= {"UsePCA": "0", "SelectFromModel": "0"}
    config = small.config("plain", Featsel=off, Classification={"classifiers": "GaussianNB"})
    drawn = ParameterSampler(our_search.parameter_grid(config), 1, random_state=0)
    return {**next(iter(drawn)), "Number": "0", **changes}


def _training(small: SmallData) -> tuple[list[tuple[list[float], list[str]]], np.ndarray]:
    x, y = small.rows(list(small.outcomes))
    return [(row, small.labels) for row in x], y


def _worcs_fit(small: SmallData, parameters: Parameters) -> Any:
    """Call WORC's ``fit_and_score`` with training rows that do not stand in front."""
    from WORC.classification.fitandscore import fit_and_score

    X, y = _training(small)
    return fit_and_score(
        X, y, "f1_weighted", np.arange(10, 30), np.arange(10), parameters, fit_params={}
    )


@pytest.fixture
def searched(worc: ModuleType, small: SmallData, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that scores candidates, and then leaves WORC's search as it is."""
    from WORC.classification import SearchCV, fitandscore

    def search(**changes: Any) -> tuple[Any, Any, np.ndarray]:
        config = small.config("searched", **changes)
        X, y = _training(small)
        fitted = our_search.fit([x[0] for x in X], y, small.labels, config, seed=3, aligned=True)
        monkeypatch.setattr(SearchCV, "fit_and_score", fitandscore.fit_and_score)
        return fitted, X, y

    return search


@pytest.mark.parametrize(
    ("selector", "changes"),
    [
        ("SelectMulticlassRelief", {"ReliefUse": "True"}),
        ("StatisticalTestThreshold", {"StatisticalTestUse": "True"}),
    ],
)
def test_e2_selection_sees_the_outcomes_of_other_patients(
    small: SmallData, monkeypatch: pytest.MonkeyPatch, selector: str, changes: Parameters
) -> None:
    from WORC.classification import fitandscore

    seen: list[np.ndarray] = []
    kind = getattr(fitandscore, selector)
    fit: Callable[..., Any] = kind.fit

    def remember(self: Any, X: Any, y: Any) -> Any:
        seen.append(np.asarray(y)[: len(X)])
        return fit(self, X, y)

    monkeypatch.setattr(kind, "fit", remember)
    X, y = _training(small)
    train, validation = np.arange(10, 30), np.arange(10)
    for function in (fitandscore.fit_and_score, fit_function(aligned=True)):
        parameters = _parameters(small, **changes)
        function(X, y, "f1_weighted", train, validation, parameters, fit_params={})
    worcs, ours = seen
    assert not np.array_equal(worcs, y[train])
    assert np.array_equal(worcs, y[:20])
    assert np.array_equal(ours, y[train])


def test_e9_many_default_candidates_cannot_be_scored(small: SmallData) -> None:
    defaults = worc_settings.default_settings()
    changes = {name: dict(defaults[name]) for name in ("Featsel", "Classification")}
    changes["HyperOptimization"] = {"N_iterations": "60", "n_splits": "1"}
    result = read_result(small.search("default", **changes))
    unscored = [entry for entry in result["candidates"] if entry["score"] is None]
    assert len(unscored) > 4
    # Ours says why, for each of them.
    assert sum(result["causes"].values()) == len(unscored)


def test_e17_a_search_class_of_ones_own_cannot_make_an_ensemble(
    searched: Any,
) -> None:
    from WORC.classification.SearchCV import RandomizedSearchCVfastr

    search, X, y = searched()
    assert type(search) is RandomizedSearchCVfastr

    class Own(RandomizedSearchCVfastr):  # type: ignore[misc]
        pass

    own = copy.copy(search)
    own.__class__ = Own
    with pytest.raises(UnboundLocalError):
        own.create_ensemble(X, y, method="Single", verbose=False)
    search.create_ensemble(X, y, method="Single", verbose=False)


def test_e18_scores_in_another_order_go_to_the_wrong_candidates(small: SmallData) -> None:
    """The right order is split by split; ``test_search_equals_worc`` shows that ours is."""
    from WORC.classification.SearchCV import RandomizedSearchCVfastr

    candidates = [{**_parameters(small), "Number": str(n)} for n in range(4)]
    fits = [(split, n) for split in range(2) for n in range(4)]

    def mean_scores(order: list[tuple[int, int]]) -> dict[str, float]:
        search = RandomizedSearchCVfastr(refit=False, scoring="f1_weighted")
        scores = [n / 10 + split / 100 for split, n in order]
        search.process_fit(
            2, [candidates[n] for _, n in order], [5] * 8, scores, scores, [0.0] * 8, [0.0] * 8,
            None, None, None, "fit_error",
        )  # fmt: skip
        results = search.cv_results_
        numbers = [parameters["Number"] for parameters in results["params"]]
        return dict(zip(numbers, results["mean_test_score"].round(3), strict=True))

    right = {str(n): n / 10 + 0.005 for n in range(4)}
    assert mean_scores(fits) == pytest.approx(right)
    scrambled = mean_scores(sorted(fits, key=lambda fit: fit[1]))
    assert scrambled != pytest.approx(right)


@pytest.mark.parametrize(
    ("method", "scoring", "error"),
    [
        ("FitNumber", "balanced_accuracy", KeyError),
        ("FitNumber", "roc_auc", KeyError),
        # The name that ensembling does know is none that fit_and_score knows.
        ("FitNumber", "auc", ValueError),
        ("top_N", "f1_weighted", IndexError),
    ],
)
def test_e19_ensembles_fail_after_the_search(
    searched: Any, method: str, scoring: str, error: type[Exception]
) -> None:
    search, X, y = searched()
    candidates.prune(search)
    with pytest.raises(error):
        search.create_ensemble(X, y, method=method, size=50, verbose=False, scoring=scoring)
    # A study file that asks for it is refused; test_ensembles.py has roc_auc, which works here.
    ensemble = {"method": method, "size": 50}
    if scoring not in ("roc_auc", "auc"):
        with pytest.raises(StudyFileError, match="E19"):
            _study(search={"candidates": 12, "scoring": scoring, "ensemble": ensemble})


def test_e21_choice_of_toolbox_has_no_effect(worc: ModuleType) -> None:
    from WORC.featureprocessing.SelectGroups import SelectGroups

    groups = {key.lower(): "True" for key in worc_settings.default_settings()["SelectFeatGroup"]}
    labels = ["PREDICT_original_hf_min_MRI", "PyRadiomics_sf_original_shape_Elongation_MRI"]
    for toolbox in ("PREDICT", "PyRadiomics", "All"):
        selection = SelectGroups(groups, toolbox)
        selection.fit(labels)
        assert selection.selectrows == [0, 1]


def test_e22_one_hot_encoding_is_on_and_encodes_nothing(small: SmallData) -> None:
    config = small.config("onehot")
    # The setting is False, but the one of the imputation is read.
    assert worc_settings.default_settings()["OneHotEncoding"]["Use"] == "False"
    assert config["OneHotEncoding"]["Use"] == ["True"]
    # Naming a feature ends every fit, since rows of labels are compared with one label.
    named = _parameters(small, OneHotEncoding_feature_labels_tofit=[small.labels[0]])
    with pytest.raises(TypeError, match="add"):
        _worcs_fit(small, named)
    with pytest.raises(StudyFileError, match="E22"):
        _study(worc={"OneHotEncoding": {"feature_labels_tofit": "sex"}})


def test_e23_relief_selects_by_the_order_of_the_patients(worc: ModuleType) -> None:
    """A position among the patients of one class is taken for one among all patients.

    One of ten features is the outcome plus little noise. With patients who have no outcome
    first, no neighbour counts: all scores are zero, and the last features are selected.
    """
    from WORC.featureprocessing.Relief import SelectMulticlassRelief

    def selected(X: np.ndarray, y: np.ndarray) -> list[int]:
        relief = SelectMulticlassRelief(n_neighbours=3, sample_size=1, numf=3, random_state=0)
        relief.fit(X, y)
        return sorted(relief.selectrows.tolist())

    random = np.random.default_rng(0)
    mixed = np.tile([0.0, 1.0], 20)
    X = random.normal(size=(40, 10))
    X[:, 0] = 3 * mixed + 0.1 * X[:, 0]
    order = np.argsort(mixed, kind="stable")
    assert 0 in selected(X, mixed)
    assert selected(X[order], mixed[order]) == [7, 8, 9]


def test_e23_order_of_the_patients_is_drawn(small: SmallData) -> None:
    """Ours: where a manifest has its events last, the order still says nothing."""
    import pandas as pd

    result = read_result(small.search("drawn"))
    train, test = small.split()
    assert result["train"] == train
    assert result["test"] == test
    frame = pd.read_hdf(small.folder / "drawn_0.hdf5")
    inside = list(frame["lung_met"]["patient_ID_train"][0])
    assert sorted(inside) == sorted(train)
    assert inside != train
    values, outcomes = small.rows(inside)
    np.testing.assert_array_equal(frame["lung_met"]["X_train"][0], values)
    np.testing.assert_array_equal(frame["lung_met"]["Y_train"][0], outcomes)


def test_e24_candidates_do_not_follow_the_seed(
    small: SmallData, monkeypatch: pytest.MonkeyPatch
) -> None:
    from WORC.classification.parameter_optimization import random_search_parameters
    from WORC.classification.SearchCV import RandomizedSearchCVfastr

    drawn: list[list[Parameters]] = []

    class StopError(Exception):
        pass

    def remember(self: Any, X: Any, y: Any, groups: Any, candidates: Any) -> None:
        drawn.append([dict(candidate) for candidate in candidates])
        raise StopError

    monkeypatch.setattr(RandomizedSearchCVfastr, "_fit", remember)
    config = small.config("seeded")
    X, y = _training(small)
    options = {k: v for k, v in config["HyperOptimization"].items() if k != "fix_random_seed"}
    for state in (1, 2):
        np.random.seed(state)
        with pytest.raises(StopError):
            random_search_parameters(
                X, y, param_grid=our_search.parameter_grid(config), random_seed=9,
                use_fastr=True, **options,
            )  # fmt: skip
    assert drawn[0] != drawn[1]
    # Relief sets the state of numpy's global generator, on which the next candidates hang.
    np.random.seed(1)
    _worcs_fit(small, _parameters(small, ReliefUse="True", random_seed=5))
    after = np.random.get_state()[1]
    np.random.seed(2)
    _worcs_fit(small, _parameters(small, ReliefUse="True", random_seed=5))
    assert np.array_equal(after, np.random.get_state()[1])
    # test_search_equals_worc.py: ours gives the same whatever the global generator's state.


@pytest.mark.parametrize("method", ["FitNumber", "ForwardSelection", "Caruana", "Bagging"])
def test_e26_candidates_without_a_score_stay_and_ensembles_fail_on_them(
    searched: Any, method: str
) -> None:
    changes = {"Classification": {"classifiers": "ComplementNB, GaussianNB"}}
    changes["HyperOptimization"] = {"N_iterations": "8", "n_splits": "2"}
    changes["Featsel"] = {"ReliefUse": "0", "StatisticalTestUse": "0"}
    search, X, y = searched(**changes)
    scores = search.cv_results_["mean_test_score"]
    assert np.isnan(scores).any()
    assert np.isfinite(scores).any()
    with pytest.raises(ValueError, match="Negative values"):
        search.create_ensemble(X, y, method=method, size=2, verbose=False, scoring="f1_weighted")
    candidates.prune(search)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    search.create_ensemble(X, y, method=method, size=2, verbose=False, scoring="f1_weighted")


def test_e27_one_candidate_that_raises_ends_the_search(
    small: SmallData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here imputation raises; in WORC all candidates of a job share one loop without a net."""
    from WORC.featureprocessing.Imputer import Imputer

    fit: Callable[..., Any] = Imputer.fit

    def failing(self: Any, X: Any, y: Any = None) -> None:
        if self.strategy == "median":
            message = "cannot impute"
            raise ValueError(message)
        fit(self, X, y)

    monkeypatch.setattr(Imputer, "fit", failing)
    with pytest.raises(ValueError, match="cannot impute"):
        _worcs_fit(small, _parameters(small, ImputationMethod="median"))
    result = read_result(small.search("raising", Ensemble={"Method": "top_N", "Size": "2"}))
    assert result["causes"]["ValueError: cannot impute"] > 0
    assert result["ensemble"]


def test_e28_features_of_the_laplacian_are_never_selected(worc: ModuleType) -> None:
    from WORC.featureprocessing.SelectGroups import SelectGroups

    groups = {key.lower(): "True" for key in worc_settings.default_settings()["SelectFeatGroup"]}
    selection = SelectGroups(groups, "All")
    selection.fit(["PREDICT_original_logf_mean_sigma5_MR_0", "PREDICT_original_hf_mean_MR_0"])
    assert selection.selectrows == [1]


def test_e29_bagging_takes_other_workflows_than_it_chose(searched: Any) -> None:
    """A position among the drawn half is taken for one among all: the rest never enters."""
    options = {"N_iterations": "8", "n_splits": "1"}
    search, X, y = searched(
        Classification={"classifiers": "LDA, GaussianNB"}, HyperOptimization=options
    )
    candidates.prune(search)
    order = {p["Number"]: n for n, p in enumerate(search.cv_results_["params"])}
    search.create_ensemble(X, y, method="Bagging", size=6, verbose=False, scoring="f1_weighted")
    chosen = {order[member.best_params_["Number"]] for member in search.ensemble.estimators}
    assert max(chosen) < len(order) // 2


def test_e31_generalization_score_ranks_nothing(searched: Any) -> None:
    """One candidate without a score makes all ranks useless; ours: test_ensembles.py."""
    changes = {"Classification": {"classifiers": "ComplementNB, GaussianNB"}}
    search, _, _ = searched(**changes)
    ranks = search.cv_results_["rank_generalization_score"]
    assert len(np.unique(ranks)) == 1
    assert ranks[0] < 0
    # Without such a candidate ranks start at 1 and are taken for positions, which start at 0.
    with pytest.raises(StudyFileError, match="E31"):
        _study(worc={"HyperOptimization": {"ranking_score": "generalization_score"}})


def test_e32_keeping_fitted_workflows_looks_for_them_under_another_name(small: SmallData) -> None:
    from WORC.classification.fitandscore import fit_and_score

    X, y = _training(small)
    result = fit_and_score(
        X, y, "f1_weighted", np.arange(20), np.arange(20, 30), _parameters(small), fit_params={},
        return_all=False, refit_training_workflows=True,
    )  # fmt: skip
    assert "training_workflows" in result
    # BaseSearchCVfastr._fit reads all_out["fitted_training_workflows"].
    assert "fitted_training_workflows" not in result
    with pytest.raises(StudyFileError, match="E32"):
        _study(worc={"HyperOptimization": {"refit_training_workflows": "True"}})


def test_e33_predictive_value_of_no_prediction_is_zero(worc: ModuleType) -> None:
    from WORC.classification.metrics import performance_singlelabel

    truth, posterior = np.asarray([0, 0, 1]), np.asarray([0.1, 0.2, 0.4])
    predicted = np.zeros(3, int)
    _, _, _, _, precision, _, _, _ = performance_singlelabel(truth, predicted, posterior)
    assert precision == 0
    assert np.isnan(split_metrics(truth, posterior, predicted)["ppv"])


def test_e38_clinical_columns_with_log_in_their_name_are_dropped(worc: ModuleType) -> None:
    from WORC.featureprocessing.SelectGroups import SelectGroups

    groups = {key.lower(): "True" for key in worc_settings.default_settings()["SelectFeatGroup"]}
    selection = SelectGroups({**groups, "log_features": "False"}, "All")
    names = ("age", "serum_log_ldh", "serum-log-ldh")
    selection.fit([f"PREDICT_original_semf_{name}_clinical" for name in names])
    assert selection.selectrows == [0, 2]


def test_e39_a_half_fitted_classifier_is_no_fitted_one(small: SmallData) -> None:
    """Ours: what stopped in the middle of its fit counts as not fitted, which WORC notices."""
    from sklearn.exceptions import NotFittedError

    parameters = _parameters(small, classifiers="QDA", QDA_reg_param=0.0)
    X, y = _training(small)
    # Fewer patients of one class than features: the covariance has no full rank.
    every = np.arange(len(X))
    options = {"fit_params": {}, "return_all": True, "return_estimator": True, "skip": True}
    rows = np.zeros(len(X[0][0]))
    estimators = {}
    for name, function in (
        ("worc", _original_fit_and_score()),
        ("ours", fit_function(aligned=True)),
    ):
        out = function(X, y, "f1_weighted", every, every, dict(parameters), **options)
        estimators[name] = out[0]["estimator"]
    with pytest.raises(AttributeError) as caught:
        estimators["worc"].predict([rows])
    assert not isinstance(caught.value, NotFittedError)
    with pytest.raises(NotFittedError):
        estimators["ours"].predict([rows])


def _original_fit_and_score() -> Callable[..., Any]:
    from WORC.classification.fitandscore import fit_and_score

    return fit_and_score  # type: ignore[no-any-return]
