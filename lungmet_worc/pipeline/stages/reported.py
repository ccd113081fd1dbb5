"""Which searches are reported: those that the deadline let all arms finish, with a workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.pipeline.stages.unscored import without_workflow
from lungmet_worc.tasks.deadline import common_splits
from lungmet_worc.tasks.task import Task, unfinished

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan
    from lungmet_worc.study.tested_splits import UntestedSplit
    from lungmet_worc.tasks.stage_runner import StageRunner


def reported_searches(plan: Plan, searches: Sequence[Task], runner: StageRunner) -> list[Task]:
    """Return the searches of the splits that are done in every arm, and found a workflow.

    What is left out is said, and kept in ``partial`` and ``untested`` of ``run.json``.
    """
    state, note = runner.state, runner.progress.note
    common, state["partial"] = common_splits(searches, unfinished(searches))
    if state["partial"]:
        note("Partial: {splits} of {of} splits are done in every arm.".format(**state["partial"]))
    lost = without_workflow(common)
    remember_untested(plan, state, lost)
    if lost:
        said = Sentence.plural(
            len(lost),
            "In {n} search no candidate workflow could be scored: it is left out.",
            "In {n} searches no candidate workflow could be scored: they are left out.",
        )
        note(said)
    without = {(split.arm, split.split) for split in lost}
    return [task for task in common if (task.key.arm, task.key.split) not in without]


def whole_permutations(plan: Plan, tasks: Sequence[Task], runner: StageRunner) -> list[Task]:
    """Return the tasks of the permutations of which all splits of all arms are done.

    The deadline may have left some out.
    """
    missing = {task.key.permutation for task in unfinished(tasks)}
    if missing:
        said = Sentence.plural(
            len(missing),
            "{n} of {of} permutations is not complete and left out.",
            "{n} of {of} permutations are not complete and left out.",
            of=plan.study.statistics.permutations,
        )
        runner.progress.note(said)
    return [task for task in tasks if task.key.permutation not in missing]


def remember_untested(plan: Plan, state: dict[str, Any], lost: Sequence[UntestedSplit]) -> None:
    """Keep in which splits an arm is not tested: those decided beforehand, and others."""
    decided = [split for of_arm in plan.arm_splits.values() for split in of_arm.untested]
    state["untested"] = [asdict(split) for split in (*decided, *lost)]
