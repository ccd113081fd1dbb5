"""Tasks: pure functions from files to one file, and whether they need to run.

A task is *missing* (its output is not there), *stale* (the output was made from something
else) or *fresh*. The stamp, a content hash of everything that the output depends on, lies in
the output itself, so that what is on disk never disagrees with what is known about it.
Nothing here runs a task; engines do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Self

from lungmet_worc.basics.stamped_files import read_stamp


class TaskState(Enum):
    """Whether a task's output can be used as it is."""

    MISSING = "missing"
    STALE = "stale"
    FRESH = "fresh"


class Failure(Enum):
    """What kind of thing made a task fail, where that decides what happens next."""

    TASK = "task"
    """The task itself; only its data are concerned."""
    MEMORY = "memory"
    """The machine ran out of memory."""
    DIED = "died"
    """The worker process ended in the middle of it."""
    STORAGE = "storage"
    """Nothing can be written any more: disk full, quota, read only."""
    INPUT = "input"
    """A file is not the one that was planned with."""


#: Stage -> the parts of its keys, in the order of their text; of any other it is the arm.
_PARTS = {
    "fingerprint": ("modality",),
    "extraction": ("modality", "patient"),
    "harmonisation": ("modality",),
    "search": ("arm", "split"),
    "permutation": ("arm", "permutation", "split"),
}


@dataclass(frozen=True)
class TaskKey:
    """Which task of a run it is: its stage, and what it is of as far as that tells it from others.

    Parameters
    ----------
    stage : str
        The stage.
    modality, patient, arm : str
        Whose; empty where the task is of no modality, patient or arm, or of all.
    split, permutation : int
        Numbers from 0; -1 where the task is of none.
    """

    stage: str
    modality: str = ""
    patient: str = ""
    arm: str = ""
    split: int = -1
    permutation: int = -1

    def __str__(self) -> str:
        """Return the key as run.json has it, for example ``extraction/MRI/STS_007``."""
        numbers = [str(each) for each in (self.permutation, self.split) if each >= 0]
        parts = [self.stage, self.modality, self.arm, self.patient, *numbers]
        return "/".join(part for part in parts if part)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that run.json writes so; the id of a patient may hold a slash itself.

        Raises
        ------
        ValueError
            No key is written so.
        """
        stage, _, rest = text.partition("/")
        names = _PARTS.get(stage, ("arm",))
        parts = zip(names, rest.split("/", len(names) - 1), strict=True)
        of: dict[str, Any] = {
            name: int(part) if name in ("split", "permutation") else part for name, part in parts
        }
        key = cls(stage, **of)
        if str(key) != text:
            message = f"{text} is no task"
            raise ValueError(message)
        return key

    @property
    def of(self) -> str:
        """Return the modality or the arm."""
        return self.modality or self.arm


@dataclass(frozen=True)
class Task:
    """One call of a function that writes one file.

    Parameters
    ----------
    key : TaskKey
        Which task of the run it is.
    label : str
        What the user reads while it runs, for example ``STS_007 MRI``.
    function : str
        ``module:function``, imported by the worker.
    arguments : mapping
        Keyword arguments; ``output`` and ``stamp`` are added.
    output : Path
        The file that the task writes.
    stamp : str
        Content hash of everything that the output depends on.
    ingredients : mapping
        The same in named, JSON-able parts without any path, to explain a stale output by.
    tool : str
        The tool of fastr that runs it there; without one it runs in this process's engine.
    """

    key: TaskKey
    label: str
    function: str
    arguments: Mapping[str, Any]
    output: Path
    stamp: str
    ingredients: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    tool: str = ""

    def state(self) -> TaskState:
        """Return whether the task's output is missing, stale or fresh."""
        if not self.output.exists():
            return TaskState.MISSING
        return TaskState.FRESH if read_stamp(self.output) == self.stamp else TaskState.STALE


@dataclass(frozen=True)
class TaskResult:
    """What became of a task.

    Parameters
    ----------
    task : Task
        The task.
    seconds : float
        Wall time of the function, in seconds.
    error : str
        Why it failed, in one line; empty if it did not.
    traceback : str
        The whole traceback of a failure, for the log.
    failure : Failure
        What kind of failure it was, if it failed.
    """

    task: Task
    seconds: float
    error: str = ""
    traceback: str = ""
    failure: Failure = Failure.TASK

    @property
    def done(self) -> bool:
        """Return whether the task wrote its output."""
        return not self.error


def unfinished(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that are missing or stale, in the order given."""
    return [task for task in tasks if task.state() is not TaskState.FRESH]


def content_hash(*parts: Any) -> str:
    """Return a hash of JSON-able values that is the same on every machine.

    Parameters
    ----------
    *parts : JSON-able
        Texts, numbers, sequences and mappings; the order of a mapping's keys does not matter.
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
