"""WORC's own evaluation reads what we store, and our evaluation gives its numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.statistics.metrics import split_metrics
from lungmet_worc.basics.stamped_files import STAMP, read_stamp
from lungmet_worc.worc.evaluation import evaluate
from lungmet_worc.worc.storage import read_result
from tests.worc.small import OUTCOME, SmallData

pytestmark = pytest.mark.worc

#: WORC's name -> ours, where both define a metric alike; see errata E33 for the others.
METRICS = {
    "Accuracy": "accuracy",
    "BCA": "bca",
    "Sensitivity": "sensitivity",
    "Specificity": "specificity",
    "F1-score": "f1_weighted",
    "AUC": "auc",
}


def _joined(paths: list[Path]) -> pd.DataFrame:
    """Return the stored frames of several splits as the one frame that WORC writes."""
    series = [pd.read_hdf(path)[OUTCOME] for path in paths]
    shared = ("config", "feature_labels")
    joined = {
        key: series[0][key] if key in shared else [part[key][0] for part in series]
        for key in series[0].index
    }
    return pd.DataFrame({OUTCOME: pd.Series(joined)})


def _by_worc(frame: pd.DataFrame, labels: Path) -> dict[str, Any]:
    from WORC.plotting.plot_estimator_performance import plot_estimator_performance

    performance: dict[str, Any] = plot_estimator_performance(
        prediction=frame,
        label_data=str(labels),
        label_type=OUTCOME,
        ensemble_method="top_N",
        ensemble_size=3,
        output="stats",
    )
    return performance


@pytest.fixture(scope="module")
def splits(small: SmallData) -> list[Path]:
    return [small.search("evaluation", number) for number in range(3)]


def _evaluated(
    small: SmallData, splits: list[Path], names: dict[str, str], labels: Path
) -> dict[str, Any]:
    output = small.folder / "performance_all_0.json"
    evaluate(
        splits=[str(path) for path in splits],
        labels=str(labels),
        settings=str(small.settings("evaluation")),
        outcome_name=OUTCOME,
        names=names,
        accelerate=True,  # as in a run
        output=str(output),
        stamp="the stamp",
    )
    assert read_stamp(output) == "the stamp"
    performance: dict[str, Any] = json.loads(output.read_text("utf-8"))
    assert performance.pop(STAMP) == "the stamp"
    return performance


def test_stored_predictions_give_worcs_numbers(small: SmallData, splits: list[Path]) -> None:
    labels = small.write_labels()
    ours = _evaluated(small, splits, {name: name for name in small.outcomes}, labels)
    theirs = _by_worc(_joined(splits), labels)
    assert ours == json.loads(json.dumps(theirs, default=lambda value: value.tolist()))
    assert len(ours["All_performances"]["AUC"]) == 3


def test_frame_of_one_split_is_read_by_worc(small: SmallData, splits: list[Path]) -> None:
    theirs = _by_worc(pd.read_hdf(splits[1]), small.write_labels())
    result = read_result(splits[1])
    own = split_metrics(*(np.asarray(result[key]) for key in ("outcome", "posterior", "predicted")))
    for worc_name, name in METRICS.items():
        assert theirs["All_performances"][worc_name] == [pytest.approx(own[name])], name


def test_rankings_have_the_users_ids(small: SmallData, splits: list[Path]) -> None:
    """Patients have other ids inside where WORC could mistake one for another (errata E5)."""
    names = {user: f"patient{number:05d}" for number, user in enumerate(small.outcomes)}
    labels = small.write_labels(names)
    rankings = _evaluated(small, splits, names, labels)["Rankings"]
    tested = [name for path in splits for name in read_result(path)["test"]]
    assert rankings["timesintestset"] == {name: tested.count(name) for name in tested}
    assert rankings["Percentages"].keys() == set(tested)
