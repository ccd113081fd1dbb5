"""What a run would do, and about how long it would take."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lungmet_worc.check import check_study
from lungmet_worc.config import StudyConfig
from lungmet_worc.plan import Plan
from lungmet_worc.progress import duration
from lungmet_worc.runs import RunPaths, read_state
from lungmet_worc.tasks import Task, TaskState

#: By [run] accelerate: seconds of one core, measured on the 51 patients of the public cohort (see
#: experiments/benchmarks), used until the run itself has measured tasks of its own.
SECONDS_PER_VOLUME = {
    (True, "coarse"): 0.5,
    (True, "full"): 1.7,
    (False, "coarse"): 1.5,
    (False, "full"): 90.0,
}
SECONDS_PER_FIT = {True: 0.02, False: 0.06}


@dataclass(frozen=True)
class StagePlan:
    """The tasks of one stage, by state, and their cost."""

    stage: str
    fresh: int
    missing: int
    stale: int
    seconds: float


@dataclass(frozen=True)
class PlanSummary:
    """What a run would do.

    Parameters
    ----------
    stages : tuple of StagePlan
        In the order in which they run.
    cohort : str
        Who enters which arm.
    cores : int
        Tasks that would run at the same time.
    """

    stages: tuple[StagePlan, ...]
    cohort: str
    cores: int

    @property
    def seconds(self) -> float:
        """Return the wall time to expect."""
        return sum(stage.seconds for stage in self.stages) / self.cores

    def to_text(self) -> str:
        """Return the plan as a table and a sentence."""
        lines = [self.cohort.rstrip(), ""]
        lines.append(f"{'stage':<12} {'done':>6} {'missing':>8} {'stale':>6}   about")
        for stage in self.stages:
            lines.append(
                f"{stage.stage:<12} {stage.fresh:>6} {stage.missing:>8} {stage.stale:>6}   "
                f"{duration(math.ceil(stage.seconds / self.cores))}"
            )
        lines += ["", f"In all about {duration(math.ceil(self.seconds))} on {self.cores} core(s)."]
        if any(stage.stale for stage in self.stages):
            lines.append("Stale: made from other inputs, settings or versions; it would run again.")
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
        The manifest or the study cannot be used.
    """
    # Nothing is written where there is no run yet.
    kept = paths.inspections if paths.run_json.exists() else None
    checked = check_study(study, cores=cores, kept=kept)
    plan = Plan(study, checked.cohort, checked.digests, paths)
    measured = _measured(paths)
    extractions = plan.extractions()
    searches = plan.searches(
        {(t.key.split("/", 2)[2], t.key.split("/", 2)[1]): t for t in extractions}
    )
    per_fit = (
        SECONDS_PER_FIT[study.run.accelerate] * study.search.candidates * study.search.inner_splits
    )
    kind = (
        "coarse" if study.worc_settings()["ImageFeatures"]["texture_Gabor"] == "False" else "full"
    )
    stages = (
        _stage("fingerprint", plan.fingerprints(), measured, 2.0),
        _stage("extraction", extractions, measured, SECONDS_PER_VOLUME[study.run.accelerate, kind]),
        _stage("settings", plan.arm_settings(), measured, 0.1),
        _stage("search", searches, measured, per_fit),
        _stage("evaluation", plan.evaluations(searches), measured, 1.0),
    )
    return PlanSummary(stages, checked.cohort.summary(), cores)


def _stage(
    stage: str, tasks: Sequence[Task], measured: Mapping[str, float], seconds: float
) -> StagePlan:
    states = [task.state() for task in tasks]
    missing, stale = states.count(TaskState.MISSING), states.count(TaskState.STALE)
    each = measured.get(stage, seconds)
    return StagePlan(stage, states.count(TaskState.FRESH), missing, stale, each * (missing + stale))


def _measured(paths: RunPaths) -> dict[str, float]:
    """Return the mean seconds of a task of each stage in this run folder.

    The mean, since it is sums that are foretold; the arms' splits alternate, so that all arms
    weigh the same in it.
    """
    times: dict[str, list[float]] = {}
    tasks: Mapping[str, Any] = read_state(paths).get("tasks", {})
    for key, entry in tasks.items():
        if "seconds" in entry and entry["state"] == "done":
            times.setdefault(key.partition("/")[0], []).append(float(entry["seconds"]))
    return {stage: statistics.fmean(values) for stage, values in times.items()}
