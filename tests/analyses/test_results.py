from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from lungmet_worc.analyses import results as collect
from lungmet_worc.analyses.comparison import statistics as compare
from lungmet_worc.analyses.results import (
    PATIENTS_COLUMNS,
    PERFORMANCE_COLUMNS,
    SPLITS_COLUMNS,
    ArmPredictions,
    SplitPrediction,
    check_arms,
    outcome_tables,
    patients_table,
    performance_table,
    splits_table,
)
from lungmet_worc.analyses.statistics.metrics import (
    METRICS,
    corrected_resampled_interval,
    split_metrics,
)
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


def test_columns_are_those_promised() -> None:
    tables = outcome_tables(three_arms(3))
    promised = {
        "performance": "arm, metric, mean, ci_low, ci_high, n_splits, n_patients, n_events",
        "splits": "arm, split, n_train, n_test, auc, bca, f1_weighted, accuracy, sensitivity, "
        "specificity, npv, ppv, brier, average_precision",
        "patients": "arm, patient_id, outcome, n_tested, posterior_mean, posterior_sd, "
        "times_correct",
    }
    assert {name: ", ".join(frame.columns) for name, frame in tables.items()} == promised
    columns = (PERFORMANCE_COLUMNS, SPLITS_COLUMNS, PATIENTS_COLUMNS)
    assert [", ".join(c) for c in columns] == list(promised.values())


def test_splits_table_has_the_metrics_of_each_split() -> None:
    arms = three_arms(4)
    table = splits_table(arms)
    assert list(table["arm"].unique()) == ["mri_only", "ct_only", "combined"]
    split = arms[2].splits[3]
    row = table[(table["arm"] == "combined") & (table["split"] == 3)].iloc[0]
    assert row["auc"] == pytest.approx(roc_auc_score(split.outcome, split.posterior))
    assert row["accuracy"] == pytest.approx(np.mean(split.outcome == split.predicted))
    assert (row["n_train"], row["n_test"]) == (40, 11)


def test_metrics_of_a_split_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(*args: Any) -> dict[str, float]:
        calls.append(1)
        return split_metrics(*args)

    monkeypatch.setattr(collect, "split_metrics", counted)
    monkeypatch.setattr(compare, "split_metrics", counted)
    arms = three_arms(4)
    outcome_tables(arms)
    compare.compare_arms(arms)
    splits_table(arms)
    assert len(calls) == 12


def test_performance_summarises_the_splits() -> None:
    arms = three_arms()
    splits = splits_table(arms)
    table = performance_table(arms)
    assert list(table["metric"]) == list(METRICS) * 3
    row = table[(table["arm"] == "ct_only") & (table["metric"] == "bca")].iloc[0]
    values = splits.loc[splits["arm"] == "ct_only", "bca"]
    expected = corrected_resampled_interval(values, 40, 11)
    assert (row["mean"], row["ci_low"], row["ci_high"]) == pytest.approx(expected[:3])
    assert row["mean"] == pytest.approx(np.mean(values))
    assert (row["n_splits"], row["n_patients"], row["n_events"]) == (20, 51, 19)


def test_performance_counts_patients_tested_at_least_once() -> None:
    splits = (
        prediction(["A", "B"], [1, 0], [0.8, 0.1], 0),
        prediction(["A", "C"], [1, 0], [0.6, 0.7], 1),
        prediction(["C", "D"], [0, 0], [0.6, 0.7], 2),
    )
    table = performance_table([ArmPredictions("x", splits)]).set_index("metric")
    assert set(table["n_patients"]) == {4}
    assert set(table["n_events"]) == {1}
    assert table.at["auc", "n_splits"] == 2  # the last split has one class only
    assert table.at["auc", "mean"] == pytest.approx(0.5)
    assert table.at["accuracy", "n_splits"] == 3


def test_one_split_has_means_but_no_intervals() -> None:
    table = performance_table(three_arms(1))
    assert table["mean"].notna().all()
    assert table[["ci_low", "ci_high"]].isna().all(axis=None)


def test_patients_table_counted_by_hand() -> None:
    splits = (
        prediction(["P10", "P2"], [1, 0], [0.8, 0.1], 0),
        prediction(["P10", "P3"], [1, 1], [0.2, 0.4], 1),
    )
    table = patients_table([ArmPredictions("x", splits)])
    assert list(table["patient_id"]) == ["P2", "P3", "P10"]
    assert list(table["outcome"]) == [0, 1, 1]
    assert list(table["n_tested"]) == [1, 1, 2]
    assert list(table["posterior_mean"]) == pytest.approx([0.1, 0.4, 0.5])
    assert math.isnan(table["posterior_sd"].iloc[0])
    assert table["posterior_sd"].iloc[2] == pytest.approx(0.6 / math.sqrt(2))
    assert list(table["times_correct"]) == [1, 0, 1]


def test_times_correct_follows_the_predicted_class_not_the_probability() -> None:
    split = SplitPrediction(
        0, ("T",), ("A",), np.array([1]), np.array([0.9]), predicted=np.array([0])
    )
    assert patients_table([ArmPredictions("x", (split,))])["times_correct"].item() == 0


def test_tables_do_not_depend_on_the_order_in_which_splits_finished() -> None:
    arms = three_arms(6)
    shuffled = [ArmPredictions(a.arm, tuple(reversed(a.splits))) for a in arms]
    assert splits_table(arms).equals(splits_table(shuffled))
    one, other = performance_table(arms), performance_table(shuffled)
    assert one.drop(columns=["mean", "ci_low", "ci_high"]).equals(
        other.drop(columns=["mean", "ci_low", "ci_high"])
    )
    np.testing.assert_allclose(one["mean"], other["mean"], rtol=1e-12)


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
