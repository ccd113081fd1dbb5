"""How many tasks a job has, so that starting jobs takes a small part of the time."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from lungmet_worc.tasks.task import Task, TaskKey

#: The most that jobs may take beside their tasks, as a part of the time of the tasks.
SHARE = 0.05

#: What a job takes beside its tasks as long as none was measured, in seconds: fastr starts Python
#: twice, and a job imports WORC.
OVERHEAD = 10.0

#: No task is taken for shorter, whatever the clock says, in seconds.
SHORTEST = 1e-3

#: About as many jobs for each core, if they are long enough, so that all end at the same time.
ROUNDS = 4


class Pace:
    """What tasks and jobs took so far, in seconds."""

    def __init__(self) -> None:
        self._tasks: defaultdict[TaskKey, list[float]] = defaultdict(list)
        self._overheads: list[float] = []

    def add(self, task: Task, seconds: float) -> None:
        """Remember what a task took."""
        self._tasks[kind(task)].append(max(seconds, SHORTEST))

    def add_overhead(self, seconds: float) -> None:
        """Remember what a job took beside its tasks; a clock that jumped is not believed."""
        if 0 < seconds < 60 * OVERHEAD:
            self._overheads.append(seconds)

    @property
    def overhead(self) -> float:
        """Return what a job takes beside its tasks, in seconds."""
        return statistics.median(self._overheads) if self._overheads else OVERHEAD

    def knows(self, task: Task) -> bool:
        """Return whether a task of the same kind was measured."""
        return kind(task) in self._tasks

    def seconds(self, task: Task) -> float:
        """Return what a task will take: the mean of its kind, or else of its stage."""
        measured = self._tasks.get(kind(task)) or [
            each
            for of, seconds in self._tasks.items()
            if of.stage == task.key.stage
            for each in seconds
        ]
        return statistics.fmean(measured) if measured else 0.0


def kind(task: Task) -> TaskKey:
    """Return what tasks that take about the same time share: stage and modality or arm."""
    return replace(task.key, patient="", split=-1, permutation=-1)


def cut(tasks: Sequence[Task], pace: Pace, cores: int) -> tuple[list[list[Task]], list[Task]]:
    """Return the tasks of each job to start now, and the tasks to cut later.

    As long as a kind of task was not measured, and there are more tasks than cores, each core
    gets a job of one task, the kinds in turn. Else a job is so long that it takes less than
    :data:`SHARE` of its time beside its tasks, but never so long that a core has none.

    Parameters
    ----------
    tasks : sequence of Task
        All of one stage.
    pace : Pace
        What was measured so far.
    cores : int
        Jobs that run at the same time.
    """
    if len(tasks) <= cores:
        return [[task] for task in tasks], []
    if not all(pace.knows(task) for task in tasks):
        first = _in_turn(tasks)[:cores]
        chosen = {task.key for task in first}
        return [[task] for task in first], [task for task in tasks if task.key not in chosen]
    whole = sum(pace.seconds(task) for task in tasks)
    length = min(pace.overhead / SHARE, whole / cores)
    length = max(length, whole / (ROUNDS * cores))
    # A multiple of the cores: three jobs of one length would leave one of two cores idle.
    number = max(int(whole / length + 1e-9) // cores, 1) * cores
    jobs: list[list[Task]] = [[] for _ in range(number)]
    passed = 0.0
    for task in tasks:
        seconds = pace.seconds(task)
        middle = (passed + seconds / 2) / whole if whole else 0.0
        jobs[min(int(middle * number), number - 1)].append(task)
        passed += seconds
    return [job for job in jobs if job], []


def _in_turn(tasks: Sequence[Task]) -> list[Task]:
    kinds: dict[TaskKey, list[Task]] = {}
    for task in tasks:
        kinds.setdefault(kind(task), []).append(task)
    return [task for row in zip_longest(*kinds.values()) for task in row if task is not None]
