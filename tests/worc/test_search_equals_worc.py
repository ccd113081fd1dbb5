"""Our search scores every candidate as direct calls of WORC's ``fit_and_score`` do."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from lungmet_worc.worc import random_search as our_search
from lungmet_worc.worc.storage import read_result
from tests.worc.small import SmallData

pytestmark = pytest.mark.worc

SEED = 11


def _candidates(config: Any, number: int = 12) -> list[dict[str, Any]]:
    """Draw candidates as WORC's random search does."""
    from sklearn.model_selection import ParameterSampler

    grid = our_search.parameter_grid(config)
    drawn = list(ParameterSampler(grid, number, random_state=SEED))
    return [{**parameters, "Number": str(n)} for n, parameters in enumerate(drawn)]


def _inner_splits(y: np.ndarray, config: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedShuffleSplit

    options = config["HyperOptimization"]
    splitter = StratifiedShuffleSplit(
        n_splits=options["n_splits"], test_size=options["test_size"], random_state=SEED
    )
    return list(splitter.split(np.zeros(len(y)), y))


def _direct(
    X: list[Any],
    y: np.ndarray,
    config: Any,
    splits: list[tuple[np.ndarray, np.ndarray]],
    monkeypatch: pytest.MonkeyPatch,
) -> np.ndarray:
    """Return WORC's own test scores, candidates in rows and inner splits in columns.

    Called in the opposite order, so that nothing can hang on state that is left behind.
    """
    from sklearn.model_selection import _validation
    from WORC.classification import fitandscore

    monkeypatch.setattr(fitandscore, "_fit_and_score", _validation._fit_and_score)
    candidates = _candidates(config)
    scores = np.full((len(candidates), len(splits)), np.nan)
    for column in reversed(range(len(splits))):
        for row in reversed(range(len(candidates))):
            np.random.seed(row)
            scores[row, column] = fitandscore.fit_and_score(
                X, y, config["HyperOptimization"]["scoring_method"], *splits[column],
                copy.deepcopy(candidates[row]), fit_params={}, return_all=False,
            )["test_scores"]  # fmt: skip
    return scores


def _ours(search: Any, n_candidates: int) -> np.ndarray:
    """Return the test scores of our search by candidate number and inner split."""
    results = search.cv_results_
    n_splits = len(search.cv_iter)
    scores = np.full((n_candidates, n_splits), np.nan)
    for row, parameters in enumerate(results["params"]):
        for column in range(n_splits):
            scores[int(parameters["Number"]), column] = results[f"split{column}_test_score"][row]
    return scores


def _labelled(values: list[list[float]], labels: list[str]) -> list[tuple[list[float], list[str]]]:
    return [(row, labels) for row in values]


@pytest.fixture
def fitted(small: SmallData, request: pytest.FixtureRequest) -> Any:
    """Return a search of ours, its training data and its configuration."""
    config = small.config()
    x, y = small.rows(small.split()[0])
    search = our_search.fit(x, y, small.labels, config, seed=SEED, aligned=request.param)
    return search, _labelled(x, small.labels), y, config


@pytest.mark.parametrize("fitted", [False], indirect=True)
def test_scores_without_alignment_are_worcs(fitted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    search, X, y, config = fitted
    splits = _inner_splits(y, config)
    for ours, theirs in zip(search.cv_iter, splits, strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])
    theirs = _direct(X, y, config, splits, monkeypatch)
    assert np.isfinite(theirs).sum() > 12
    assert len(np.unique(theirs[np.isfinite(theirs)])) > 3
    np.testing.assert_array_equal(_ours(search, len(theirs)), theirs)


@pytest.mark.parametrize("fitted", [True], indirect=True)
def test_aligned_scores_are_worcs_on_rows_in_order(
    fitted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows put into the order train, validation by hand, one inner split at a time."""
    search, X, y, config = fitted
    columns = []
    for train, validation in _inner_splits(y, config):
        order = [*train, *validation]
        indices = np.arange(len(train)), np.arange(len(train), len(order))
        rows = [X[row] for row in order]
        columns.append(_direct(rows, y[order], config, [indices], monkeypatch))
    theirs = np.hstack(columns)
    np.testing.assert_array_equal(_ours(search, len(theirs)), theirs)


def test_alignment_changes_only_relief_and_univariate_test(small: SmallData) -> None:
    config = small.config()
    x, y = small.rows(small.split()[0])
    searches = [
        our_search.fit(x, y, small.labels, config, seed=SEED, aligned=aligned)
        for aligned in (False, True)
    ]
    unaligned, aligned = (_ours(search, 12) for search in searches)
    selects = np.asarray(
        [
            "True" in (candidate["ReliefUse"], candidate["StatisticalTestUse"])
            for candidate in _candidates(config)
        ]
    )
    assert 0 < selects.sum() < len(selects)
    np.testing.assert_array_equal(unaligned[~selects], aligned[~selects])
    assert not np.array_equal(unaligned[selects], aligned[selects])


def test_same_seed_same_result(small: SmallData) -> None:
    first = read_result(small.search("again"))
    np.random.seed(99)
    second = read_result(small.search("again"))
    assert first.pop("seconds") != second.pop("seconds")
    assert first == second


def test_other_seed_other_candidates(small: SmallData) -> None:
    first = read_result(small.search("seeds", seed=1))
    second = read_result(small.search("seeds", seed=2))
    assert first["candidates"] != second["candidates"]


def test_every_candidate_is_accounted_for(small: SmallData) -> None:
    result = read_result(small.search("counted"))
    numbers = [candidate["number"] for candidate in result["candidates"]]
    assert sorted(numbers) == list(range(12))
    scored = [candidate for candidate in result["candidates"] if candidate["score"] is not None]
    assert all(candidate["cause"] for candidate in result["candidates"] if candidate not in scored)
    assert all(candidate["cause"] is None for candidate in scored)
    best = max(candidate["score"] for candidate in scored)
    assert scored[0]["score"] == best


def test_search_without_any_score_names_the_causes(small: SmallData) -> None:
    """Complement naive Bayes cannot be fitted to scaled features, which are negative."""
    hopeless = small.search("hopeless", Classification={"classifiers": "ComplementNB"})
    result = read_result(hopeless)
    assert result["no_workflow"]
    assert result["posterior"] == []
    assert {candidate["score"] for candidate in result["candidates"]} == {None}
    assert any("Negative" in cause for cause in result["causes"])
