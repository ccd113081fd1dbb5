"""From split files to the results of a study."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.analyses.read_results import read_results
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.study.cohort import NOBODY
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task, TaskKey
from lungmet_worc.worc.storage import write_estimators, write_matrix
from tests.pipeline.test_compare import arms_of
from tests.synthetic import make_study, write_cohort

EXPLAINED = {
    "ensemble": [{"number": 1, "classifier": "RF", "steps": [], "chosen": {}}],
    "importance": [{"modality": "MRI", "group": "all", "n_features": 2, "drop": 0.1}],
}


def task(key: TaskKey, output: Path) -> Task:
    return Task(key, str(key), "", {}, output, "s")


def read(folder: Path, found: dict[tuple[str, int], dict[str, Any]]) -> StudyResults:
    """Write a split file for each arm and split, and a permuted AUC; read them back."""
    paths, arms, searches = RunPaths(folder / "run"), arms_of(2), []
    for (arm, number), more in found.items():
        split = arms[arm].splits[number]
        result = {
            "train": list(split.train_ids),
            "test": list(split.test_ids),
            "outcome": split.outcome.tolist(),
            "posterior": split.posterior.tolist(),
            "predicted": split.predicted.tolist(),
            "candidates": [
                {"classifier": "RF", "score": 0.7},
                {"classifier": "RF", "score": 0.6},
                {"classifier": "SVM", "score": None},
            ],
            "causes": {"singular matrix": 1},
            **more,
        }
        write_estimators(paths.split(arm, number), pd.DataFrame(), result, stamp="s")
        searches.append(task(TaskKey("search", arm=arm, split=number), paths.split(arm, number)))
        write_matrix(paths.matrix(arm), pd.DataFrame({"f_MRI": [1.0]}, index=["P1"]), stamp="s")
    permuted = []
    for number, auc in enumerate((0.6, None)):
        output = paths.permuted("MRI", 3, number)
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps({"auc": auc}))
        key = TaskKey("permutation", arm="MRI", permutation=3, split=number)
        permuted.append(task(key, output))
    study = make_study(write_cohort(folder, 6), ["MRI", "CT"], search="seed = 4")
    return read_results(
        study,
        paths,
        searches,
        permuted,
        cohort=NOBODY,
        acquisition=pd.DataFrame(),
    )


def test_predictions_are_those_of_the_split_files(tmp_path: Path) -> None:
    results = read(tmp_path, {("CT", 0): {}, ("CT", 1): {}, ("MRI", 0): {}})
    assert [(arm.arm, [s.split for s in arm.splits]) for arm in results.arms] == [
        ("CT", [0, 1]),
        ("MRI", [0]),
    ]
    np.testing.assert_array_equal(
        results.arms[0].splits[1].posterior, arms_of(2)["CT"].splits[1].posterior
    )
    assert set(results.matrices) == {"CT", "MRI"}
    assert (results.modalities, results.seed) == (("MRI", "CT"), 4)


def test_an_arm_is_explained_where_all_its_splits_are(tmp_path: Path) -> None:
    results = read(tmp_path, {("CT", 0): EXPLAINED, ("CT", 1): {}, ("MRI", 0): EXPLAINED})
    (explained,) = results.explanations
    assert explained.arm == "MRI"
    assert explained.splits[0].candidates == {"RF": 2}
    assert explained.splits[0].members[0]["classifier"] == "RF"


def test_why_candidates_have_no_score_is_added_up_the_most_frequent_first(tmp_path: Path) -> None:
    more = {"causes": {"no feature left": 5, "singular matrix": 2}}
    results = read(tmp_path, {("CT", 0): {}, ("CT", 1): more, ("MRI", 0): {}})
    assert results.without_score.to_numpy().tolist() == [
        ["CT", "no feature left", 5],
        ["CT", "singular matrix", 3],
        ["MRI", "singular matrix", 1],
    ]


def test_an_auc_that_is_not_defined_is_nan(tmp_path: Path) -> None:
    permuted = read(tmp_path, {("MRI", 0): {}}).permuted
    assert permuted.iloc[0].to_list() == ["MRI", 3, 0, 0.6]
    assert math.isnan(permuted["auc"][1])
