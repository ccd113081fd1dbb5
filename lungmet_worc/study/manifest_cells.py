"""What the cells of a manifest mean to a study: numbers, and what counts as not known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import pandas as pd

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.reading.cell_text import rows_text
from lungmet_worc.study.reading.column_numbers import (
    is_ambiguous,
    read_column,
    readings,
    shown_decimals,
)
from lungmet_worc.study.reading.raw_table import NUMBERS
from lungmet_worc.study.reading.spreadsheet import Spreadsheet, column_cells, is_missing
from lungmet_worc.study.sources.kinds import column_names
from lungmet_worc.study.table_cells import cell_problems
from lungmet_worc.study.unknown_codes import code_problems

#: Share of numbers among the known cells of a column from which on it is one of numbers.
_NUMBERS = 0.75


def read_cells(study: StudyConfig, sheet: Spreadsheet) -> tuple[pd.DataFrame, list[Problem]]:
    """Return the table with every number and every unknown value written in one way.

    Parameters
    ----------
    study : StudyConfig
        Names the columns, what counts as missing, and which mark is the decimal one.
    sheet : Spreadsheet
        The table as it was read.

    Returns
    -------
    DataFrame
        Numbers of the columns that the study uses have a decimal point and no other mark;
        what the study calls missing is "".
    list of Problem
        Cells that cannot be told, that Excel made into something else, or that look like codes
        for a value that is not known.
    """
    frame = sheet.frame.copy()
    for column in frame.columns:
        if column != study.cohort.patient_id:
            codes = _codes(study, column)
            if codes:
                frame[column] = [_without(cell, codes) for cell in frame[column]]
    judged = _judged_rows(study, frame)
    problems = list(cell_problems(study, sheet, judged))
    for column in _number_columns(study, frame.columns):
        problems += _read_numbers(study, sheet, frame, column, judged)
    problems += code_problems(study, frame.loc[judged])
    return frame, problems


def _judged_rows(study: StudyConfig, frame: pd.DataFrame) -> list[int]:
    """Return the rows of patients who are not excluded."""
    if study.cohort.patient_id not in frame.columns:
        return list(map(int, frame.index))
    excluded = set(study.cohort.exclude)
    ids = column_cells(frame, study.cohort.patient_id)
    return [row for row, patient_id in ids.items() if patient_id not in excluded]


# What counts as not known -------------------------------------------------------------------


def _codes(study: StudyConfig, column: str) -> tuple[str, ...]:
    own = study.clinical[column].missing if column in study.clinical else ()
    return (*study.cohort.missing, *own)


def _without(cell: str, codes: Sequence[str]) -> str:
    """Return a cell, "" if it is one of the codes, written in the same way or as a number."""
    if cell.casefold() in {code.casefold() for code in codes}:
        return ""
    numbers = set(readings(cell).values())
    alike = len(numbers) == 1 and numbers & {n for code in codes for n in readings(code).values()}
    return "" if alike else cell


# Numbers ------------------------------------------------------------------------------------


def _number_columns(study: StudyConfig, columns: Collection[str]) -> list[str]:
    """Return the columns whose numbers the study reads."""
    named = [name for arm in study.arms.values() for name in arm.clinical]
    named = [name for name in named if _may_be_numbers(study, name)]
    named += [*study.statistics.subgroups, *study.report.acquisition]
    return [name for name in dict.fromkeys(named) if name in columns]


def _may_be_numbers(study: StudyConfig, column: str) -> bool:
    return column not in study.clinical or study.clinical[column].kind in (None, "number")


def _read_numbers(
    study: StudyConfig,
    sheet: Spreadsheet,
    frame: pd.DataFrame,
    column: str,
    judged: Sequence[int],
) -> Iterator[Problem]:
    """Write the numbers of a column with a decimal point, and report those that are unclear."""
    cells = {row: cell for row, cell in column_cells(frame, column).items() if not is_missing(cell)}
    numbers = [cell for cell in cells.values() if readings(cell)]
    if len(numbers) < _NUMBERS * len(cells):
        return
    typed = {row for row in cells if sheet.kinds.get((row, column)) in NUMBERS}
    said = study.cohort.decimal or ""
    unclear = any(is_ambiguous(cell) for row, cell in cells.items() if row not in typed)
    dialect = _dialect(study, sheet) if unclear and not said else ""
    reading = read_column(cells, typed, dialect, said)
    for row, text in reading.texts.items():
        frame.loc[row, column] = text
    rows = [row for row in reading.unclear if row in set(judged)]
    if rows:
        yield _unclear(study, column, rows, cells)
    guessed = [row for row in reading.as_thousands if row in set(judged)]
    if guessed:
        yield _as_thousands(study, column, guessed, cells, reading.texts)


def _dialect(study: StudyConfig, sheet: Spreadsheet) -> str:
    """Return the decimal mark of the file: the one that its columns show, or of its separator."""
    others = {study.cohort.patient_id, *column_names(*study.modalities.values())}
    shown: set[str] = set()
    for column in sheet.frame.columns:
        if column not in others:
            cells = column_cells(sheet.frame, column).items()
            shown |= shown_decimals(
                text for row, text in cells if sheet.kinds.get((row, column)) not in NUMBERS
            )
    return shown.pop() if len(shown) == 1 else ("" if shown else sheet.decimal)


def _unclear(study: StudyConfig, column: str, rows: list[int], cells: Mapping[int, str]) -> Problem:
    text = cells[rows[0]]
    found = sorted(set(readings(text).values()))
    what = Sentence(
        'It cannot be told whether the mark stands for thousands or for decimals: "{text}" is '
        "{large:.0f} or {small:.15g}. Rows: {rows}.",
        text=text,
        large=max(found, key=abs),
        small=min(found, key=abs),
        rows=rows_text(rows),
    )
    remedy = Sentence(
        "Write thousands without a mark, or say in [cohort] of the study file which mark is the "
        'decimal one: decimal = "." or decimal = ",".'
    )
    return Problem(what, remedy, file=study.cohort.manifest.name, row=rows[0], column=column)


def _as_thousands(
    study: StudyConfig,
    column: str,
    rows: list[int],
    cells: Mapping[int, str],
    texts: Mapping[int, str],
) -> Problem:
    what = Sentence(
        'The mark in "{text}" is taken for thousands ({number}), since other cells of the column '
        "have the other mark for decimals. Rows: {rows}.",
        text=cells[rows[0]],
        number=texts[rows[0]],
        rows=rows_text(rows),
    )
    remedy = Sentence("Write all numbers of the column in the same way.")
    file = study.cohort.manifest.name
    return Problem(what, remedy, "warning", file=file, row=rows[0], column=column)
