"""The searches of a study, with its outcomes and with permuted ones.

As :mod:`lungmet_worc.pipeline.plan`, whose decisions they follow: nothing is run here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lungmet_worc.basics import versions
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study.splits import study_splits
from lungmet_worc.study.tested_splits import splits_of_arms
from lungmet_worc.tasks.task import Task, TaskKey, content_hash


def search_tasks(plan: Plan, extractions: Mapping[tuple[str, str], Task]) -> list[Task]:
    """Return a task for each split in which an arm is tested; the arms' settings must be there.

    The splits of all arms alternate, so that a run that is cut short has about as many
    splits of each.
    """
    search = plan.study.search
    installed = versions.of(versions.SEARCH)
    tasks = []
    prepared = {name: _search_parts(plan, name, extractions) for name in plan.study.arms}
    for split in plan.splits:
        for name in plan.study.arms:
            matrix_stamp, ini, made_from = prepared[name]
            outcomes = made_from["outcomes"]
            part = plan.arm_splits[name].tested.get(split.index)
            if part is None:
                continue
            seed = plan.seed(split)
            arguments: dict[str, Any] = {
                "features": str(plan.paths.matrix(name)),
                "modalities": list(plan.study.arms[name].modalities),
                "outcomes": outcomes,
                "train": list(part.train),
                "test": list(part.test),
                "settings": str(ini),
                "outcome_name": plan.study.outcome,
                "seed": seed,
                "aligned": search.worc_compat is None,
                "accelerate": plan.study.run.accelerate,
            }
            science = {
                key: arguments[key]
                for key in ("outcomes", "train", "test", "outcome_name", "seed", "aligned")
            }
            tasks.append(
                Task(
                    key=TaskKey("search", arm=name, split=split.index),
                    label=f"{name}, split {split.index + 1}",
                    function="lungmet_worc.worc.search:search_split",
                    arguments=arguments,
                    output=plan.paths.split(name, split.index),
                    stamp=content_hash(
                        "search",
                        versions.SEARCH_REVISION,
                        installed,
                        matrix_stamp,
                        science,
                        made_from["settings"],
                    ),
                    ingredients=made_from,
                )
            )
    return tasks


def permutation_tasks(plan: Plan, extractions: Mapping[tuple[str, str], Task]) -> list[Task]:
    """Return a task for each split in which an arm is tested with permuted outcomes.

    Outcomes are permuted over all patients, the same in every arm, before splits are drawn:
    everything that follows is done as with the real ones.
    """
    search = plan.study.search
    installed = versions.of(versions.SEARCH)
    tasks = []
    prepared = {name: _search_parts(plan, name, extractions) for name in plan.study.arms}
    for number in range(plan.study.statistics.permutations):
        random = np.random.default_rng([search.seed, number])
        shuffled = random.permutation(list(plan.outcomes.values())).tolist()
        outcomes = dict(zip(plan.outcomes, shuffled, strict=True))
        splits = study_splits(plan.study, plan.cohort, outcomes)
        of_arms = splits_of_arms(plan.study, plan.cohort, splits, outcomes)
        for split in splits:
            for name in plan.study.arms:
                matrix_stamp, ini, made_from = prepared[name]
                part = of_arms[name].tested.get(split.index)
                if part is None:
                    continue
                arguments: dict[str, Any] = {
                    "features": str(plan.paths.matrix(name)),
                    "outcomes": {p: outcomes[p] for p in plan.cohort.arms[name]},
                    "train": list(part.train),
                    "test": list(part.test),
                    "settings": str(ini),
                    "seed": plan.seed(split),
                    "aligned": search.worc_compat is None,
                    "accelerate": plan.study.run.accelerate,
                }
                science = ("outcomes", "train", "test", "seed", "aligned")
                tasks.append(
                    Task(
                        key=TaskKey("permutation", arm=name, split=split.index, permutation=number),
                        label=f"{name}, permutation {number + 1}, split {split.index + 1}",
                        function="lungmet_worc.worc.search:permuted_search",
                        arguments=arguments,
                        output=plan.paths.permuted(name, number, split.index),
                        stamp=content_hash(
                            "permutation",
                            versions.PERMUTATION_REVISION,
                            installed,
                            matrix_stamp,
                            {key: arguments[key] for key in science},
                            made_from["settings"],
                        ),
                        ingredients=made_from,
                    )
                )
    return tasks


def _search_parts(
    plan: Plan, name: str, extractions: Mapping[tuple[str, str], Task]
) -> tuple[str, Path, dict[str, Any]]:
    """Return the stamp of an arm's features, its ini file, and what its searches are of."""
    ini = plan.paths.settings(name, (plan.study.arms[name].modalities or ("clinical",))[0])
    matrix_stamp, of_matrix = plan.arm_parts(name, extractions)
    made_from = {
        "revision": versions.SEARCH_REVISION,
        "versions": versions.of(versions.SEARCH),
        **of_matrix,
        "outcome": plan.study.outcome,
        "outcomes": {p: plan.outcomes[p] for p in plan.cohort.arms[name]},
        "seed": plan.study.search.seed,
        "worc_compat": plan.study.search.worc_compat,
        "settings": plan.search_part(ini),
    }
    return matrix_stamp, ini, made_from
