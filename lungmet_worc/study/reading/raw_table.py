"""A table as it was found in a file, before its header is known, and the bounds of what is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lungmet_worc.basics.errors import ManifestError, Problem
from lungmet_worc.basics.sentences import Sentence

#: A table of 20 000 patients with 200 columns is about 40 MB, unpacked.
MOST_BYTES = 64_000_000
MOST_ROWS = 100_000
#: What Excel itself allows: columns of a sheet, characters of a cell, rows of a sheet.
MOST_COLUMNS = 16_384
LONGEST_CELL = 32_767
LAST_ROW = 1_048_576
#: Cells as text take about 60 bytes each.
MOST_CELLS = 5_000_000

#: What a workbook knows of a cell beside its text: it stores a number, one that it shows a hundred
#: times as large (0.5 as 50 %), a date or a time, its formula was never computed, or it is hidden
#: by a merged cell.
Kind = Literal["number", "percent", "date", "time", "formula", "merged"]
#: Kinds of a cell whose number needs no reading.
NUMBERS = ("number", "percent")


@dataclass(frozen=True)
class RawTable:
    """The rows of a table that hold anything.

    Parameters
    ----------
    rows : mapping of int to list of str
        Row as a spreadsheet program counts it -> its cells, clean text.
    kinds : mapping of (int, int) to str
        (row, position of the column from 0) -> what a workbook knows of the cell.
    decimal : {"", ".", ","}
        The decimal mark that the dialect of a CSV goes with.
    sheet : str
        The sheet of a workbook.
    hidden_rows : frozenset of int
        Rows that Excel does not show.
    hidden_columns : frozenset of int
        Positions of columns that Excel does not show.
    """

    rows: Mapping[int, list[str]]
    kinds: Mapping[tuple[int, int], Kind] = field(default_factory=dict)
    decimal: str = ""
    sheet: str = ""
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()


def unusable(
    path: Path, what: str, remedy: str, row: int | None = None, column: str = ""
) -> ManifestError:
    """Return the error of a manifest that cannot be read."""
    message = Sentence('The manifest "{file}" cannot be read:', file=path.name)
    return ManifestError(message, [Problem(what, remedy, file=path.name, row=row, column=column)])


def bounded(path: Path, found: Iterator[tuple[int, list[str]]]) -> dict[int, list[str]]:
    """Return the rows that hold anything, as long as there are not too many of them.

    Raises
    ------
    ManifestError
        There are more rows, columns or characters in a cell than any manifest has.
    """
    rows: dict[int, list[str]] = {}
    cells = 0
    remedy = Sentence("Keep one row for each patient and only the columns that the study needs.")
    too_large = Sentence("The table is larger than any manifest: it goes on after this row.")
    for number, row in found:
        if number > LAST_ROW:
            raise unusable(path, too_large, remedy, LAST_ROW)
        if len(row) > MOST_COLUMNS:
            what = Sentence("The row has more than {most:,} columns.", most=MOST_COLUMNS)
            raise unusable(path, what, remedy, number)
        if not any(row):
            continue
        cells += len(row)
        if max(map(len, row)) > LONGEST_CELL:
            what = Sentence("A cell has more than {most:,} characters.", most=LONGEST_CELL)
            raise unusable(path, what, Sentence("Shorten it, or take it out."), number)
        if len(rows) >= MOST_ROWS or cells > MOST_CELLS:
            raise unusable(path, too_large, remedy, number)
        rows[number] = row
    return rows


def refuse_large(path: Path, size: int) -> None:
    """Raise where a table has more bytes than any manifest.

    Raises
    ------
    ManifestError
        It has.
    """
    if size > MOST_BYTES:
        what = Sentence(
            "The table has {size:,} MB; at most {most:,} MB are read.",
            size=round(size / 1e6),
            most=MOST_BYTES // 1_000_000,
        )
        remedy = Sentence(
            "Keep one row for each patient and only the columns that the study needs."
        )
        raise unusable(path, what, remedy)
