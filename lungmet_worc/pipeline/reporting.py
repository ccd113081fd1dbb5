"""The end of a run: tables, figures and report, unless those that are there are fresh."""

from __future__ import annotations

import csv
import time
from collections.abc import Mapping, Sequence
from typing import Any

from lungmet_worc.analyses.registry import ANALYSES, parts
from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.basics import versions
from lungmet_worc.basics.errors import TaskFailedError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.pipeline.stages import STAGES, installed_versions, stages_of, unscored
from lungmet_worc.study.tested_splits import UntestedSplit
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.record import is_fresh, put_in_place
from lungmet_worc.tasks.stage import Stage
from lungmet_worc.tasks.stage_runner import StageRunner
from lungmet_worc.tasks.task import Task, content_hash
from lungmet_worc.worc import errata

#: Bump when our own code changes what tables, figures or the report look like.
REVISION = 8

#: Packages that tables, figures and the report are made with.
PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "matplotlib", "Jinja2", "openpyxl")

#: What has no tasks.
REPORT = Stage(Sentence("report"), Sentence("Writing the report"), part="report")


def report(
    plan: Plan,
    made: dict[str, list[Task]],
    unusable: Mapping[tuple[str, str], str],
    runner: StageRunner,
) -> None:
    """Evaluate what is done, and write tables, figures and report if they are not fresh.

    Parameters
    ----------
    plan : Plan
        The study, its cohort and its run folder.
    made : mapping
        The tasks of each stage that are done and reported; those of the evaluation come to it.
    unusable : mapping of (patient id, modality) to str
        Who was left out, and why.
    runner : StageRunner
        Of the run.

    Raises
    ------
    TaskFailedError
        There is nothing to report, or tasks failed.
    """
    if not made["search"]:
        message = Sentence(
            "No candidate workflow of any search could be scored, so there is nothing to "
            'report. "lungmet status" says why; search more candidates, or give the arms other '
            "columns."
        )
        raise TaskFailedError(message)
    for stage in stages_of("report"):
        made[stage.name] = stage.tasks(plan, made)
        runner.must(stage, made[stage.name])
    searches, state, progress = made["search"], runner.state, runner.progress
    unusable = {who: unusable[who] for who in sorted(unusable)}  # not by the manifest's rows
    stamp = report_stamp(plan, made["evaluation"], unusable, made["permutation"])
    fresh = is_fresh(plan.paths.report_files, stamp)
    progress.start(REPORT, 1, int(fresh))
    began = time.monotonic()
    if not fresh:
        from lungmet_worc.pipeline.results import write_results

        untested = [UntestedSplit(**each) for each in state["untested"]]
        # Of a partial report's splits only.
        reported = {task.key.split for task in searches}
        if not state["partial"]:
            reported |= {split.split for split in untested}
        untested = [split for split in untested if split.split in reported]
        staged = RunPaths(plan.paths.scratch / "report")
        digest = make_digest(_as_reported(state), STAGES)
        write_results(plan, searches, made["permutation"], unusable, digest, staged, untested)
        put_in_place(staged.folder, plan.paths.report_files, runner.keep, stamp=stamp)
        state["report_seconds"] = round(time.monotonic() - began, 3)
        progress.advance("tables, figures and report")
    progress.finish()
    number = unscored.remember(state["tasks"], searches)
    with (plan.paths.tables / "splits.csv").open(encoding="utf-8", newline="") as file:
        undefined = any(not row["ppv"] or not row["npv"] for row in csv.DictReader(file))
    state["errata"] = errata.met(plan.study, plan.names, number, undefined=undefined)
    if not state["partial"]:
        runner.forget_ingredients()


def _as_reported(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state as the report tells it, the same however often it is written.

    When this run started says nothing about the results; when the first one did, does.
    """
    return {**state, "started": state["begun"], "finished": state["begun"]}


def report_stamp(
    plan: Plan,
    evaluations: Sequence[Task],
    unusable: Mapping[tuple[str, str], str],
    permutations: Sequence[Task] = (),
) -> str:
    """Return the hash of everything that tables, figures and report depend on.

    Parameters
    ----------
    plan : Plan
        The study and its cohort.
    evaluations : sequence of Task
        The evaluation of each arm; their stamps stand for the results of the splits.
    unusable : mapping of (patient id, modality) to str
        Who was left out, and why.
    permutations : sequence of Task
        Searches with permuted outcomes that are done.
    """
    settings = plan.study.model_dump(
        mode="json", exclude={"path": True, "run": True, "cohort": {"manifest"}}
    )
    cohort = plan.cohort.table()
    return content_hash(
        "report",
        REVISION,
        installed_versions() | versions.of(PACKAGES),
        settings,
        [list(settings["modalities"]), list(settings["arms"])],
        [task.stamp for task in evaluations],
        [list(cohort.columns), cohort.astype(str).to_numpy().tolist()],
        [[*who, cause] for who, cause in sorted(unusable.items())],
        [task.stamp for task in permutations],
        _described(plan),
        ANALYSES,
    )


def _described(plan: Plan) -> list[list[str]]:
    """Return the columns of the manifest that analyses read, patient by patient."""
    read = parts("check", "columns").values()
    columns = dict.fromkeys(column for of in read for column in of(plan.study))
    return [
        [column, *(patient.clinical.get(column, "") for patient in plan.patients.values())]
        for column in columns
    ]
