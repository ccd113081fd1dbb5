from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from lungmet_worc.analyses import results
from lungmet_worc.analyses.comparison import statistics as compare
from lungmet_worc.analyses.performance.table import patients_table, performance_table, splits_table
from lungmet_worc.analyses.results import ArmPredictions, SplitPrediction, check_arms
from lungmet_worc.analyses.statistics.metrics import split_metrics
from lungmet_worc.basics.errors import ResultsError

pytestmark = pytest.mark.filterwarnings("error")


def make_arms(
    strengths: Mapping[str, float],
    n_splits: int = 20,
    n_patients: int = 51,
    n_events: int = 19,
    seed: int = 1,
) -> list[ArmPredictions]:
    """Make arms whose scores separate the outcome by so many standard deviations."""
    rng = np.random.default_rng(seed)
    ids = [f"STS_{i + 1:03d}" for i in range(n_patients)]
    outcome = np.zeros(n_patients, int)
    outcome[rng.choice(n_patients, n_events, replace=False)] = 1
    shared = rng.normal(size=n_patients)
    arms = []
    for arm, strength in strengths.items():
        score = 0.7 * rng.normal(size=n_patients) + 0.7 * shared + strength * outcome
        splits = []
        for k in range(n_splits):
            train, test = train_test_split(
                np.arange(n_patients), test_size=0.2, stratify=outcome, random_state=k
            )
            noise = 0.5 * rng.normal(size=test.size)
            posterior = 1 / (1 + np.exp(0.9 - score[test] - noise))
            splits.append(
                prediction(
                    [ids[i] for i in test], outcome[test], posterior, k, [ids[i] for i in train]
                )
            )
        arms.append(ArmPredictions(arm, tuple(splits)))
    return arms


def three_arms(n_splits: int = 20) -> list[ArmPredictions]:
    return make_arms({"mri_only": 0.4, "ct_only": 0.2, "combined": 0.6}, n_splits)


def prediction(
    test: list[str],
    outcome: object,
    posterior: object,
    split: int = 0,
    train: list[str] | None = None,
) -> SplitPrediction:
    probability = np.asarray(posterior, float)
    return SplitPrediction(
        split=split,
        train_ids=tuple(train if train is not None else ["T1", "T2", "T3", "T4"]),
        test_ids=tuple(test),
        outcome=np.asarray(outcome, int),
        posterior=probability,
        predicted=(probability >= 0.5).astype(int),
    )


def test_metrics_of_a_split_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(*args: Any) -> dict[str, float]:
        calls.append(1)
        return split_metrics(*args)

    monkeypatch.setattr(results, "split_metrics", counted)
    monkeypatch.setattr(compare, "split_metrics", counted)
    arms = three_arms(4)
    performance_table(arms)
    patients_table(arms)
    compare.compare_arms(arms)
    splits_table(arms)
    assert len(calls) == 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train_ids": ("A", "X")}, "both in the training and in the test part (A)"),
        ({"test_ids": ("A", "A")}, "twice"),
        ({"posterior": np.array([0.5, np.nan])}, "probability is missing"),
        ({"posterior": np.array([0.5, 1.2])}, "outside 0 to 1"),
        ({"posterior": np.array([0.5])}, "not one for each of the 2 test patients"),
        ({"outcome": np.array([0, 2])}, "outcome is not 0 or 1"),
        ({"predicted": np.array([0, -1])}, "class is not 0 or 1"),
    ],
)
def test_impossible_predictions_are_refused(change: dict[str, object], said: str) -> None:
    fields: dict[str, object] = {
        "split": 7,
        "train_ids": ("T",),
        "test_ids": ("A", "B"),
        "outcome": np.array([0, 1]),
        "posterior": np.array([0.2, 0.8]),
        "predicted": np.array([0, 1]),
    }
    SplitPrediction(**fields)  # type: ignore[arg-type]
    with pytest.raises(ResultsError) as caught:
        SplitPrediction(**(fields | change))  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "split 7" in str(caught.value)


def test_arms_that_do_not_fit_together_are_refused() -> None:
    good = ArmPredictions("x", (prediction(["A"], [1], [0.8]),))
    with pytest.raises(ResultsError, match="no results"):
        check_arms([])
    with pytest.raises(ResultsError, match="two arms"):
        check_arms([good, good])
    with pytest.raises(ResultsError, match="no results yet"):
        check_arms([ArmPredictions("x", ())])
    with pytest.raises(ResultsError, match="one split twice"):
        check_arms([ArmPredictions("x", good.splits * 2)])
    other = ArmPredictions("y", (prediction(["A"], [0], [0.8]),))
    with pytest.raises(ResultsError, match="Patient A has two outcomes"):
        check_arms([good, other])
