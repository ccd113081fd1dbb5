"""What failures mean for the run, and in plain words what caused them and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from lungmet_worc.basics.disk import disk_cause, with_causes
from lungmet_worc.basics.errors import InputChangedError, Problem, TaskFailedError
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.words import named
from lungmet_worc.tasks.stage import Stage, said_of_failed
from lungmet_worc.tasks.task import Failure, TaskKey, TaskResult

#: Where the tracebacks are, in the run folder.
LOG = "log.txt"


@dataclass(frozen=True)
class _Known:
    """A cause: known by the kind of the failure, or by what is found in its error."""

    remedy: Sentence
    meaning: str = ""
    pattern: str = ""
    kind: Failure | None = None

    def fits(self, error: str, kind: Failure) -> bool:
        return kind is self.kind or bool(self.pattern and re.search(self.pattern, error))


#: The one table of causes and remedies; the first that fits is said.
_KNOWN = (
    _Known(
        Sentence("Leave the images alone while the study runs; the same command goes on."),
        kind=Failure.INPUT,
    ),
    _Known(
        Sentence("Run again; if it happens again, please report it with log.txt."),
        kind=Failure.DIED,
    ),
    _Known(
        Sentence("Make room; the same command goes on from there."),
        Sentence("the disk is full"),
        r"No space left on device|Disk quota exceeded",
    ),
    _Known(
        Sentence("Run again with fewer tasks at a time, for example --cores 1."),
        Sentence("the machine ran out of memory, or somebody ended the worker process"),
        r"MemoryError|out of memory|ended from outside|Unable to allocate|Cannot allocate",
        kind=Failure.MEMORY,
    ),
    _Known(
        Sentence("Put it back, or correct the manifest, and run again."),
        Sentence("a file is no longer where it was"),
        r"FileNotFoundError|No such file or directory",
    ),
    _Known(
        Sentence("Ask who owns the file for the right to it, and run again."),
        Sentence("a file may not be read or written"),
        r"PermissionError|Permission denied",
    ),
    _Known(
        Sentence("Look whether the whole tumour is drawn, or resample less coarsely."),
        Sentence("too little of the mask is left after WORC's preprocessing, such as resampling"),
        # Of PREDICT, and of numpy where nothing at all is left.
        r"mask only contains 1 segmented voxel|index 0 is out of bounds for axis 0 with size 0",
    ),
)
#: The same for candidate workflows (errata E9).
_KNOWN_OF_CANDIDATES = (
    (
        r"covariance matrix of class .* is not full rank",
        Sentence(
            "quadratic discriminant analysis had too few patients of a class for its features"
        ),
    ),
    (r"no feature was left after selection", Sentence("no feature was left after selection")),
)
_LONGEST = 220


class Failed(NamedTuple):
    """A task that failed."""

    key: TaskKey
    error: str
    kind: Failure = Failure.TASK


@dataclass(frozen=True)
class FailureCause:
    """One cause of failures, and what it is the cause of.

    Parameters
    ----------
    what : Sentence
        What failed, for whom and why, in one sentence.
    remedy : str
        What to do about it; empty if nobody knows.
    patients : tuple of str
        The patients concerned; empty for a search or an evaluation.
    """

    what: Sentence
    remedy: str = ""
    patients: tuple[str, ...] = ()

    @property
    def sentence(self) -> Sentence:
        """Return the cause and its remedy."""
        return joined([self.what, self.remedy], " ") if self.remedy else self.what


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


def failed_tasks(
    failures: Iterable[Failed],
    stages: Mapping[str, Stage],
    modalities: Mapping[str, object] = MappingProxyType({}),
) -> list[FailureCause]:
    """Return the causes of failed tasks, each once.

    Parameters
    ----------
    failures : iterable of Failed
    stages : mapping of str to Stage
        The stages by name.
    modalities : mapping of str to object
        Their tables in the study file; one that is not known has images.
    """
    found = []
    for tasks, why, remedy in _causes(failures, modalities):
        keys = [task.key for task in tasks]
        stage = keys[0].stage
        said = stages[stage].failed if stage in stages else said_of_failed
        found.append(FailureCause(said(keys, why), remedy, _patients(tasks)))
    return found


def as_error(results: Sequence[TaskResult]) -> TaskFailedError:
    """Return the error that lists the failed tasks of a stage, at least one, each cause once."""
    labels = {result.task.key: result.task.label for result in results}
    arguments = {result.task.key.modality: result.task.arguments for result in results}
    failures = (Failed(each.task.key, each.error, each.failure) for each in results)
    problems = []
    for tasks, why, remedy in _causes(failures, arguments):
        what = Sentence(
            "{tasks}: {error}", tasks=", ".join(labels[task.key] for task in tasks), error=why
        )
        patients = _patients(tasks)
        patient = patients[0] if len(patients) == 1 else ""
        problems.append(Problem(what, remedy, patient=patient))
    message = Sentence.plural(
        len(results),
        "{n} task of the stage {stage} failed. What is finished is kept; the same command goes on "
        "from there.",
        "{n} tasks of the stage {stage} failed. What is finished is kept; the same command goes on "
        "from there.",
        stage=results[0].task.key.stage,
    )
    return TaskFailedError(message, problems)


def left_out(
    excluded: Iterable[tuple[str, str, str]],
    modalities: Mapping[str, object] = MappingProxyType({}),
) -> list[FailureCause]:
    """Return why patients were left out, each cause once.

    Parameters
    ----------
    excluded : iterable of (str, str, str)
        Patient, modality and cause of each.
    modalities : mapping of str to object
        As for `failed_tasks`.
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for patient, modality, cause in excluded:
        groups.setdefault((modality, _without(cause, [patient])), []).append((patient, cause))
    found = []
    for (modality, _), members in groups.items():
        patients = tuple(dict.fromkeys(patient for patient, _ in members))
        cause = members[0][1]
        why, remedy = explained(cause)
        who = {"who": patients_said(patients), "modality": modality}
        what = Sentence("{who}, {modality}: {why}.", **who, why=why)
        # A sentence of the check is said in the reader's language, unless it was shortened.
        if (whole := Sentence("{who}, {modality}: {cause}", **who, cause=cause)) == what:
            what = whole
        remedy = remedy or Sentence(
            "{mend} and run again; the patient then enters.",
            mend=_mend(modalities.get(modality)),
        )
        found.append(FailureCause(what, remedy, patients))
    return found


def explained(error: str, kind: Failure = Failure.TASK) -> tuple[str, str]:
    """Return an error as the end of a sentence, and the remedy if one is known."""
    error = " ".join(error.split()).rstrip(".")
    short = error if len(error) <= _LONGEST else f"{error[:_LONGEST]} ..."
    for known in _KNOWN:
        if known.fits(error, kind):
            if not known.meaning:
                return short, known.remedy
            return Sentence("{meaning} ({error})", meaning=known.meaning, error=short), known.remedy
    return short, ""


def plain_cause(cause: str) -> str:
    """Return why a candidate workflow has no score, in words for who does not know numpy."""
    for pattern, meaning in _KNOWN_OF_CANDIDATES:
        if re.search(pattern, cause):
            return meaning
    return cause if len(cause) <= _LONGEST // 2 else f"{cause[: _LONGEST // 2]} ..."


def patients_said(patients: Sequence[str]) -> str:
    """Return patients as the object of a sentence: one by id, several by number and ids."""
    if len(patients) == 1:
        return patients[0]
    return Sentence("{n} patients ({who})", n=len(patients), who=named(patients))


def _causes(
    failures: Iterable[Failed], modalities: Mapping[str, object]
) -> Iterator[tuple[list[Failed], str, str]]:
    """Yield the tasks that failed for one cause, the cause as it is said, and what to do."""
    groups: dict[tuple[str, str, Failure], list[Failed]] = {}
    for each in failures:
        same = _without(each.error, [each.key.of, each.key.patient])
        groups.setdefault((each.key.stage, same, each.kind), []).append(each)
    for tasks in groups.values():
        why, remedy = explained(tasks[0].error, tasks[0].kind)
        if _patients(tasks) and not remedy:
            remedy = Sentence(
                "{mend}, or let the study go on without the patient: "
                '[run] on_error = "exclude-patient".',
                mend=_mend(modalities.get(tasks[0].key.modality)),
            )
        yield tasks, why, remedy or Sentence("The whole traceback is in {log}.", log=LOG)


def _mend(modality: object) -> Sentence:
    from lungmet_worc.study.sources.kinds import (
        kind_of,  # slow, and workers need none
    )

    mend: Sentence = kind_of(modality).mend
    return mend


def _patients(tasks: Iterable[Failed]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(task.key.patient for task in tasks if task.key.patient))


def _without(error: str, names: Sequence[str]) -> str:
    """Return an error without whose it is, so that one cause is found to be one."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        if not name.isdigit():
            error = error.replace(name, "*")
    return re.sub(r"(?:/[^\s/'\"]+)+|\d+", "*", error)
