"""Each of WORC's ensemble methods runs, and gives predictions that WORC reads back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.study import worc_settings
from lungmet_worc.worc.storage import read_result
from tests.worc.small import OUTCOME, SmallData

pytestmark = pytest.mark.worc

RANKED = worc_settings.RANKED_ENSEMBLE_METHODS


def _options(method: str, scoring: str = "f1_weighted", size: str = "3") -> dict[str, dict]:
    return {
        "Ensemble": {"Method": method, "Size": size},
        "HyperOptimization": {"N_iterations": "8", "n_splits": "2", "scoring_method": scoring},
        "Classification": {"classifiers": "LR, LDA, GaussianNB"},
    }


@pytest.mark.parametrize("method", worc_settings.ENSEMBLE_METHODS)
def test_every_method_runs(small: SmallData, method: str) -> None:
    path = small.search(f"ensemble_{method}", **_options(method))
    result = read_result(path)
    members = [member["number"] for member in result["ensemble"]]
    expected = {"Single": 1, "top_N": 3}
    assert len(members) == expected.get(method, len(members))
    assert members
    # What a workflow without a score predicts is not known: none may be in the ensemble.
    scored = {entry["number"] for entry in result["candidates"] if entry["score"] is not None}
    assert set(members) <= scored
    assert len(result["posterior"]) == len(result["test"]) == 6
    assert all(0 <= value <= 1 for value in result["posterior"])
    # WORC's own ensemble in the file predicts the same.
    search = pd.read_hdf(path)[OUTCOME]["classifiers"][0]
    x, _ = small.rows(result["test"])
    np.testing.assert_array_equal(search.predict_proba(x)[:, 1], result["posterior"])
    np.testing.assert_array_equal(search.predict(x), result["predicted"])
    assert result["predicted"] == [int(value >= 0.5) for value in result["posterior"]]


def test_single_is_the_best_workflow(small: SmallData) -> None:
    result = read_result(small.search("single", **_options("Single")))
    best = max((c for c in result["candidates"] if c["score"]), key=lambda c: c["score"])
    assert [member["number"] for member in result["ensemble"]] == [best["number"]]
    assert result["ensemble"][0]["classifier"] == best["classifier"]


@pytest.mark.parametrize("method", sorted(set(worc_settings.ENSEMBLE_METHODS) - set(RANKED)))
@pytest.mark.parametrize("scoring", sorted(set(worc_settings.ENSEMBLE_SCORES) - {"f1_weighted"}))
def test_other_scores_that_a_study_may_ask_for(small: SmallData, method: str, scoring: str) -> None:
    """WORC's ensembling and its search share no name for the AUC (errata E19)."""
    result = read_result(small.search("scores", **_options(method, scoring)))
    assert result["ensemble"]


@pytest.mark.parametrize("scoring", sorted(set(worc_settings.SCORES) - {"f1_weighted"}))
def test_ranked_methods_take_every_score(small: SmallData, scoring: str) -> None:
    result = read_result(small.search("ranked", **_options("top_N", scoring)))
    assert len(result["ensemble"]) == 3


def test_ensemble_of_more_workflows_than_have_a_score(small: SmallData) -> None:
    result = read_result(small.search("larger", **_options("top_N", size="8")))
    scored = [entry for entry in result["candidates"] if entry["score"] is not None]
    assert len(result["ensemble"]) == len(scored)


@pytest.mark.parametrize("method", worc_settings.ENSEMBLE_METHODS)
def test_one_workflow_with_a_score_is_enough(small: SmallData, method: str) -> None:
    options = _options(method)
    options["HyperOptimization"]["N_iterations"] = "1"
    options["Classification"]["classifiers"] = "GaussianNB"
    options["Featsel"] = {"ReliefUse": "0", "StatisticalTestUse": "0", "GroupwiseSearch": "False"}
    result = read_result(small.search("one", **options))
    assert {member["number"] for member in result["ensemble"]} == {0}


def test_ranking_by_generalization(small: SmallData) -> None:
    """The gap between training and validation counts (errata E31)."""
    options = _options("top_N", size="2")
    options["Ensemble"]["Metric"] = "generalization"
    options["HyperOptimization"]["N_iterations"] = "14"
    result = read_result(small.search("generalization", **options))
    scores = {
        entry["number"]: entry["score"] - abs(entry["train_score"] - entry["score"])
        for entry in result["candidates"]
        if entry["score"] is not None
    }
    chosen = [scores[member["number"]] for member in result["ensemble"]]
    assert chosen == sorted(scores.values(), reverse=True)[:2]


def test_bagging_does_not_depend_on_pythons_generator(small: SmallData) -> None:
    import random

    first = read_result(small.search("bagging", **_options("Bagging")))
    random.seed(4711)
    second = read_result(small.search("bagging", **_options("Bagging")))
    assert first["ensemble"] == second["ensemble"]
