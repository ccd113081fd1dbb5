"""The manifest: one row for each patient, with the outcome and the paths of the scans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from lungmet_worc.basics.errors import ManifestError, Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study import manifest_columns as checks
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest_cells import read_cells
from lungmet_worc.study.manifest_frame import spreadsheet_of
from lungmet_worc.study.reading.column_numbers import readings
from lungmet_worc.study.reading.spreadsheet import (
    Spreadsheet,
    is_missing,
    parse_outcome,
    read_spreadsheet,
)
from lungmet_worc.study.sources.images import ImagePair
from lungmet_worc.study.sources.kinds import column_names
from lungmet_worc.study.sources.source import Data


@dataclass(frozen=True)
class Patient:
    """One row of the manifest.

    Parameters
    ----------
    patient_id : str
        The user's own id.
    row : int
        The row as a spreadsheet program shows it: the header is row 1.
    outcome : int or None
        1 or 0; None where it is not known.
    data : mapping of str to Data
        Every modality of the study, also those that the patient does not have.
    clinical : mapping of str to str
        The text of every other column: clean, numbers of the columns that the study uses with
        a decimal point, "" for what the study file names as missing.
    """

    patient_id: str
    row: int
    outcome: int | None
    data: Mapping[str, Data]
    clinical: Mapping[str, str]

    def in_row(self, problem: Problem) -> Problem:
        """Return a problem as one of the patient's row."""
        return replace(problem, row=self.row, patient=self.patient_id)

    @property
    def images(self) -> dict[str, ImagePair]:
        """Return the image and the mask of each modality that is given as such."""
        return {
            name: pair
            for name, pair in self.data.items()
            if isinstance(pair, ImagePair) and pair.present
        }


@dataclass(frozen=True)
class Manifest:
    """All patients with an id, and everything that is wrong with the table.

    Parameters
    ----------
    path : Path
        The table that was read.
    columns : tuple of str
        Its columns.
    patients : tuple of Patient
        In the order of the table.
    problems : tuple of Problem
        Errors and warnings of the table itself; the images are looked at by ``check``.
    """

    path: Path
    columns: tuple[str, ...]
    patients: tuple[Patient, ...]
    problems: tuple[Problem, ...]


def read_manifest(study: StudyConfig) -> Manifest:
    """Read the manifest of a study.

    Parameters
    ----------
    study : StudyConfig
        Says which file it is and what its columns mean.

    Returns
    -------
    Manifest
        With all problems of its rows.

    Raises
    ------
    ManifestError
        The file is missing or is no table, or a column that the study names is not in it.
    """
    manifest = collect_manifest(study)
    if any(checks.missing_columns(study, manifest.columns)):
        message = Sentence('The manifest "{file}" does not fit the study:', file=manifest.path.name)
        raise ManifestError(message, manifest.problems)
    return manifest


def collect_manifest(study: StudyConfig) -> Manifest:
    """Read the manifest of a study, with a missing column as one problem among others.

    Raises
    ------
    ManifestError
        The file is missing or is no table.
    """
    path = study.cohort.manifest
    used = checks.used_columns(study)
    spreadsheet = _spreadsheet(study, tuple(used))
    problems = [
        problem if not problem.column or problem.column in used else _as_warning(problem)
        for problem in spreadsheet.problems
    ]
    frame, found = read_cells(study, spreadsheet)
    problems += found
    problems += checks.missing_columns(study, tuple(frame.columns), spreadsheet.header_row)
    problems += checks.column_conflicts(study)
    problems += [*checks.id_problems(study, frame), *checks.twin_problems(study, frame)]
    patients = []
    for row, cells in _rows(frame):
        patient, found = _read_row(study, row, cells)
        if patient.patient_id not in study.cohort.exclude:
            problems += [
                replace(problem, file=problem.file or path.name)
                for problem in found
                # Said once for the column.
                if spreadsheet.kinds.get((row, problem.column)) not in ("formula", "merged")
            ]
        if patient.patient_id:
            patients.append(patient)
    problems += checks.exclude_problems(study, [patient.patient_id for patient in patients])
    return Manifest(path, tuple(frame.columns), tuple(patients), tuple(dict.fromkeys(problems)))


def _spreadsheet(study: StudyConfig, used: tuple[str, ...]) -> Spreadsheet:
    """Return the table as it was read, or as a script gave it."""
    given = study.cohort.in_memory
    if given is not None:
        return spreadsheet_of(given.frame, study.cohort.patient_id)
    return read_spreadsheet(study.cohort.manifest, used, study.cohort.sheet)


def _as_warning(problem: Problem) -> Problem:
    return replace(problem, severity="warning")


def _rows(frame: pd.DataFrame) -> Iterator[tuple[int, dict[str, str]]]:
    columns = list(frame.columns)
    for row, cells in zip(frame.index, frame.itertuples(index=False, name=None), strict=True):
        yield int(row), dict(zip(columns, cells, strict=True))


def _read_row(
    study: StudyConfig, row: int, cells: Mapping[str, str]
) -> tuple[Patient, list[Problem]]:
    raw_id = cells.get(study.cohort.patient_id, "")
    patient_id = "" if is_missing(raw_id) else raw_id
    problems: list[Problem] = []
    outcome = _read_outcome(study.outcome, cells, problems)
    data: dict[str, Data] = {}
    for name, source in study.modalities.items():
        entries = {
            column.key: "" if is_missing(cells[column.name]) else cells[column.name]
            for column in source.columns
            if column.name in cells
        }
        folder = study.cohort.manifest.parent
        data[name], found = source.read(name, patient_id, entries, folder)
        problems += found
    taken = {study.cohort.patient_id, study.outcome, *column_names(*study.modalities.values())}
    clinical = {column: text for column, text in cells.items() if column not in taken}
    patient = Patient(patient_id, row, outcome, data, clinical)
    return patient, [patient.in_row(problem) for problem in problems]


def _read_outcome(column: str, cells: Mapping[str, str], problems: list[Problem]) -> int | None:
    if column not in cells:
        return None
    try:
        outcome = parse_outcome(cells[column])
    except ValueError:
        what = Sentence('The outcome "{text}" is neither yes nor no.', text=cells[column])
        remedy = Sentence(
            "Write 1 or 0, yes or no, true or false, ja or nee; leave it empty if not known."
        )
        if readings(cells[column]).get(".") == 2:
            remedy = Sentence(
                "Write yes or no, ja or nee, 1 or 0 in all rows: a 1 counts as yes, also where 1 "
                "was meant as no and 2 as yes."
            )
        problems.append(Problem(what, remedy, column=column))
        return None
    if outcome is None:
        what = Sentence("The outcome is not known; the patient enters no arm.")
        remedy = Sentence("Fill it in if it is known.")
        problems.append(Problem(what, remedy, "warning", column=column))
    return outcome
