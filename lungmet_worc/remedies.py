"""The causes of failures in plain words, each once, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lungmet_worc.stale_causes import named

#: What is found in an error, what it means, and what to do about it.
_KNOWN = (
    (
        r"No space left on device|Disk quota exceeded",
        "the disk is full",
        "Make room; the same command goes on from there.",
    ),
    (
        r"MemoryError|out of memory|ended from outside|Unable to allocate|Cannot allocate",
        "the machine ran out of memory, or somebody ended the worker process",
        "Run again with fewer tasks at a time, for example --cores 1.",
    ),
    (
        r"FileNotFoundError|No such file or directory",
        "a file is no longer where it was",
        "Put it back, or correct the manifest, and run again.",
    ),
    (
        r"PermissionError|Permission denied",
        "a file may not be read or written",
        "Ask who owns the file for the right to it, and run again.",
    ),
    (
        # Of PREDICT, and of numpy where nothing at all is left.
        r"mask only contains 1 segmented voxel|index 0 is out of bounds for axis 0 with size 0",
        "too little of the mask is left after WORC's preprocessing, such as resampling",
        "Look whether the whole tumour is drawn, or resample less coarsely.",
    ),
)
#: The same for candidate workflows (errata E9).
_KNOWN_OF_CANDIDATES = (
    (
        r"covariance matrix of class .* is not full rank",
        "quadratic discriminant analysis had too few patients of a class for its features",
    ),
)
_LONGEST = 220


@dataclass(frozen=True)
class FailureCause:
    """One cause of failures, and what it is the cause of.

    Parameters
    ----------
    what : str
        What failed, for whom and why, in one sentence.
    remedy : str
        What to do about it; empty if nobody knows.
    patients : tuple of str
        The patients concerned; empty for a search or an evaluation.
    """

    what: str
    remedy: str = ""
    patients: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the cause and its remedy."""
        return f"{self.what} {self.remedy}".strip()


def failed_tasks(failures: Iterable[tuple[str, str]], log: str) -> list[FailureCause]:
    """Return the causes of failed tasks, each once.

    Parameters
    ----------
    failures : iterable of (str, str)
        Key and error of each task.
    log : str
        Where the tracebacks are, for the reader.
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key, error in failures:
        stage, _, rest = key.partition("/")
        groups.setdefault((stage, _without(error, rest.split("/"))), []).append((rest, error))
    found = []
    for (stage, _), members in groups.items():
        names = [rest for rest, _ in members]
        why, remedy = explained(members[0][1])
        patients: tuple[str, ...] = ()
        if stage == "extraction":
            patients = tuple(dict.fromkeys(name.partition("/")[2] for name in names))
            if not remedy:
                remedy = (
                    "Mend image or segmentation, or let the study go on without the patient: "
                    '[run] on_error = "exclude-patient".'
                )
        remedy = remedy or f"The whole traceback is in {log}."
        found.append(FailureCause(f"{_subject(stage, names)} failed: {why}.", remedy, patients))
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
        why, remedy = explained(members[0][1])
        found.append(
            FailureCause(
                f"{_patients(patients)}, {modality}: {why}.",
                remedy or "Mend image or segmentation and run again; the patient then enters.",
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
            return f"{meaning} ({short})", remedy
    return short, ""


def plain_cause(cause: str) -> str:
    """Return why a candidate workflow has no score, in words for who does not know numpy."""
    for pattern, meaning in _KNOWN_OF_CANDIDATES:
        if re.search(pattern, cause):
            return meaning
    return cause if len(cause) <= _LONGEST // 2 else f"{cause[: _LONGEST // 2]} ..."


def _subject(stage: str, names: Sequence[str]) -> str:
    """Return what failed, for example ``CT features of P1 and P2``."""
    by_place: dict[str, list[str]] = {}
    for name in names:
        place, _, last = name.partition("/")
        by_place.setdefault(place, []).append(last)
    if stage == "extraction":
        parts = [f"{place} features of {_patients(who)}" for place, who in by_place.items()]
    elif stage == "search":
        parts = [
            f"{place}, {'split' if len(numbers) == 1 else 'splits'} "
            f"{named([str(int(number) + 1) for number in numbers])}"
            for place, numbers in by_place.items()
        ]
        return f"The search of {'; '.join(parts)}"
    else:
        title = {"fingerprint": "The look at the images of", "settings": "The settings of"}
        return f"{title.get(stage, f'The {stage} of')} {named(list(by_place))}"
    return "; ".join(parts)


def _patients(patients: Sequence[str]) -> str:
    number = len(patients)
    if number == 1:
        return patients[0]
    return f"{number} patients ({named(patients)})"


def _without(error: str, names: Sequence[str]) -> str:
    """Return an error without whose it is, so that one cause is found to be one."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        if not name.isdigit():
            error = error.replace(name, "*")
    return re.sub(r"(?:/[^\s/'\"]+)+|\d+", "*", error)
