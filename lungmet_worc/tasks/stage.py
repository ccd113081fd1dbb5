"""A stage of a run: its tasks, and everything that is known of it beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import named
from lungmet_worc.tasks.task import Task, TaskKey

#: What a run can be asked for alone; each consists of stages.
Part = Literal["extraction", "search", "report"]

#: Name of a stage -> its tasks.
Made = Mapping[str, Sequence[Task]]


def said_of_failed(keys: Sequence[TaskKey], why: str) -> Sentence:
    """Return that tasks of a stage failed, for example ``The evaluation of CT failed: ...``."""
    what, stage = named(list(dict.fromkeys(key.of for key in keys))), Sentence(keys[0].stage)
    return Sentence("The {stage} of {what} failed: {why}.", stage=stage, what=what, why=why)


def _none(*_: Any) -> list[Task]:
    return []


@dataclass(frozen=True)
class Stage:
    """A stage of a run.

    Parameters
    ----------
    name : str
        Its name, the first part of its tasks' keys, as it stands in a table.
    activity : str
        What is being done, for the progress bar.
    tasks : callable
        Takes the plan and the tasks of the stages before; returns the tasks, fresh or not.
    part : {"extraction", "search", "report"}
        What a run is asked for that consists of this stage and others.
    seconds : callable
        Takes the study; returns about how long a task takes on one core.
    packages : tuple of str
        Packages whose version decides what its tasks give.
    optional : bool
        A study need not have it.
    divisible : bool
        Any part of it is worth something, so that a deadline may cut it short.
    prepare : callable
        Takes the plan, the tasks of the stages before, and the runner; writes what the tasks read
        that is no task's output.
    reported : callable
        Takes the plan, the tasks, and the runner; returns those that the stages after go on with.
    after : callable
        Takes the entries of ``run.json`` and the tasks, when they have run; completes entries.
    failed : callable
        Takes keys and a cause; returns that these tasks failed, in one sentence.
    """

    name: str
    activity: str
    tasks: Callable[[Any, Made], list[Task]] = _none
    part: Part = "search"
    seconds: Callable[[Any], float] = lambda study: 0.0
    packages: tuple[str, ...] = ()
    optional: bool = False
    divisible: bool = False
    prepare: Callable[[Any, Made, Any], object] = _none
    reported: Callable[[Any, list[Task], Any], list[Task]] = lambda plan, tasks, runner: tasks
    after: Callable[[dict[str, Any], Sequence[Task]], object] = _none
    failed: Callable[[Sequence[TaskKey], str], Sentence] = said_of_failed
