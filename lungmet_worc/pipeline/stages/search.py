"""The searches of a study, with its outcomes or with permuted ones, and what they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungmet_worc.basics import versions
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.words import named
from lungmet_worc.pipeline.stages import unscored
from lungmet_worc.pipeline.stages.arm_features import matrix_parts, prepare
from lungmet_worc.pipeline.stages.reported import reported_searches
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.study.config import StudyConfig
    from lungmet_worc.study.splits import Split
    from lungmet_worc.study.tested_splits import ArmSplits

#: Bump when our own code changes what a search gives.
REVISION = 2

#: Packages whose version decides a search.
PACKAGES = ("WORC", "scikit-learn", "imbalanced-learn", "xgboost", "numpy", "scipy")

SECONDS_PER_FIT = {True: 0.02, False: 0.06}

#: Arguments that say where a search finds what its stamp has already, or how it is done.
_NO_SCIENCE = ("features", "modalities", "settings", "accelerate")


@dataclass(frozen=True)
class Searched:
    """What the splits of all arms are searched for.

    Parameters
    ----------
    stage : str
        The stage of the tasks.
    revision : int
        Of what they give.
    function : str
        What they call.
    outcomes : mapping of str to int
        Patient -> outcome, of all arms.
    splits : sequence of Split
        Of all arms.
    tested : mapping of str to ArmSplits
        Arm -> those in which it is tested.
    permutation : int
        Number of the permutation, -1 for the study's own outcomes.
    """

    stage: str
    revision: int
    function: str
    outcomes: Mapping[str, int]
    splits: Sequence[Split]
    tested: Mapping[str, ArmSplits]
    permutation: int = -1


def searches(plan: Plan, made: Made, several: Iterable[Searched]) -> list[Task]:
    """Return a task for each split in which an arm is tested; the arms' settings must be there.

    The splits of all arms alternate, so that a run that is cut short has about as many
    splits of each.
    """
    tasks = []
    prepared = {name: _parts(plan, name, made) for name in plan.study.arms}
    for one in several:
        outcomes = {
            name: {p: one.outcomes[p] for p in members}
            for name, members in plan.cohort.arms.items()
        }
        for split in one.splits:
            for name in plan.study.arms:
                if split.index in one.tested[name].tested:
                    tasks.append(_task(plan, one, name, split, outcomes[name], prepared[name]))
    return tasks


def _task(
    plan: Plan,
    one: Searched,
    arm: str,
    split: Split,
    outcomes: Mapping[str, int],
    prepared: tuple[str, Path, Mapping[str, Any]],
) -> Task:
    matrix, ini, made_from = prepared
    part = one.tested[arm].tested[split.index]
    arguments: dict[str, Any] = {
        "features": str(plan.paths.matrix(arm)),
        "outcomes": outcomes,
        "train": list(part.train),
        "test": list(part.test),
        "settings": str(ini),
        "seed": plan.seed(split),
        "aligned": plan.study.search.worc_compat is None,
        "accelerate": plan.study.run.accelerate,
    }
    permuted = one.permutation >= 0
    if not permuted:
        arguments["modalities"] = list(plan.study.arms[arm].modalities)
        arguments["outcome_name"] = plan.study.outcome
    number = [f"permutation {one.permutation + 1}"] if permuted else []
    return Task(
        key=TaskKey(one.stage, arm=arm, split=split.index, permutation=one.permutation),
        label=", ".join([arm, *number, f"split {split.index + 1}"]),
        function=one.function,
        arguments=arguments,
        output=(
            plan.paths.permuted(arm, one.permutation, split.index)
            if permuted
            else plan.paths.split(arm, split.index)
        ),
        stamp=content_hash(
            one.stage,
            one.revision,
            made_from["versions"],
            matrix,
            {name: value for name, value in arguments.items() if name not in _NO_SCIENCE},
            made_from["settings"],
        ),
        ingredients=made_from,
        tool="lungmet/SearchSplits:1.0",
    )


def _parts(plan: Plan, name: str, made: Made) -> tuple[str, Path, dict[str, Any]]:
    """Return the stamp of an arm's features, its ini file, and what its searches are of."""
    ini = plan.paths.settings(name, plan.first_modality(name))
    stamp, of_matrix = matrix_parts(plan, name, made)
    return (
        stamp,
        ini,
        {
            "revision": REVISION,
            "versions": versions.of(PACKAGES),
            **of_matrix,
            "outcome": plan.study.outcome,
            "outcomes": {p: plan.outcomes[p] for p in plan.cohort.arms[name]},
            "seed": plan.study.search.seed,
            "worc_compat": plan.study.search.worc_compat,
            "settings": plan.search_part(ini),
        },
    )


def _tasks(plan: Plan, made: Made) -> list[Task]:
    function = "lungmet_worc.worc.search:search_split"
    one = Searched(
        *("search", REVISION, function),
        *(plan.outcomes, plan.splits, plan.arm_splits),
    )
    return searches(plan, made, [one])


def seconds(study: StudyConfig) -> float:
    """Return about how long a search takes on one core."""
    each = SECONDS_PER_FIT[study.run.accelerate]
    return each * study.search.candidates * study.search.inner_splits


def _failed(keys: Sequence[TaskKey], why: str) -> Sentence:
    of: dict[str, list[int]] = {}
    for key in keys:
        of.setdefault(key.arm, []).append(key.split + 1)
    parts = [_splits(arm, numbers) for arm, numbers in of.items()]
    return Sentence("The search of {what} failed: {why}.", what=joined(parts, "; "), why=why)


def _splits(arm: str, numbers: Sequence[int]) -> Sentence:
    said = named(list(map(str, numbers)))
    if len(numbers) == 1:
        return Sentence("{arm}, split {numbers}", arm=arm, numbers=said)
    return Sentence("{arm}, splits {numbers}", arm=arm, numbers=said)


SEARCH = Stage(
    Sentence("search"),
    Sentence("Searching workflows"),
    _tasks,
    seconds=seconds,
    divisible=True,
    prepare=prepare,
    after=unscored.remember,
    reported=reported_searches,
    failed=_failed,
    packages=PACKAGES,
)
