"""The searches of a study, with its outcomes or with permuted ones, and what they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lungmet_worc.basics import versions
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.stamped_files import read_stamp, write_text
from lungmet_worc.basics.words import named
from lungmet_worc.pipeline import arm_matrix
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import unscored
from lungmet_worc.pipeline.stages.extraction import by_pair
from lungmet_worc.study import clinical
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.splits import Split
from lungmet_worc.study.tested_splits import ArmSplits
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.stage_runner import StageRunner
from lungmet_worc.tasks.task import Task, TaskKey, content_hash
from lungmet_worc.worc.storage import write_matrix

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
            "revision": versions.SEARCH_REVISION,
            "versions": versions.of(versions.SEARCH),
            **of_matrix,
            "outcome": plan.study.outcome,
            "outcomes": {p: plan.outcomes[p] for p in plan.cohort.arms[name]},
            "seed": plan.study.search.seed,
            "worc_compat": plan.study.search.worc_compat,
            "settings": plan.search_part(ini),
        },
    )


def matrix_parts(plan: Plan, name: str, made: Made) -> tuple[str, dict[str, Any]]:
    """Return the stamp of an arm's feature matrix, and its ingredients."""
    arm, ids, extractions = plan.study.arms[name], plan.cohort.arms[name], by_pair(made)
    files = [
        [patient, modality, extractions[patient, modality].stamp]
        for patient in ids
        for modality in arm.modalities
        if (patient, modality) in extractions
    ]
    members = [plan.patients[patient] for patient in ids]
    encoded = clinical.encode(members, arm.clinical, plan.study.clinical)
    columns, values = list(encoded.columns), encoded.astype(str).to_numpy().tolist()
    harmonised = {
        task.key.modality: task.stamp
        for task in made["harmonisation"]
        if task.key.modality in arm.modalities
    }
    found = {
        "patients": list(ids),
        "modalities": list(arm.modalities),
        "features": arm.features if isinstance(arm.features, str) else list(arm.features),
        "features_of": {f"{modality}/{patient}": stamp for patient, modality, stamp in files},
        "clinical": columns,
        "clinical_of": {one: row for one, row in zip(ids, values, strict=True) if row},
        **({"harmonised": harmonised} if harmonised else {}),
    }
    stamp = content_hash(
        "matrix",
        files,
        *(found[part] for part in ("patients", "modalities", "features")),
        [columns, values],
        *([harmonised] if harmonised else []),
    )
    return stamp, found


def _prepare(plan: Plan, made: Made, runner: StageRunner) -> None:
    """Write what the searches of each arm read: outcomes, clinical features, all features."""
    for name in plan.study.arms:
        _prepare_arm(plan, name, made, runner)


def _prepare_arm(plan: Plan, name: str, made: Made, runner: StageRunner) -> None:
    study, paths, arm = plan.study, plan.paths, plan.study.arms[name]
    members = [plan.patients[member] for member in plan.cohort.arms[name]]
    outcomes = {plan.names[p]: plan.outcomes[p] for p in plan.cohort.arms[name]}
    runner.aside.keep([paths.labels(name), paths.semantics(name)])
    arm_matrix.write_labels(paths.labels(name), study.outcome, outcomes)
    if arm.clinical:
        encoded = clinical.encode(members, arm.clinical, study.clinical)
        arm_matrix.write_semantics(paths.semantics(name), encoded, plan.names)
    for modality in (each for each in arm.modalities[1:] if each in study.images):
        text = paths.fingerprint(modality).read_text("utf-8")
        runner.aside.keep([paths.settings(name, modality)])
        write_text(paths.settings(name, modality), text)
    stamp, _ = matrix_parts(plan, name, made)
    if read_stamp(paths.matrix(name)) != stamp:
        runner.keep([paths.matrix(name)])
        files = {pair: task.output for pair, task in by_pair(made).items()}
        harmonised = {task.key.modality: task.output for task in made["harmonisation"]}
        matrix = arm_matrix.arm_matrix(arm, members, files, study.clinical, harmonised)
        write_matrix(paths.matrix(name), matrix, stamp=stamp)


def _tasks(plan: Plan, made: Made) -> list[Task]:
    function = "lungmet_worc.worc.search:search_split"
    one = Searched(
        *("search", versions.SEARCH_REVISION, function),
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
    prepare=_prepare,
    after=unscored.remember,
    failed=_failed,
)
