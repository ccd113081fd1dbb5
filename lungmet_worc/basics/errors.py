"""Errors and problems: what is wrong, where it is, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal

from lungmet_worc.basics.sentences import Sentence, Text

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a study, said so that a user can mend it.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    remedy : str
        What to do about it, in one sentence.
    severity : {"error", "warning"}
        An error stops a run, a warning does not.
    file : str
        The file as the user wrote it (never an absolute path that the user did not write).
    row : int, optional
        Line of the manifest as a spreadsheet shows it: the header is row 1.
    column : str
        Column of the manifest, or key of the study file.
    patient : str
        The patient's id.
    kind : str
        What kind of thing is wrong, such as "small-arm", where a decision depends on it (see
        `lungmet_worc.checks.causes`); the same in every language.
    """

    what: Text
    remedy: Text
    severity: Severity = "error"
    file: str = ""
    row: int | None = None
    column: str = ""
    patient: str = ""
    kind: str = ""

    def as_dict(self, said: Callable[[str], str] = str) -> dict[str, object]:
        """Return all of it, ready for JSON.

        Parameters
        ----------
        said : callable, optional
            Says what and remedy in the language of the reader.
        """
        return asdict(self) | {"what": said(self.what), "remedy": said(self.remedy)}

    def __str__(self) -> str:
        """Return the problem as one line: where, what, remedy."""
        row = f"row {self.row}" if self.row is not None else ""
        column = f'"{self.column}"' if self.column else ""
        patient = f"patient {self.patient}" if self.patient else ""
        where = ", ".join(part for part in (self.file, row, column, patient) if part)
        return f"{where}: {self.what} {self.remedy}" if where else f"{self.what} {self.remedy}"


#: Problem -> the errors that it follows from; it is gone when they are mended.
Causes = Mapping[Problem, tuple[Problem, ...]]
NO_CAUSES: Causes = MappingProxyType({})


def problems_as_dicts(
    problems: Sequence[Problem], causes: Causes, said: Callable[[str], str] = str
) -> list[dict[str, object]]:
    """Return problems ready for JSON, each with the places of those that it follows from.

    Parameters
    ----------
    problems : sequence of Problem
        All of them.
    causes : mapping of Problem to tuple of Problem
        Problem that is gone when others are mended -> these others.
    said : callable, optional
        Says what and remedy in the language of the reader.
    """
    places = {problem: place for place, problem in enumerate(problems)}
    return [
        problem.as_dict(said)
        | {"follows_from": [places[cause] for cause in causes.get(problem, ())]}
        for problem in problems
    ]


class LungmetError(Exception):
    """Base of every error that lungmet_worc raises on purpose.

    Parameters
    ----------
    message : str
        What went wrong, for a user.
    problems : sequence of Problem
        Every problem that was found, not only the first.
    causes : mapping of Problem to tuple of Problem
        Problem that is gone when others are mended -> these others.
    """

    exit_code = 1

    def __init__(
        self, message: str, problems: Sequence[Problem] = (), causes: Causes = NO_CAUSES
    ) -> None:
        super().__init__(message, tuple(problems))
        self.message = message
        self.problems = tuple(problems)
        self.causes = dict(causes)

    def __str__(self) -> str:
        """Return the message and every problem, a line each."""
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback (a protocol of IPython)."""
        return [f"{type(self).__name__}: {self}"]


class StudyFileError(LungmetError):
    """The study file cannot be used."""


class ManifestError(LungmetError):
    """The manifest cannot be used."""


class CohortError(LungmetError):
    """The patients cannot answer the question that the study asks."""


class RunFolderError(LungmetError):
    """The run folder cannot be used."""


class ResultsError(LungmetError):
    """Results are missing or cannot be read."""


class TaskFailedError(LungmetError):
    """A task of the run failed."""

    exit_code = 3


class StorageError(LungmetError):
    """Nothing can be written any more: the disk is full, or cannot be written to."""

    exit_code = 3


class EngineError(LungmetError):
    """The engine cannot run tasks: a plugin that is not there, a cluster that takes no jobs."""


class FolderMovedError(LungmetError):
    """The folder that is written to was moved, renamed or deleted meanwhile."""

    exit_code = 3


class InputChangedError(LungmetError):
    """A file is no longer the one that the run was planned with."""

    exit_code = 3


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like the given one, or None if none is near.

    Parameters
    ----------
    name : str
        The name as the user wrote it.
    known : iterable of str
        The names that exist.
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> Sentence:
    """Return a sentence that suggests the nearest known name, or lists the known ones."""
    candidates = list(known)
    nearest = nearest_name(name, candidates)
    if nearest is not None:
        return Sentence('Did you mean "{nearest}"?', nearest=nearest)
    if not candidates:
        return Sentence("None is known.")
    return Sentence("Known are: {names}.", names=", ".join(candidates))
