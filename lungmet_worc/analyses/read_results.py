"""From the split files of a run to predictions, explanations and permuted AUCs."""

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
    ArmExplanation,
    ArmPredictions,
    SplitExplanation,
    SplitPrediction,
    StudyResults,
)
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study.tested_splits import UntestedSplit
from lungmet_worc.tasks.task import Task
from lungmet_worc.worc.storage import read_matrix, read_result

#: What is kept of a split's result; its candidates, nearly all of it, are counted at once.
Result = Mapping[str, Any]


def read_results(searches: Sequence[Task]) -> dict[str, list[tuple[int, Result]]]:
    """Read what each split found, without its models.

    Parameters
    ----------
    searches : sequence of Task
        Search tasks that are done.

    Returns
    -------
    dict
        Arm -> (number of the split, result), with ``candidates`` counted by classifier.
    """
    results: dict[str, list[tuple[int, Result]]] = {}
    for task in searches:
        result = read_result(task.output)
        scored = (c["classifier"] for c in result["candidates"] if c["score"] is not None)
        result["candidates"] = dict(Counter(scored))
        results.setdefault(task.key.arm, []).append((task.key.split, result))
    return results


def study_results(
    plan: Plan,
    results: Mapping[str, Sequence[tuple[int, Result]]],
    permutations: Sequence[Task],
    *,
    levels: pd.DataFrame,
    acquisition: pd.DataFrame,
    untested: Sequence[UntestedSplit] = (),
) -> StudyResults:
    """Put together what tables and figures are made from.

    Parameters
    ----------
    plan : Plan
        The study, its cohort and its run folder.
    results : mapping
        See `read_results`.
    permutations : sequence of Task
        Searches with permuted outcomes, all done.
    levels, acquisition, untested
        See `lungmet_worc.analyses.results.StudyResults`.
    """
    return StudyResults(
        arms=[
            ArmPredictions(arm, tuple(split_prediction(*result) for result in of_arm))
            for arm, of_arm in results.items()
        ],
        explanations=[
            ArmExplanation(arm, tuple(split_explanation(*result) for result in of_arm))
            for arm, of_arm in results.items()
            if all("importance" in result for _, result in of_arm)
        ],
        permuted=permuted_aucs(permutations),
        matrices={arm: read_matrix(plan.paths.matrix(arm)) for arm in results},
        modalities=tuple(plan.study.modalities),
        levels=levels,
        acquisition=acquisition,
        statistics=plan.study.statistics,
        seed=plan.study.search.seed,
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


def split_explanation(index: int, result: Result) -> SplitExplanation:
    """Return what won a split's search, and what its ensemble looks at."""
    return SplitExplanation(
        split=index,
        members=tuple(result["ensemble"]),
        importance=tuple(result["importance"]),
        candidates=result["candidates"],
    )


def permuted_aucs(permutations: Sequence[Task]) -> pd.DataFrame:
    """Return the AUC of each search with permuted outcomes: arm, permutation, split, auc."""
    rows = []
    for task in permutations:
        auc = json.loads(task.output.read_text("utf-8"))["auc"]
        number = math.nan if auc is None else auc
        rows.append((task.key.arm, task.key.permutation, task.key.split, number))
    return pd.DataFrame(rows, columns=list(PERMUTED_COLUMNS))
