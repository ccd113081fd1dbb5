"""The searches of a study with permuted outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.pipeline.stages.reported import whole_permutations
from lungmet_worc.pipeline.stages.search import Searched, searches, seconds
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan

#: Bump when our own code changes what a search with permuted outcomes gives.
REVISION = 1


def _tasks(plan: Plan, made: Made) -> list[Task]:
    return searches(plan, made, _permuted(plan))


def _permuted(plan: Plan) -> Iterator[Searched]:
    """Yield each permutation of the outcomes, with its splits.

    Outcomes are permuted over all patients, the same in every arm, before splits are drawn:
    everything that follows is done as with the real ones.
    """
    import numpy as np

    from lungmet_worc.study.splits import study_splits
    from lungmet_worc.study.tested_splits import splits_of_arms

    function = "lungmet_worc.worc.search:permuted_search"
    for number in range(plan.study.statistics.permutations):
        random = np.random.default_rng([plan.study.search.seed, number])
        shuffled = random.permutation(list(plan.outcomes.values())).tolist()
        outcomes = dict(zip(plan.outcomes, shuffled, strict=True))
        splits = study_splits(plan.study, plan.cohort, outcomes)
        yield Searched(
            *("permutation", REVISION, function),
            *(outcomes, splits, splits_of_arms(plan.study, plan.cohort, splits, outcomes)),
            permutation=number,
        )


PERMUTATION = Stage(
    Sentence("permutation"),
    Sentence("Permuting outcomes"),
    _tasks,
    seconds=seconds,
    optional=True,
    divisible=True,
    reported=whole_permutations,
)
