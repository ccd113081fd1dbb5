"""What an exception means for the run: one task, the machine's memory, or its disk."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lungmet_worc.basics.disk import disk_cause, with_causes
from lungmet_worc.basics.errors import InputChangedError, Problem, TaskFailedError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.stage import Stage
from lungmet_worc.tasks.task import Failure, Task, TaskResult


def kind(error: BaseException) -> Failure:
    """Return what kind of failure an exception is."""
    if isinstance(error, InputChangedError):
        return Failure.INPUT
    if disk_cause(error):
        return Failure.STORAGE
    if any(_is_memory(each) for each in with_causes(error)):
        return Failure.MEMORY
    return Failure.TASK


def _is_memory(error: BaseException) -> bool:
    # ITK and C++ libraries tell it in their text.
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and bool(re.search("bad_alloc|allocate memory|out of memory", str(error), re.IGNORECASE))
    )


_REMEDIES = {
    Failure.INPUT: Sentence(
        "Leave the images alone while the study runs; the same command goes on."
    ),
    Failure.MEMORY: Sentence("Close other programs, or use a machine with more memory."),
    Failure.DIED: Sentence("Run again; if it happens again, please report it with log.txt."),
}
#: Where nothing better is known.
_REMEDY_OF_TASK = Sentence("The whole traceback is in log.txt of the run folder.")
_REMEDY_OF_EXTRACTION = Sentence(
    'Correct it, or let the study go on without the patient: [run] on_error = "exclude-patient".'
)


def failed_tasks(failed: Sequence[TaskResult], stage: Stage) -> TaskFailedError:
    """Return the error that lists failed tasks, each cause once.

    Parameters
    ----------
    failed : sequence of TaskResult
        The failed tasks of a stage, at least one.
    stage : Stage
        Their stage.
    """
    causes: dict[tuple[str, Failure], list[Task]] = {}
    for result in failed:
        causes.setdefault((result.error, result.failure), []).append(result.task)
    problems = []
    for (error, failure), tasks in causes.items():
        remedy = _REMEDIES.get(failure, _REMEDY_OF_TASK)
        if failure is Failure.TASK and tasks[0].key.patient:
            remedy = _REMEDY_OF_EXTRACTION
        patients = {task.key.patient for task in tasks}
        labels = ", ".join(task.label for task in tasks)
        what = Sentence("{tasks}: {error}", tasks=labels, error=error)
        patient = patients.pop() if len(patients) == 1 else ""
        problems.append(Problem(what, remedy, patient=patient))
    message = Sentence.plural(
        len(failed),
        "{n} task of the stage {stage} failed. What is finished is kept; the same command goes on "
        "from there.",
        "{n} tasks of the stage {stage} failed. What is finished is kept; the same command goes on "
        "from there.",
        stage=stage.name,
    )
    return TaskFailedError(message, problems)
