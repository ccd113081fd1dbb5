"""WORC's own evaluation of the splits of an arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.stage import Made, Stage
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

if TYPE_CHECKING:
    from lungmet_worc.pipeline.plan import Plan


def _tasks(plan: Plan, made: Made) -> list[Task]:
    """Return a task for each arm that has searches."""
    tasks = []
    for name in plan.study.arms:
        splits = [task for task in made["search"] if task.key.arm == name]
        results = [task.stamp for task in splits]
        if not splits:
            continue
        tasks.append(
            Task(
                key=TaskKey("evaluation", arm=name),
                label=name,
                function="lungmet_worc.worc.evaluation:evaluate",
                arguments={
                    "splits": [str(task.output) for task in splits],
                    "labels": str(plan.paths.labels(name)),
                    "settings": str(plan.paths.settings(name, plan.first_modality(name))),
                    "outcome_name": plan.study.outcome,
                    "names": {p: plan.names[p] for p in plan.cohort.arms[name]},
                    "accelerate": plan.study.run.accelerate,
                },
                output=plan.paths.performance(name),
                stamp=content_hash("evaluation", results, plan.names),
                ingredients={
                    "splits": [task.key.split for task in splits],
                    "results": content_hash(results)[:16],
                },
            )
        )
    return tasks


EVALUATION = Stage(
    Sentence("evaluation"),
    Sentence("Evaluating"),
    _tasks,
    part="report",
    seconds=lambda study: 1.0,
)
