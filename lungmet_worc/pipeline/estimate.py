"""What a run would do, and about how long it would take."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lungmet_worc.basics.stamped_files import read_stamp
from lungmet_worc.checks.checked_cohort import CheckedCohort
from lungmet_worc.checks.study import check_study
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.pipeline.changes import changed_settings
from lungmet_worc.pipeline.feature_store import FeatureStore
from lungmet_worc.pipeline.pace import mean_seconds
from lungmet_worc.pipeline.runnable import runnable_plan
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.pipeline.stages.extraction import EXTRACTION
from lungmet_worc.pipeline.stale import StaleTasks, stale_tasks
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.tasks.progress import duration
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.run_folder.mark import require_ours
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import read_state
from lungmet_worc.tasks.task import Task, TaskState, unfinished

_ROW = "{:<12} {:>7} {:>9} {:>9}   {}"


@dataclass(frozen=True)
class StagePlan:
    """The tasks of one stage, by state, and their cost."""

    stage: str
    fresh: int
    missing: int
    stale: int
    seconds: float
    stored: int = 0
    """Those of the missing and stale that are in the feature store."""


@dataclass(frozen=True)
class PlanSummary:
    """What a run would do.

    Parameters
    ----------
    stages : tuple of StagePlan
        In the order in which they run.
    cohort : CheckedCohort
        Who enters which arm.
    cores : int
        Tasks that would run at the same time.
    stale : tuple of StaleTasks
        Why tasks that were done would run again, those with one cause together.
    images_stored : int
        Features that would be extracted and may be in the feature store: it has some of the same
        images, but how WORC treats them is known only when it has looked at all of them.
    """

    stages: tuple[StagePlan, ...]
    cohort: CheckedCohort
    cores: int
    stale: tuple[StaleTasks, ...] = ()
    images_stored: int = 0

    @property
    def seconds(self) -> float:
        """Return the wall time to expect."""
        return sum(stage.seconds for stage in self.stages) / self.cores

    def to_text(self, say: Language = ENGLISH) -> str:
        """Return the plan as a table and a sentence, in the language of the reader."""
        heads = say("stage"), say("done"), say("missing"), say("stale"), say("about")
        lines = [self.cohort.to_text(say).rstrip(), "", _ROW.format(*heads)]
        for stage in self.stages:
            about = say.of(duration(math.ceil(stage.seconds / self.cores)))
            name = say.of(stage.stage)
            lines.append(_ROW.format(name, stage.fresh, stage.missing, stage.stale, about))
        total = say.of(duration(math.ceil(self.seconds)))
        in_all = say.plural(
            self.cores,
            "In all about {time} on {n} core.",
            "In all about {time} on {n} cores.",
            time=total,
        )
        lines += ["", in_all]
        stored = sum(stage.stored for stage in self.stages)
        if stored:
            said = say.plural(
                stored,
                "{n} of the features to extract is taken from the feature store.",
                "{n} of the features to extract are taken from the feature store.",
            )
            lines += ["", said]
        if self.images_stored:
            said = say.plural(
                self.images_stored,
                "The feature store has features of the images of {n} extraction; they are taken "
                "if WORC treats the images as before.",
                "The feature store has features of the images of {n} extractions; they are taken "
                "if WORC treats the images as before.",
            )
            lines += ["", said]
        if self.stale:
            lines += ["", say("Stale, and would run again (the old results are kept in old/):")]
            lines += [f"  {say.of(each.sentence)}" for each in self.stale]
        return "\n".join(lines)


def plan_summary(study: StudyConfig, paths: RunPaths, *, cores: int) -> PlanSummary:
    """Return what a run of the study into the folder would do.

    Parameters
    ----------
    study : StudyConfig
        The study.
    paths : RunPaths
        The run folder, which need not exist.
    cores : int
        Tasks that would run at the same time.

    Raises
    ------
    LungmetError
        The manifest or the study cannot be used, or the folder is not ours.
    """
    require_ours(paths.folder, "run")
    # Nothing is written where there is no run yet.
    kept = paths.inspections if paths.run_json.exists() else None
    checked = check_study(study, cores=cores, kept=kept)
    plan = runnable_plan(study, checked, paths)
    measured = mean_seconds(read_state(paths))
    record = MadeFrom(paths.made_from)
    foretold = {**expected_seconds(plan.study), **measured}
    store = study.run.feature_store
    kept_features = None if store is None else FeatureStore(store).look()
    made: dict[str, list[Task]] = {}
    planned = []
    for stage in STAGES.values():
        made[stage.name] = tasks = stage.tasks(plan, made)
        record.add(tasks)
        if decided := _expected(tasks, record):
            plan = replace(plan, expected={**plan.expected, **decided})
        if tasks or not stage.optional:
            of_store = kept_features if stage is EXTRACTION else None
            planned.append(_stage(stage.name, tasks, foretold[stage.name], of_store))
    stale = [task for _, of_stage in planned for task in of_stage]
    return PlanSummary(
        tuple(stage for stage, _ in planned),
        checked.counted,
        cores,
        tuple(stale_tasks(stale, record)),
        0 if kept_features is None else _perhaps_stored(made["extraction"], kept_features),
    )


def expected_seconds(study: StudyConfig) -> dict[str, float]:
    """Return about how long a task of each stage takes on one core, in seconds."""
    return {stage.name: stage.seconds(study) for stage in STAGES.values()}


def _expected(tasks: Sequence[Task], record: MadeFrom) -> dict[Path, worc_settings.Settings]:
    """Return what ini files will say that are stale: as now, but for what the study changed.

    What WORC decides about the images is taken to stay: nobody knows before it runs.
    """
    expected: dict[Path, worc_settings.Settings] = {}
    for task in tasks:
        if task.output.suffix != ".ini" or task.state() is not TaskState.STALE:
            continue
        stamp, new = read_stamp(task.output), task.ingredients
        if stamp is None:  # damaged: nobody can tell what it said
            expected[task.output] = worc_settings.merge(new["settings"], new["overrides"])
            continue
        changes = _changes(record.of(stamp) or new, new)
        now = worc_settings.read_ini(task.output)
        expected[task.output] = worc_settings.merge(now, changes)
    return expected


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> worc_settings.Settings:
    """Return the settings that are other ones now, none if the record of them says nonsense."""
    changes: dict[str, dict[str, str]] = {}
    try:
        for part in ("settings", "overrides"):
            found = changed_settings(old.get(part), new[part])
            for (section, key), (_, value) in found.items():
                if value is not None:
                    changes.setdefault(section, {})[key] = value
    except (TypeError, AttributeError):  # it may be somebody else's
        return {}
    return changes


def _perhaps_stored(extractions: Sequence[Task], store: FeatureStore) -> int:
    """Return how many extractions have a stamp yet to be known, and images that the store has."""
    undecided = [task for task in extractions if task.ingredients.get("settings") is None]
    return sum(store.knows_images(task) for task in undecided)


def _stage(
    stage: str, tasks: Sequence[Task], each: float, store: FeatureStore | None = None
) -> tuple[StagePlan, list[Task]]:
    """Return a stage in numbers, and its stale tasks."""
    states = [task.state() for task in tasks]
    stale = [task for task, state in zip(tasks, states, strict=True) if state is TaskState.STALE]
    fresh, missing = states.count(TaskState.FRESH), states.count(TaskState.MISSING)
    stored = sum(store.has(task) for task in unfinished(tasks)) if store is not None else 0
    seconds = each * (missing + len(stale) - stored)
    return StagePlan(stage, fresh, missing, len(stale), seconds, stored), stale
