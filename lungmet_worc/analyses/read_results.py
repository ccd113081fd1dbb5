"""From the split files of a run to the results of a study."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import (
    PERMUTED_COLUMNS,
    WITHOUT_SCORE_COLUMNS,
    ArmExplanation,
    ArmPredictions,
    SplitExplanation,
    SplitPrediction,
    StudyResults,
)
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.tested_splits import UntestedSplit
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task
from lungmet_worc.worc.storage import read_matrix, read_result


def read_results(
    study: StudyConfig,
    paths: RunPaths,
    searches: Sequence[Task],
    permutations: Sequence[Task],
    *,
    cohort: Cohort,
    acquisition: pd.DataFrame,
    untested: Sequence[UntestedSplit] = (),
) -> StudyResults:
    """Read what tables and figures are made from.

    Parameters
    ----------
    study : StudyConfig
    paths : RunPaths
        The run folder.
    searches, permutations : sequence of Task
        Searches, and searches with permuted outcomes, all done.
    cohort, acquisition, untested
        See `lungmet_worc.analyses.results.StudyResults`.
    """
    predictions: dict[str, list[SplitPrediction]] = {}
    explanations: dict[str, list[SplitExplanation]] = {}
    causes: dict[str, Counter[str]] = {}
    for task in searches:
        arm, split, result = task.key.arm, task.key.split, read_result(task.output)
        predictions.setdefault(arm, []).append(split_prediction(split, result))
        causes.setdefault(arm, Counter()).update(result["causes"])
        if "importance" in result:
            explanations.setdefault(arm, []).append(_explanation(split, result))
    return StudyResults(
        arms=[ArmPredictions(arm, tuple(of_arm)) for arm, of_arm in predictions.items()],
        statistics=study.statistics,
        seed=study.search.seed,
        explanations=[
            ArmExplanation(arm, tuple(explanations[arm]))
            for arm, of_arm in predictions.items()
            if len(explanations.get(arm, ())) == len(of_arm)
        ],
        without_score=pd.DataFrame(
            [(arm, *of_cause) for arm, found in causes.items() for of_cause in found.most_common()],
            columns=WITHOUT_SCORE_COLUMNS,
        ),
        permuted=pd.DataFrame(map(_permuted, permutations), columns=PERMUTED_COLUMNS),
        matrices={arm: read_matrix(paths.matrix(arm)) for arm in predictions},
        modalities=tuple(study.modalities),
        cohort=cohort,
        acquisition=acquisition,
        untested=tuple(untested),
    )


def split_prediction(index: int, result: Mapping[str, Any]) -> SplitPrediction:
    """Return what a split's result says of its test patients."""
    return SplitPrediction(
        split=index,
        train_ids=tuple(result["train"]),
        test_ids=tuple(result["test"]),
        outcome=np.asarray(result["outcome"], int),
        posterior=np.asarray(result["posterior"], float),
        predicted=np.asarray(result["predicted"], int),
        validation_outcome=np.asarray(result.get("validation_outcome", ()), int),
        validation_posterior=np.asarray(result.get("validation_posterior", ()), float),
    )


def _explanation(index: int, result: Mapping[str, Any]) -> SplitExplanation:
    """Return what won a split's search, and what its ensemble looks at."""
    # The candidates are nearly all of a result: they are counted, not kept.
    scored = (c["classifier"] for c in result["candidates"] if c["score"] is not None)
    return SplitExplanation(
        split=index,
        members=tuple(result["ensemble"]),
        importance=tuple(result["importance"]),
        candidates=dict(Counter(scored)),
    )


def _permuted(task: Task) -> tuple[str, int, int, float]:
    """Return arm, permutation, split and AUC of a search with permuted outcomes."""
    auc = json.loads(task.output.read_text("utf-8"))["auc"]
    return task.key.arm, task.key.permutation, task.key.split, math.nan if auc is None else auc
