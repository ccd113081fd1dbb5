"""What a search keeps beside its predictions: importance, chosen features, validation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from lungmet_worc.worc import explanation, random_search
from lungmet_worc.worc.candidates import prune
from lungmet_worc.worc.explanation import chosen_groups, group_importance
from lungmet_worc.worc.search import permuted_search
from lungmet_worc.worc.storage import read_result
from lungmet_worc.worc.validation import validation_predictions
from tests.worc.small import SmallData

pytestmark = pytest.mark.worc

MODALITIES = ("MRI",)


@pytest.fixture(scope="module", params=["1.0", "0.0"])
def ensemble(small: SmallData, request: pytest.FixtureRequest) -> tuple[Any, Any, Any, Any]:
    """Return a search with its ensemble, with and without decompositions, and a test part."""
    train, test = small.split(1)
    x_train, y_train = small.rows(train)
    x_test, y_test = small.rows(test)
    config = small.config(
        "explained",
        Featsel={"UsePCA": request.param, "ReliefUse": "0.5"},
        Ensemble={"Method": "top_N", "Size": "5"},
        Imputation={"strategy": "mean"},  # the others do not treat features apart
    )
    search = random_search.fit(x_train, y_train, small.labels, config, seed=2, aligned=True)
    prune(search)
    random_search.ensemble(search, x_train, y_train, small.labels, config, seed=2)
    return search, x_test, y_test, small.labels


def test_groups_are_permuted_as_if_the_patients_had_been(
    ensemble: tuple[Any, Any, Any, Any],
) -> None:
    """The same drops as when the columns of the test table are permuted and WORC predicts."""
    search, x_test, y_test, labels = ensemble
    found = group_importance(search.ensemble.estimators, x_test, y_test, labels, MODALITIES, seed=4)
    table = np.asarray(x_test)
    random = np.random.default_rng(4)
    orders = [random.permutation(len(y_test)) for _ in range(explanation.REPEATS)]
    whole = roc_auc_score(y_test, search.predict_proba(table.tolist())[:, 1])
    assert {entry["group"] for entry in found} > {"all", "shape", "texture", "intensity"}
    for entry in found:
        names = explanation._columns(labels, MODALITIES)[entry["modality"], entry["group"]]
        columns = [i for i, name in enumerate(labels) if name in names]
        aucs = []
        for order in orders:
            permuted = table.copy()
            permuted[:, columns] = table[order][:, columns]
            aucs.append(roc_auc_score(y_test, search.predict_proba(permuted.tolist())[:, 1]))
        assert entry["n_features"] == len(columns)
        assert entry["drop"] == pytest.approx(whole - np.mean(aucs), abs=1e-12)
    assert max(entry["drop"] for entry in found) > 0


def test_one_outcome_in_the_test_part_has_no_importance(
    ensemble: tuple[Any, Any, Any, Any],
) -> None:
    search, x_test, y_test, labels = ensemble
    found = group_importance(
        search.ensemble.estimators, x_test, np.zeros_like(y_test), labels, MODALITIES, seed=4
    )
    assert {entry["drop"] for entry in found} == {None}


def test_chosen_features_are_those_that_reach_the_classifier(
    ensemble: tuple[Any, Any, Any, Any],
) -> None:
    search, x_test, _, _ = ensemble
    for member in search.ensemble.estimators:
        chosen = chosen_groups(list(member.best_featlab), MODALITIES)
        decomposition, member.best_pca = member.best_pca, None
        ready, _ = member.preprocess(x_test)
        member.best_pca = decomposition
        assert sum(chosen.values()) == np.shape(ready)[1]


def test_validation_is_what_worc_scored_candidates_by(small: SmallData) -> None:
    """One workflow: F1 of its out-of-fold posteriors, part by part, is its score in the search."""
    train, _ = small.split(2)
    x_train, y_train = small.rows(train)
    config = small.config(
        "validated",
        Classification={"classifiers": "LR, LDA, GaussianNB"},
        Ensemble={"Method": "Single", "Size": "1"},
        HyperOptimization={"N_iterations": "12", "n_splits": "3"},
    )
    search = random_search.fit(x_train, y_train, small.labels, config, seed=3, aligned=True)
    prune(search)
    random_search.ensemble(search, x_train, y_train, small.labels, config, seed=3)
    patients = random_search.as_worc_takes(x_train, small.labels)
    outcomes, posteriors = validation_predictions(search, patients, y_train)
    parts = [len(validation) for _, validation in search.cv_iter]
    assert len(outcomes) == len(posteriors) == sum(parts)
    ends = np.cumsum(parts)
    scores = [
        f1_score(
            outcomes[end - part : end],
            np.asarray(posteriors[end - part : end]) >= 0.5,
            average="weighted",
        )
        for part, end in zip(parts, ends, strict=True)
    ]
    assert np.mean(scores) == pytest.approx(search.cv_results_["mean_test_score"][0])


def test_what_a_split_keeps(small: SmallData) -> None:
    """Nothing of it changes the predictions, which a permuted search makes alike."""
    result = read_result(small.search("kept", 1))
    n_validation = len(result["validation_outcome"])
    assert n_validation == len(result["validation_posterior"]) > 0
    assert all(0 <= posterior <= 1 for posterior in result["validation_posterior"])
    assert {entry["group"] for entry in result["importance"]} > {"all"}
    assert all(sum(member["chosen"].values()) > 0 for member in result["ensemble"])
    train, test = small.split(1)
    output = small.folder / "permuted.json"
    permuted_search(
        features=str(small.folder / "features.hdf5"),
        outcomes=small.outcomes,
        train=train,
        test=test,
        settings=str(small.settings("kept")),
        seed=6,
        aligned=True,
        accelerate=False,
        output=str(output),
        stamp="stamp",
    )
    expected = roc_auc_score(result["outcome"], result["posterior"])
    assert json.loads(output.read_text("utf-8"))["auc"] == pytest.approx(expected)


def test_a_permutation_that_leaves_one_outcome_has_no_auc(small: SmallData, tmp_path: Path) -> None:
    train, test = small.split(1)
    permuted_search(
        features=str(small.folder / "features.hdf5"),
        outcomes={**small.outcomes, **dict.fromkeys(test, 0)},
        train=train,
        test=test,
        settings=str(small.settings("kept")),
        seed=6,
        aligned=True,
        accelerate=False,
        output=str(tmp_path / "none.json"),
        stamp="stamp",
    )
    assert json.loads((tmp_path / "none.json").read_text("utf-8"))["auc"] is None
