"""What an exception means for the run: one task, the machine's memory, or its disk."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lungmet_worc.basics.errors import InputChangedError, Problem, StorageError, TaskFailedError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.task import Failure, Task, TaskResult

#: Number -> what it means, and what to do before the run goes on.
_STORAGE = {
    errno.ENOSPC: (Sentence("the disk is full"), Sentence("make room")),
    errno.EDQUOT: (Sentence("the disk quota is used up"), Sentence("make room")),
    errno.EROFS: (Sentence("the disk can only be read"), Sentence("make it writable")),
    errno.EFBIG: (
        Sentence("a file may not grow further"),
        Sentence("raise the limit of file sizes (ulimit -f)"),
    ),
}

#: HDF5 and ITK tell the cause in their text alone.
_IN_TEXT = {os.strerror(number): number for number in _STORAGE}

#: What is written to see whether anything can be, in bytes.
_PROBE = 2**22


def kind(error: BaseException) -> Failure:
    """Return what kind of failure an exception is."""
    if isinstance(error, InputChangedError):
        return Failure.INPUT
    if storage_cause(error):
        return Failure.STORAGE
    if any(_is_memory(each) for each in _chain(error)):
        return Failure.MEMORY
    return Failure.TASK


def storage_cause(error: BaseException) -> str:
    """Return in a few words why nothing can be written; empty if that is not the cause."""
    for each in _chain(error):
        if isinstance(each, OSError) and each.errno in _STORAGE:
            return _STORAGE[each.errno][0]
        if isinstance(each, RuntimeError | OSError):
            text = str(each)
            for words, number in _IN_TEXT.items():
                if words in text or re.search(rf"errno = {number}\b", text):
                    return _STORAGE[number][0]
    return ""


@contextmanager
def told_by_the_disk(folder: Path) -> Iterator[None]:
    """Let a failure be the disk's where nothing can be written to a folder.

    Libraries that write HDF5 do not notice it, and fail on what they read back.

    Raises
    ------
    OSError
        Something failed in the block, and the disk is full.
    """
    try:
        yield
    # It is raised again in any case.
    except Exception as error:
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            try:
                probe.write(bytes(_PROBE))
                probe.flush()
            except OSError as full:
                raise full from error
        raise


def storage_error(cause: str, folder: Path, needed: int = 0) -> StorageError:
    """Return the error that tells a user that nothing can be written.

    Parameters
    ----------
    cause : str
        See :func:`storage_cause`.
    folder : Path
        The run folder.
    needed : int
        About how much the tasks still to do will write, in bytes; 0 if unknown.
    """
    said, remedy = next(each for each in _STORAGE.values() if each[0] == cause)
    message = Sentence(
        'Nothing more can be written to "{folder}": {cause}{space}. What is finished is kept; '
        "{remedy}, and the same command goes on from there.",
        folder=folder,
        cause=said,
        space=_space(free(folder), needed),
        remedy=remedy,
    )
    return StorageError(message)


def _space(left: int | None, needed: int) -> str:
    """Return what room there is and what is needed, in brackets, as far as it is known."""
    if left is None:
        return ""
    if not needed:
        return Sentence(" ({free} free)", free=_megabytes(left))
    return Sentence(
        " ({free} free, about {needed} more needed)",
        free=_megabytes(left),
        needed=_megabytes(needed),
    )


def as_storage_error(error: BaseException, folder: Path) -> StorageError | None:
    """Return what a user is told of an error where nothing can be written, None if it is another.

    The first that was told stands: on a full disk the state of the run cannot be written either.
    """
    for each in _chain(error):
        if isinstance(each, StorageError):
            return each
    cause = storage_cause(error)
    return storage_error(cause, folder) if cause else None


def free(folder: Path) -> int | None:
    """Return the free space of a folder's disk in bytes, None if it cannot be told."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:,.1f} MB"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it came from."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


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


def failed_tasks(failed: Sequence[TaskResult], stage: str) -> TaskFailedError:
    """Return the error that lists failed tasks, each cause once.

    Parameters
    ----------
    failed : sequence of TaskResult
        The failed tasks of a stage, at least one.
    stage : str
        The stage.
    """
    causes: dict[tuple[str, Failure], list[Task]] = {}
    for result in failed:
        causes.setdefault((result.error, result.failure), []).append(result.task)
    problems = []
    for (error, failure), tasks in causes.items():
        remedy = _REMEDIES.get(failure, _REMEDY_OF_TASK)
        if failure is Failure.TASK and stage == "extraction":
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
        stage=stage,
    )
    return TaskFailedError(message, problems)
