"""From a study to its report: do what is not done yet, stage by stage."""

from __future__ import annotations

import csv
import logging
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.basics import versions
from lungmet_worc.basics.disk import as_disk_error
from lungmet_worc.basics.errors import TaskFailedError
from lungmet_worc.basics.held_folder import is_in_place
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import read_stamp, write_text
from lungmet_worc.checks.study import CheckReport, check_study
from lungmet_worc.pipeline import arm_matrix
from lungmet_worc.pipeline.estimate import expected_seconds, mean_seconds
from lungmet_worc.pipeline.feature_store import FeatureStore
from lungmet_worc.pipeline.feature_table import write_patients
from lungmet_worc.pipeline.plan import Plan, by_pair
from lungmet_worc.pipeline.runnable import cohort_without, refuse_errors
from lungmet_worc.pipeline.stages import unscored
from lungmet_worc.pipeline.stages.search import permutation_tasks, search_tasks
from lungmet_worc.pipeline.stages.unscored import without_workflow
from lungmet_worc.study import clinical
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest, read_manifest
from lungmet_worc.study.splits import with_counted_splits, write_splits
from lungmet_worc.study.tested_splits import UntestedSplit
from lungmet_worc.tasks.deadline import common_splits
from lungmet_worc.tasks.engines import make_engine
from lungmet_worc.tasks.failures import failed_tasks
from lungmet_worc.tasks.progress import Progress
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside, settle_last
from lungmet_worc.tasks.run_folder.leftovers import make_scratch, remove_leftovers
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.log import logging_to
from lungmet_worc.tasks.run_folder.mark import claim, is_json
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.record import is_fresh, put_in_place
from lungmet_worc.tasks.run_folder.state import now, read_state, write_state
from lungmet_worc.tasks.stage_runner import StageRunner, require_complete
from lungmet_worc.tasks.task import Failure, Task, TaskResult, unfinished
from lungmet_worc.tasks.timed_tasks import TimeLimit
from lungmet_worc.worc import errata
from lungmet_worc.worc.acceleration import checked
from lungmet_worc.worc.environment import SET_UP
from lungmet_worc.worc.storage import write_matrix

logger = logging.getLogger(__name__)

Only = Literal["extraction", "search", "report"]


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
    untested: list[UntestedSplit] = field(default_factory=list, init=False)
    _aside: KeptAside = field(init=False, repr=False)
    _stages: StageRunner = field(init=False, repr=False)
    _store: FeatureStore | None = field(init=False, default=None, repr=False)

    def run(self, only: Only | None = None) -> None:
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

    def _run(self, only: Only | None) -> None:
        remove_leftovers(self.paths)
        self.state = read_state(self.paths)
        last_started = self.state.get("started")
        self.state.update(self._about())
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
        self._plan(manifest, report, dict(report.unusable) if self._excludes else {})
        with (
            tempfile.TemporaryDirectory() as folder,
            make_engine(self.study.run, cores=self.cores, folder=Path(folder), set_up=SET_UP),
        ):
            pass

    def _run_stages(self, only: Only | None) -> None:
        if self.study.run.accelerate:
            for warning in checked.warnings():
                logger.warning("%s", warning)
                self.progress.note(warning)
        manifest, report = self._check()
        unusable = dict(report.unusable) if self._excludes else {}
        plan = self._plan(manifest, report, unusable)
        self._remember_arms(plan, unusable)
        if only in (None, "extraction"):
            if self.study.run.feature_store is not None:
                self._store = FeatureStore(self.study.run.feature_store).open()
            self._stages.must("fingerprint", plan.fingerprints())
            failed = self._extract(plan)
            if failed:
                unusable.update(self._excluded(failed))
                plan = self._plan(manifest, report, unusable)
                self._stages.must("fingerprint", plan.fingerprints())
                if failed := self._extract(plan):
                    raise failed_tasks(failed, "extraction")
        else:
            unusable.update(self._remembered(manifest))
            plan = self._plan(manifest, report, unusable)
            require_complete("extraction", [*plan.fingerprints(), *plan.extractions()])
        self._remember_arms(plan, unusable)
        self._remember_cohort(plan)
        if only == "extraction":
            return
        searches = self._search(plan, only)
        permutations = self._permutations(plan, only)
        if only == "search":
            return
        self._report(plan, searches, permutations, unusable)

    def _extract(self, plan: Plan) -> list[TaskResult]:
        """Extract the features that are not there, nor in the feature store; return failures."""
        tasks = plan.extractions()
        if self._store is None:
            return self._stages.run("extraction", tasks)
        needed = [task for task in unfinished(tasks) if self._store.has(task)]
        self._stages.keep(task.output for task in needed)
        taken = self._store.take(needed)
        self._stages.already_done(taken, source="feature store")
        if taken:
            self.progress.note(
                Sentence.plural(
                    len(taken),
                    "{n} feature file was taken from the feature store.",
                    "{n} feature files were taken from the feature store.",
                )
            )
        failed = self._stages.run("extraction", tasks)
        try:
            self._store.add(tasks)
        except OSError as error:  # the run has its features, whatever befalls the store
            self.progress.note(
                Sentence(
                    "The features could not be kept in the feature store: {why}.",
                    why=error.strerror or str(error),
                )
            )
        return failed

    @property
    def _excludes(self) -> bool:
        return self.study.run.on_error == "exclude-patient"

    def _check(self) -> tuple[Manifest, CheckReport]:
        """Check manifest and images; errors end the run before anything is computed."""
        self.progress.start("check", 1, 0)
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
        self.state.update(self._about())
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

        A file that changed is no fault of the patient: the next run plans with what it holds.
        """
        changed = [result for result in failed if result.failure is Failure.INPUT]
        if changed or not self._excludes:
            raise failed_tasks(changed if self._excludes else failed, "extraction")
        causes = {}
        for result in failed:
            causes[result.task.key.patient, result.task.key.modality] = result.error
        return causes

    def _remembered(self, manifest: Manifest) -> dict[tuple[str, str], str]:
        """Return who was excluded when the features were extracted."""
        if not self._excludes:
            return {}
        known = {patient.patient_id for patient in manifest.patients}
        return {
            (entry["patient_id"], entry["modality"]): entry["cause"]
            for entry in self.state.get("excluded", [])
            if entry["patient_id"] in known
        }

    def _remember_arms(self, plan: Plan, unusable: Mapping[tuple[str, str], str]) -> None:
        self.state["excluded"] = [
            {"patient_id": patient_id, "modality": modality, "cause": cause}
            for (patient_id, modality), cause in unusable.items()
        ]
        self.state["arms"] = {
            name: {
                "n_patients": len(members),
                "n_events": sum(plan.outcomes[member] for member in members),
                "n_left_out": len(plan.cohort.reasons[name]),
            }
            for name, members in plan.cohort.arms.items()
        }

    def _remember_cohort(self, plan: Plan) -> None:
        self._remember_untested(plan, ())
        self.state["seeds"] = {
            "study": self.study.search.seed,
            "searches": {str(split.index): plan.seed(split) for split in plan.splits},
        }
        self.state["inputs"] = plan.inputs()
        self._aside.keep([self.paths.splits])
        write_patients(self.paths.patients, plan)
        write_splits(self.paths.splits, plan.splits, plan.names)

    def _search(self, plan: Plan, only: Only | None) -> list[Task]:
        extractions = by_pair(plan.extractions())
        if only == "report":
            require_complete("search", plan.arm_settings())
        else:
            self._stages.must("settings", plan.arm_settings())
            if harmonisations := plan.harmonisations(extractions):
                self._stages.must("harmonisation", harmonisations)
            for name in self.study.arms:
                self._prepare_arm(plan, name, extractions)
        searches = search_tasks(plan, extractions)
        if only == "report":
            require_complete("search", searches)
        else:
            self._stages.must("search", searches)
        return self._tested(plan, self._common(searches))

    def _tested(self, plan: Plan, searches: list[Task]) -> list[Task]:
        """Return the searches that found a workflow; the others are said, and left out."""
        lost = without_workflow(searches)
        self._remember_untested(plan, lost)
        without = {(split.arm, split.split) for split in lost}
        if lost:
            note = Sentence.plural(
                len(lost),
                "In {n} search no candidate workflow could be scored: it is left out.",
                "In {n} searches no candidate workflow could be scored: they are left out.",
            )
            self.progress.note(note)
        return [task for task in searches if (task.key.arm, task.key.split) not in without]

    def _remember_untested(self, plan: Plan, lost: Sequence[UntestedSplit]) -> None:
        """Keep in which splits an arm is not tested: those decided beforehand, and others."""
        decided = [split for of_arm in plan.arm_splits.values() for split in of_arm.untested]
        self.untested = [*decided, *lost]
        self.state["untested"] = [asdict(split) for split in self.untested]

    def _permutations(self, plan: Plan, only: Only | None) -> list[Task]:
        """Run the searches with permuted outcomes and return those that are complete.

        A permutation is complete when all splits of all arms are; the deadline may have left
        some out.
        """
        if self.state["partial"]:  # there was no time for them
            return []
        tasks = permutation_tasks(plan, by_pair(plan.extractions()))
        if only != "report" and tasks:
            self._stages.must("permutation", tasks)
        missing = {task.key.permutation for task in unfinished(tasks)}
        complete = [task for task in tasks if task.key.permutation not in missing]
        if missing:
            self.progress.note(
                Sentence.plural(
                    len(missing),
                    "{n} of {of} permutations is not complete and left out.",
                    "{n} of {of} permutations are not complete and left out.",
                    of=self.study.statistics.permutations,
                )
            )
        return complete

    def _common(self, searches: list[Task]) -> list[Task]:
        """Return the searches of the splits that the deadline let all arms finish."""
        common, self.state["partial"] = common_splits(searches, unfinished(searches))
        if self.state["partial"]:
            self.progress.note(
                "Partial: {splits} of {of} splits are done in every arm.".format(
                    **self.state["partial"]
                )
            )
        return common

    def _prepare_arm(
        self, plan: Plan, name: str, extractions: Mapping[tuple[str, str], Task]
    ) -> None:
        """Write what the search of an arm reads: outcomes, clinical features, all features."""
        arm = self.study.arms[name]
        members = [plan.patients[member] for member in plan.cohort.arms[name]]
        outcomes = {plan.names[p]: plan.outcomes[p] for p in plan.cohort.arms[name]}
        self._aside.keep([self.paths.labels(name), self.paths.semantics(name)])
        arm_matrix.write_labels(self.paths.labels(name), self.study.outcome, outcomes)
        if arm.clinical:
            encoded = clinical.encode(members, arm.clinical, self.study.clinical)
            arm_matrix.write_semantics(self.paths.semantics(name), encoded, plan.names)
        for modality in arm.modalities[1:]:
            text = self.paths.fingerprint(modality).read_text("utf-8")
            self._aside.keep([self.paths.settings(name, modality)])
            write_text(self.paths.settings(name, modality), text)
        stamp = plan.arm_stamp(name, extractions)
        if read_stamp(self.paths.matrix(name)) != stamp:
            self._stages.keep([self.paths.matrix(name)])
            files = {pair: task.output for pair, task in extractions.items()}
            harmonised = {task.label: task.output for task in plan.harmonisations(extractions)}
            matrix = arm_matrix.arm_matrix(arm, members, files, self.study.clinical, harmonised)
            write_matrix(self.paths.matrix(name), matrix, stamp=stamp)

    def _report(
        self,
        plan: Plan,
        searches: Sequence[Task],
        permutations: Sequence[Task],
        unusable: Mapping[tuple[str, str], str],
    ) -> None:
        unusable = {who: unusable[who] for who in sorted(unusable)}  # not by the manifest's rows
        if not searches:
            message = Sentence(
                "No candidate workflow of any search could be scored, so there is nothing to "
                'report. "lungmet status" says why; search more candidates, or give the arms other '
                "columns."
            )
            raise TaskFailedError(message)
        evaluations = plan.evaluations(list(searches))
        self._stages.must("evaluation", evaluations)
        stamp = plan.report_stamp(evaluations, unusable, permutations)
        fresh = is_fresh(self.paths.report_files, stamp)
        self.progress.start("report", 1, int(fresh))
        began = time.monotonic()
        if not fresh:
            from lungmet_worc.pipeline.stages.report import write_results

            # Of a partial report's splits only.
            reported = {task.key.split for task in searches}
            if not self.state["partial"]:
                reported |= {split.split for split in self.untested}
            untested = [split for split in self.untested if split.split in reported]
            staged = RunPaths(self.paths.scratch / "report")
            # When this run started says nothing about the results; when the first one did, does.
            digest = make_digest(self._as_reported())
            write_results(plan, searches, permutations, unusable, digest, staged, untested)
            put_in_place(staged.folder, self.paths.report_files, self._stages.keep, stamp=stamp)
            self.state["report_seconds"] = round(time.monotonic() - began, 3)
            self.progress.advance("tables, figures and report")
        self.progress.finish()
        number = unscored.remember(self.state["tasks"], searches)
        with (self.paths.tables / "splits.csv").open(encoding="utf-8", newline="") as file:
            undefined = any(not row["ppv"] or not row["npv"] for row in csv.DictReader(file))
        self.state["errata"] = errata.met(plan.study, plan.names, number, undefined=undefined)
        if not self.state["partial"]:
            self._stages.forget_ingredients()

    def _as_reported(self) -> dict[str, Any]:
        """Return the state as the report tells it, the same however often it is written."""
        return {**self.state, "started": self.state["begun"], "finished": self.state["begun"]}

    def _about(self) -> dict[str, Any]:
        study = self.study.model_dump(mode="json", exclude={"path"})
        study["cohort"]["manifest"] = self.study.cohort.manifest.name
        if self.study.run.feature_store is not None:
            study["run"]["feature_store"] = self.study.run.feature_store.name
        return {
            "study": study,
            "study_file": self.study.path.name if self.study.path else None,
            "order": list(self.study.arms),
            "versions": versions.everything(),
            "cores": self.cores,
        }


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))
