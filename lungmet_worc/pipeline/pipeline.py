"""From a study to its report: do what is not done yet, stage by stage."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lungmet_worc.basics.disk import as_disk_error
from lungmet_worc.basics.held_folder import is_in_place
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.study import CheckReport, check_study
from lungmet_worc.pipeline import reporting, run_record
from lungmet_worc.pipeline.estimate import expected_seconds
from lungmet_worc.pipeline.feature_store import FeatureStore
from lungmet_worc.pipeline.feature_table import write_patients
from lungmet_worc.pipeline.pace import mean_seconds
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.runnable import cohort_without, goes_on, refuse_errors, to_leave_out
from lungmet_worc.pipeline.stages import stages_of, tasks_of
from lungmet_worc.pipeline.stages.extraction import EXTRACTION
from lungmet_worc.pipeline.stages.reported import remember_untested
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest, read_manifest
from lungmet_worc.study.splits import with_counted_splits, write_splits
from lungmet_worc.tasks.engines import make_engine
from lungmet_worc.tasks.failures import as_error
from lungmet_worc.tasks.progress import Progress
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside, settle_last
from lungmet_worc.tasks.run_folder.leftovers import make_scratch, remove_leftovers
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.log import logging_to
from lungmet_worc.tasks.run_folder.mark import claim, is_json
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import now, read_state, write_state
from lungmet_worc.tasks.stage import Part, Stage
from lungmet_worc.tasks.stage_runner import StageRunner, require_complete
from lungmet_worc.tasks.task import Failure, Task, TaskResult
from lungmet_worc.tasks.timed_tasks import TimeLimit
from lungmet_worc.worc.acceleration import checked
from lungmet_worc.worc.environment import SET_UP

logger = logging.getLogger(__name__)

#: What has no tasks.
CHECK = Stage("check", Sentence("Checking"))


@dataclass
class Pipeline:
    """One execution of a study in a run folder.

    Parameters
    ----------
    study : StudyConfig
        The study.
    paths : RunPaths
        The run folder.
    progress : Progress
        Who listens.
    cores : int
        Tasks that run at the same time.
    deadline : datetime, optional
        When to be done; what is complete for all arms alike by then is evaluated.
    """

    study: StudyConfig
    paths: RunPaths
    progress: Progress
    cores: int
    deadline: datetime | None = None
    state: dict[str, Any] = field(default_factory=dict)
    _aside: KeptAside = field(init=False, repr=False)
    _stages: StageRunner = field(init=False, repr=False)
    _store: FeatureStore | None = field(init=False, default=None, repr=False)

    def run(self, only: Part | None = None) -> None:
        """Run the study, or one stage of it, and write everything that it gives.

        Raises
        ------
        RunFolderError
            The folder is not ours, or another process works in it; nothing was written.
        FolderMovedError
            The folder was moved or deleted while the run went on.
        CohortError
            The manifest or the images have errors; all are listed.
        ResultsError
            One stage was asked for and an earlier one is not complete.
        TaskFailedError
            Tasks failed; all of them are listed.
        StorageError
            The disk is full, or cannot be written to.
        DeadlineError
            The deadline came before two splits of every arm were done.
        """
        try:
            with locked(self.paths), logging_to(self.paths.log):
                self._run(only)
        # HDF5 has no OSError.
        except (OSError, RuntimeError) as error:
            storage = as_disk_error(error, self.paths.folder)
            if storage is None:
                raise
            raise storage from error

    def _run(self, only: Part | None) -> None:
        remove_leftovers(self.paths)
        self.state = read_state(self.paths)
        last_started = self.state.get("started")
        self.state.update(run_record.of_study(self.study, self.cores))
        self.state["started"] = now()
        self.state["finished"] = self.state["partial"] = None
        self.state["only"] = only
        self.state.setdefault("begun", self.state["started"])
        # So that "lungmet status" finds the run from its first second.
        write_state(self.paths, self.state)
        settle_last(self.paths, last_started)
        self._aside = KeptAside(self.paths, self.state["started"])
        # A file of ours that is damaged, or somebody's of that name, is not written over.
        self._aside.keep(
            (file for file in (self.paths.inspections, self.paths.made_from) if not is_json(file)),
            rewritten=True,
        )
        engine = make_engine(
            self.study.run,
            cores=self.cores,
            folder=make_scratch(self.paths),
            set_up=SET_UP,
            note=self.progress.note,
        )
        self._stages = StageRunner(
            engine, self.paths, self.progress, self.state, self._aside, self._time_limit
        )
        try:
            with engine:
                self._run_stages(only)
            self.state["finished"] = now()
        finally:
            # A folder that was moved is put in order by the run that goes on in it.
            if is_in_place():
                self._aside.settle()
                # Room first: on a full disk the state could else not be written.
                remove_leftovers(self.paths)
                write_state(self.paths, self.state)

    def check(self) -> None:
        """Raise what would end the run before anything is computed.

        Raises
        ------
        RunFolderError
            The folder is not ours.
        CohortError
            The manifest or the images have errors, or an arm has no patient; all are listed.
        EngineError
            The engine cannot be used here.
        """
        claim(self.paths.folder, "run")
        manifest, report = self._check()
        self._plan(manifest, report, to_leave_out(self.study, report))
        with (
            tempfile.TemporaryDirectory() as folder,
            make_engine(self.study.run, cores=self.cores, folder=Path(folder), set_up=SET_UP),
        ):
            pass

    def _run_stages(self, only: Part | None) -> None:
        if self.study.run.accelerate:
            for warning in checked.warnings():
                logger.warning("%s", warning)
                self.progress.note(warning)
        manifest, report = self._check()
        extracts = only in (None, "extraction")
        unusable = to_leave_out(self.study, report)
        if goes_on(self.study) and not extracts:
            # As long as the state has those whose extraction failed.
            unusable.update(run_record.excluded(self.state, manifest))
        plan = self._plan(manifest, report, unusable)
        self.state.update(run_record.of_arms(plan, unusable))
        if extracts:
            if self.study.run.feature_store is not None:
                self._store = FeatureStore(self.study.run.feature_store).open()
            made, failed = self._extract(plan)
            if failed:
                unusable.update(self._excluded(failed))
                plan = self._plan(manifest, report, unusable)
                made, failed = self._extract(plan)
                if failed:
                    raise as_error(failed)
        else:
            made = tasks_of(plan, stages_of("extraction"))
            require_complete("extraction", [task for tasks in made.values() for task in tasks])
        self.state.update(run_record.of_arms(plan, unusable))
        remember_untested(plan, self.state, ())
        self.state.update(run_record.of_plan(plan))
        self._aside.keep([self.paths.splits])
        write_patients(self.paths.patients, plan)
        write_splits(self.paths.splits, plan.splits, plan.names)
        if only == "extraction":
            return
        self._search(plan, made, only)
        if only == "search":
            return
        reporting.report(plan, made, unusable, self._stages)

    def _extract(self, plan: Plan) -> tuple[dict[str, list[Task]], list[TaskResult]]:
        """Run the stages up to the features; return their tasks, and what failed in the last."""
        made: dict[str, list[Task]] = {}
        failed: list[TaskResult] = []
        for stage in stages_of("extraction"):
            made[stage.name] = tasks = stage.tasks(plan, made)
            if self._store is None or stage is not EXTRACTION:
                failed = self._stages.run(stage, tasks)
            else:
                failed = self._store.spare(stage, tasks, self._stages)
            if failed:
                break
        return made, failed

    def _check(self) -> tuple[Manifest, CheckReport]:
        """Check manifest and images; errors end the run before anything is computed."""
        self.progress.start(CHECK, 1, 0)
        report = check_study(self.study, cores=self.cores, kept=self.paths.inspections)
        self.progress.advance("manifest, images and segmentations")
        self.progress.finish()
        for problem in report.problems:
            logger.log(
                logging.ERROR if problem.severity == "error" else logging.WARNING, "%s", problem
            )
        refuse_errors(self.study, report)
        return read_manifest(self.study), report

    def _plan(
        self,
        manifest: Manifest,
        report: CheckReport,
        unusable: Mapping[tuple[str, str], str],
    ) -> Plan:
        cohort = cohort_without(self.study, manifest, unusable)
        # How many centres there are is known only now.
        self.study = with_counted_splits(self.study, cohort)
        self.state.update(run_record.of_study(self.study, self.cores))
        return Plan(self.study, cohort, report.digests, self.paths)

    def _time_limit(self) -> TimeLimit | None:
        """Return what keeps the deadline, by what this run has measured so far."""
        if self.deadline is None:
            return None
        return TimeLimit(
            self.deadline,
            {**expected_seconds(self.study), **mean_seconds(self.state)},
            arms=len(self.study.arms),
            splits=self.study.search.splits,
            cores=self.cores,
            note=self.progress.note,
        )

    def _excluded(self, failed: Sequence[TaskResult]) -> dict[tuple[str, str], str]:
        """Return who is excluded after failed extractions, or stop the run.

        A file that changed is no fault of the patient: the next run plans with what it holds. What
        failed for all patients of a modality is none either.
        """
        of_all = [r for r in failed if r.failure is Failure.INPUT or not r.task.key.patient]
        if of_all or not goes_on(self.study):
            raise as_error(of_all if goes_on(self.study) else failed)
        return {(r.task.key.patient, r.task.key.modality): r.error for r in failed}

    def _search(self, plan: Plan, made: dict[str, list[Task]], only: Part | None) -> None:
        """Run the stages up to the searches; of their tasks those are kept that are reported."""
        for stage in stages_of("search"):
            if self.state["partial"]:  # there was no time for more
                made[stage.name] = []
                continue
            tasks = stage.tasks(plan, made)
            if only != "report" and (tasks or not stage.optional):
                stage.prepare(plan, made, self._stages)
                self._stages.must(stage, tasks)
            elif not stage.optional:
                require_complete("search", tasks)
            made[stage.name] = stage.reported(plan, tasks, self._stages)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
