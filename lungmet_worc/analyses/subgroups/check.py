"""What can be wrong with the columns whose values are subgroups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lungmet_worc.analyses.subgroups.levels import distinct_texts, numbers_of
from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.reading.spreadsheet import is_missing, parse_number

if TYPE_CHECKING:
    from lungmet_worc.study.manifest import Manifest

#: A column with more texts than this is no column of subgroups: each would be a few patients.
MOST_LEVELS = 8

_TAKE_OUT = Sentence("Take it out of statistics.subgroups.")


def columns(study: StudyConfig) -> tuple[str, ...]:
    """Return the columns of the manifest that make subgroups."""
    return study.statistics.subgroups


def problems(study: StudyConfig, manifest: Manifest) -> list[Problem]:
    """Report columns that make no subgroups.

    Parameters
    ----------
    study : StudyConfig
        Names the columns in ``[statistics] subgroups`` and the cuts in ``[statistics] bands``.
    manifest : Manifest
        Has them. A column that it lacks is reported with all others that it lacks (see
        `lungmet_worc.study.manifest_columns.missing_columns`).

    Returns
    -------
    list of Problem
        Texts with more than `MOST_LEVELS` values, bands of a column that holds no numbers, and
        (as warnings) columns that are empty or have the same value for everybody.
    """
    return list(_column_problems(study, manifest))


def _column_problems(study: StudyConfig, manifest: Manifest) -> Iterator[Problem]:
    file = manifest.path.name
    for column in dict.fromkeys(study.statistics.subgroups):
        if column not in manifest.columns:
            continue
        rows = {
            patient.row: patient.clinical[column].strip()
            for patient in manifest.patients
            if column in patient.clinical and patient.patient_id not in study.cohort.exclude
        }
        if not rows:
            what = Sentence(
                "The outcome, the patient ids and the paths of images make no subgroups."
            )
            yield Problem(what, _TAKE_OUT, file=file, column=column)
            continue
        yield from _value_problems(study, column, rows, file)


def _value_problems(
    study: StudyConfig, column: str, rows: dict[int, str], file: str
) -> Iterator[Problem]:
    cells = list(rows.values())
    texts = distinct_texts(cells)
    if len(texts) < 2:
        what = Sentence("All patients have the same value here.")
        if not texts:
            what = Sentence("Nobody has a value here.")
        yield Problem(what, _TAKE_OUT, "warning", file=file, column=column)
        return
    if numbers_of(cells) is not None:
        return
    row, text = next((row, cell) for row, cell in rows.items() if not _is_number(cell))
    if column in study.statistics.bands:
        what = Sentence(
            '"{text}" is no number, so that statistics.bands cannot cut this column.', text=text
        )
        remedy = Sentence("Correct the cell, or take the column out of statistics.bands.")
        yield Problem(what, remedy, file=file, row=row, column=column)
    elif len(texts) > MOST_LEVELS:
        numeric = sum(_is_number(cell) and not is_missing(cell) for cell in cells)
        what = Sentence(
            "The column has {n} different texts: subgroups of very few patients.", n=len(texts)
        )
        remedy = Sentence(
            "Group them in a new column of at most {most} values, or take it out of "
            "statistics.subgroups.",
            most=MOST_LEVELS,
        )
        if numeric > len(cells) / 2:
            remedy = Sentence(
                'Correct "{text}" in row {row} if this is a column of numbers.', text=text, row=row
            )
        yield Problem(what, remedy, file=file, column=column)


def _is_number(cell: str) -> bool:
    try:
        parse_number(cell)
    except ValueError:
        return False
    return True
