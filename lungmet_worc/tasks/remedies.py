"""The causes of failures in plain words, each once, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.words import named
from lungmet_worc.tasks.stage import Stage, said_of_failed
from lungmet_worc.tasks.task import TaskKey

#: What is found in an error, what it means, and what to do about it.
_KNOWN = (
    (
        r"No space left on device|Disk quota exceeded",
        Sentence("the disk is full"),
        Sentence("Make room; the same command goes on from there."),
    ),
    (
        r"MemoryError|out of memory|ended from outside|Unable to allocate|Cannot allocate",
        Sentence("the machine ran out of memory, or somebody ended the worker process"),
        Sentence("Run again with fewer tasks at a time, for example --cores 1."),
    ),
    (
        r"FileNotFoundError|No such file or directory",
        Sentence("a file is no longer where it was"),
        Sentence("Put it back, or correct the manifest, and run again."),
    ),
    (
        r"PermissionError|Permission denied",
        Sentence("a file may not be read or written"),
        Sentence("Ask who owns the file for the right to it, and run again."),
    ),
    (
        # Of PREDICT, and of numpy where nothing at all is left.
        r"mask only contains 1 segmented voxel|index 0 is out of bounds for axis 0 with size 0",
        Sentence("too little of the mask is left after WORC's preprocessing, such as resampling"),
        Sentence("Look whether the whole tumour is drawn, or resample less coarsely."),
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


def failed_tasks(
    failures: Iterable[tuple[TaskKey, str]], log: str, stages: Mapping[str, Stage]
) -> list[FailureCause]:
    """Return the causes of failed tasks, each once.

    Parameters
    ----------
    failures : iterable of (TaskKey, str)
        Key and error of each task.
    log : str
        Where the tracebacks are, for the reader.
    stages : mapping of str to Stage
        The stages by name.
    """
    groups: dict[tuple[str, str], list[tuple[TaskKey, str]]] = {}
    for key, error in failures:
        same = _without(error, [key.of, key.patient])
        groups.setdefault((key.stage, same), []).append((key, error))
    found = []
    for (stage, _), members in groups.items():
        keys = [key for key, _ in members]
        why, remedy = explained(members[0][1])
        patients = tuple(dict.fromkeys(key.patient for key in keys if key.patient))
        if patients and not remedy:
            remedy = Sentence(
                "Mend image or segmentation, or let the study go on without the patient: "
                '[run] on_error = "exclude-patient".'
            )
        remedy = remedy or Sentence("The whole traceback is in {log}.", log=log)
        said = stages[stage].failed if stage in stages else said_of_failed
        found.append(FailureCause(said(keys, why), remedy, patients))
    return found


def left_out(excluded: Iterable[tuple[str, str, str]]) -> list[FailureCause]:
    """Return why patients were left out, each cause once.

    Parameters
    ----------
    excluded : iterable of (str, str, str)
        Patient, modality and cause of each.
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
        found.append(
            FailureCause(
                what,
                remedy
                or Sentence("Mend image or segmentation and run again; the patient then enters."),
                patients,
            )
        )
    return found


def explained(error: str) -> tuple[str, str]:
    """Return an error as the end of a sentence, and the remedy if one is known."""
    error = " ".join(error.split()).rstrip(".")
    short = error if len(error) <= _LONGEST else f"{error[:_LONGEST]} ..."
    for pattern, meaning, remedy in _KNOWN:
        if re.search(pattern, error):
            return Sentence("{meaning} ({error})", meaning=meaning, error=short), remedy
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


def _without(error: str, names: Sequence[str]) -> str:
    """Return an error without whose it is, so that one cause is found to be one."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        if not name.isdigit():
            error = error.replace(name, "*")
    return re.sub(r"(?:/[^\s/'\"]+)+|\d+", "*", error)
