"""A manifest that a script has as a DataFrame, read as a file with the same cells would be."""

from __future__ import annotations

import datetime
import math
import numbers
from collections.abc import Iterator
from decimal import Decimal
from pathlib import PurePath
from typing import Any

import pandas as pd

from lungmet_worc.basics.errors import ManifestError, Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.reading.cell_text import clean
from lungmet_worc.study.reading.raw_table import Kind
from lungmet_worc.study.reading.spreadsheet import Spreadsheet

#: In place of the name of a file, in problems.
NAME = "data frame"


def spreadsheet_of(frame: pd.DataFrame, patient_id: str) -> Spreadsheet:
    """Return a DataFrame as text, as a table that was read from a file.

    Missing values are empty cells, numbers without a fraction have none ("1", not "1.0"), dates
    are written as in 2026-11-29, and categories and booleans as their values.

    Parameters
    ----------
    frame : DataFrame
        One row for each patient.
    patient_id : str
        The column of the ids; it may be the index.

    Returns
    -------
    Spreadsheet
        Rows are numbered by position, from 0, as ``DataFrame.iloc`` does.

    Raises
    ------
    ManifestError
        There is no row or no column, or columns have several levels.
    """
    if frame.columns.nlevels > 1:
        raise _unusable(Sentence("Its columns have several levels. Give each column one name."))
    if patient_id not in frame.columns and frame.index.name == patient_id:
        frame = frame.reset_index()
    if frame.empty:
        raise _unusable(Sentence("It has no patients. Give it a row for each patient."))
    names = [clean(str(name)) for name in frame.columns]
    first = [place for place, name in enumerate(names) if name not in names[:place]]
    twice = [names[place] for place in range(len(names)) if place not in first]
    what, remedy = (
        Sentence("Two columns have this name; the first is used."),
        Sentence("Rename or remove one of them."),
    )
    problems = [Problem(what, remedy, file=NAME, column=name) for name in dict.fromkeys(twice)]
    columns: dict[str, list[str]] = {}
    kinds: dict[tuple[int, str], Kind] = {}
    for place in first:
        name, cells = names[place], frame.iloc[:, place].astype(object).to_list()
        problems += _cell_problems(name, cells)
        columns[name] = [cell_text(cell) for cell in cells]
        # A number has no mark of thousands that somebody could take for a decimal one.
        numeric = (row for row, cell in enumerate(cells) if isinstance(cell, numbers.Real))
        kinds.update(((row, name), "number") for row in numeric)
    texts = pd.DataFrame(columns, dtype=object)
    texts.index.name = "row"
    return Spreadsheet(texts, tuple(problems), kinds, header_row=None)


def cell_text(value: Any) -> str:
    """Return a value of a DataFrame as a cell of a table has it.

    Examples
    --------
    >>> cell_text(1.0), cell_text(0.5), cell_text(True), cell_text(float("nan"))
    ('1', '0.5', 'true', '')
    """
    if not _is_scalar(value) or pd.isna(value):
        return ""
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str | PurePath):
        return clean(str(value))
    if str(value) in ("True", "False"):  # numpy has booleans of its own
        return str(value).lower()
    is_number = isinstance(value, numbers.Real | Decimal)
    if not is_number:
        return clean(str(value))
    number = float(value)
    return str(int(value)) if number.is_integer() else repr(number)


def _is_scalar(value: Any) -> bool:
    known = (str, PurePath, datetime.date, numbers.Real)
    return isinstance(value, known) or value is None or bool(pd.api.types.is_scalar(value))


def _cell_problems(column: str, cells: list[Any]) -> Iterator[Problem]:
    for row, cell in enumerate(cells):
        kind = type(cell).__name__
        if not _is_scalar(cell) or isinstance(cell, bytes | complex):
            what = Sentence("The cell holds a {kind}, not a text, number or date.", kind=kind)
            remedy = Sentence("Write a text, a number, a date or nothing.")
            yield Problem(what, remedy, file=NAME, row=row, column=column)
        elif isinstance(cell, numbers.Real) and cell in (math.inf, -math.inf):
            what, remedy = Sentence("The cell is infinite."), Sentence("Write a number or nothing.")
            yield Problem(what, remedy, file=NAME, row=row, column=column)


def _unusable(what: Sentence) -> ManifestError:
    return ManifestError(Sentence("The data frame is no manifest. {what}", what=what))
