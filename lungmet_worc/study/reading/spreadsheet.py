"""Tables as hospitals export them: CSV in several dialects, or a sheet of an XLSX workbook."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.reading.cell_text import rows_text
from lungmet_worc.study.reading.column_numbers import readings
from lungmet_worc.study.reading.raw_table import Kind, RawTable, unusable
from lungmet_worc.study.reading.table_file import read_raw_table
from lungmet_worc.study.reading.workbook_reading import NOT_COMPUTED

#: Texts that stand for "not known", compared without case.
MISSING_WORDS = frozenset(
    [
        *(
            "",
            "-",
            "--",
            "–",
            "—",
            ".",
            "?",
            "#n/a",
            "#n/b",
            "n.v.t.",
            "n/a",
            "na",
            "nan",
            "none",
            "null",
        ),
        *("nvt", "missing", "unknown", "onbekend"),
    ]
)

_YES = frozenset({"1", "true", "yes", "ja", "waar"})
_NO = frozenset({"0", "false", "no", "nee", "onwaar"})

#: Rows in which the header is looked for.
_FIRST_ROWS = 20


@dataclass(frozen=True)
class Spreadsheet:
    """A table as text, and what was odd about the file.

    Parameters
    ----------
    frame : DataFrame
        All cells as clean text, "" where empty. The index is the row as a spreadsheet
        program shows it: the header is row 1, unless lines stand above it.
    problems : tuple of Problem
        Everything that could be read all the same.
    kinds : mapping of (int, str) to str
        (row, column) -> what a workbook knows of a cell beside its text.
    decimal : {"", ".", ","}
        The decimal mark that the dialect of a CSV goes with.
    hidden_rows : tuple of int
        Rows of patients that Excel does not show.
    hidden_columns : tuple of str
        Columns that Excel does not show.
    header_row : int or None
        The row of the header; None in a table that is no file.
    """

    frame: pd.DataFrame
    problems: tuple[Problem, ...]
    kinds: Mapping[tuple[int, str], Kind] = field(default_factory=dict)
    decimal: str = ""
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[str, ...] = ()
    header_row: int | None = 1


def column_cells(frame: pd.DataFrame, column: str) -> dict[int, str]:
    """Return row -> cell of a column."""
    return dict(zip(map(int, frame.index), map(str, frame[column]), strict=True))


def is_missing(text: str) -> bool:
    """Return whether a cell is empty or says that the value is not known."""
    return text.strip().lower() in MISSING_WORDS


def parse_number(text: str) -> float | None:
    """Return the number in a cell, written with a decimal point or a decimal comma.

    Cells of a manifest have been judged by their whole column before (see
    `lungmet_worc.study.reading.column_numbers`) and have decimal points only.

    Parameters
    ----------
    text : str
        A lone mark is the decimal one: "1,234" is 1.234.

    Returns
    -------
    float or None
        None where the cell is empty or says that the value is not known.

    Raises
    ------
    ValueError
        The text is no number.
    """
    text = text.strip()
    if is_missing(text):
        return None
    found = readings(text)
    if not found:
        message = f'"{text}" is no number'
        raise ValueError(message)
    return min(found.values(), key=abs)


def parse_outcome(text: str) -> int | None:
    """Return 1 or 0 for an outcome cell, None where it is not known.

    Parameters
    ----------
    text : str
        0/1, true/false, yes/no, or Dutch ja/nee and waar/onwaar, in any case.

    Raises
    ------
    ValueError
        The text is neither.
    """
    text = text.strip().lower()
    if is_missing(text):
        return None
    if text in _YES:
        return 1
    if text in _NO:
        return 0
    number = parse_number(text)
    if number in (0, 1):
        return int(number)
    message = f'"{text}" is neither 0 nor 1'
    raise ValueError(message)


def read_table(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Read a CSV or XLSX as text.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 (with or without BOM), UTF-16 or Windows-1252, separated by comma,
        semicolon or tab; or XLSX.
    sheet : str, optional
        The sheet of an XLSX; by default the first one that is not hidden.

    Returns
    -------
    DataFrame
        All cells as clean text, "" where empty, blank lines left out. The index is the
        row as a spreadsheet program shows it: the header is row 1.

    Raises
    ------
    ManifestError
        The file is missing, is no such table, or has no rows.
    """
    return read_spreadsheet(path, sheet=sheet).frame


def read_spreadsheet(
    path: Path, columns: Collection[str] = (), sheet: str | None = None
) -> Spreadsheet:
    """Read a CSV or XLSX as text, with what was odd about it; see `read_table`.

    Parameters
    ----------
    path : Path
        The file.
    columns : collection of str
        Names that the header should have, the patient's id first: by them the header is found
        below lines of text, the separator of a CSV, and the right sheet of a workbook.
    sheet : str, optional
        The sheet of an XLSX.
    """
    problems: list[Problem] = []
    table = read_raw_table(path, columns, sheet, problems)
    return _as_spreadsheet(path, table, columns, problems)


def _as_spreadsheet(
    path: Path, table: RawTable, columns: Collection[str], problems: list[Problem]
) -> Spreadsheet:
    rows = list(table.rows.items())
    start = _header_position(rows, columns)
    if len(rows) - start < 2:
        what = (
            Sentence("The table has a header but no patients.")
            if rows
            else Sentence("The table is empty.")
        )
        remedy = Sentence("Add a header and one row for each patient.")
        raise unusable(path, what, remedy)
    header_row, header = rows[start]
    below = rows[start + 1 :]
    problems += _above_header(path.name, header_row, [number for number, _ in rows[:start]])
    keep = _named_columns(path.name, header_row, header, [cells for _, cells in below], problems)
    for number, cells in below:
        problems.extend(_length_problems(path.name, number, cells, len(header)))
    names = {position: header[position] for position in keep}
    return Spreadsheet(
        _frame(below, names),
        tuple(problems),
        {(row, names[at]): kind for (row, at), kind in table.kinds.items()
         if row > header_row and at in names},
        table.decimal,
        tuple(number for number, _ in below if number in table.hidden_rows),
        tuple(name for at, name in names.items() if at in table.hidden_columns),
        header_row,
    )  # fmt: skip


def _frame(rows: Sequence[tuple[int, list[str]]], names: Mapping[int, str]) -> pd.DataFrame:
    cells = [
        [row[at] if at < len(row) and row[at] != NOT_COMPUTED else "" for at in names]
        for _, row in rows
    ]
    index = pd.Index([number for number, _ in rows], name="row")
    return pd.DataFrame(cells, index=index, columns=list(names.values()), dtype=object)


def _header_position(rows: Sequence[tuple[int, list[str]]], columns: Collection[str]) -> int:
    """Return which of the first rows has most of the names: the first one, unless two are found."""
    wanted = set(columns)
    found = [len(wanted & set(cells)) for _, cells in rows[:_FIRST_ROWS]]
    best = max(found, default=0)
    return found.index(best) if best >= min(2, len(wanted)) and best else 0


def _above_header(file: str, header_row: int, above: Sequence[int]) -> Iterator[Problem]:
    if above:
        what = Sentence(
            "The header is row {row}; what stands above it (rows {rows}) is not used.",
            row=header_row,
            rows=rows_text(above),
        )
        remedy = Sentence("Check that no patient stands there.")
        yield Problem(what, remedy, "warning", file=file, row=header_row)


def _named_columns(
    file: str, row: int, header: list[str], rows: Iterable[list[str]], problems: list[Problem]
) -> list[int]:
    """Return the positions of the columns to keep: those with a name, each name once."""
    filled = {position for cells in rows for position, cell in enumerate(cells) if cell}
    keep: list[int] = []
    names: set[str] = set()
    for position, name in enumerate(header):
        if not name:
            if position in filled:
                what = Sentence("Column {number} has no name and is not used.", number=position + 1)
                remedy = Sentence("Give it a name, or remove it.")
                problems.append(Problem(what, remedy, "warning", file=file, row=row))
        elif name in names:
            what = Sentence("Two columns have this name; the first is used.")
            remedy = Sentence("Rename or remove one of them.")
            problems.append(Problem(what, remedy, file=file, row=row, column=name))
        else:
            names.add(name)
            keep.append(position)
    return keep


def _length_problems(file: str, row: int, cells: list[str], expected: int) -> Iterable[Problem]:
    """Report rows whose cells cannot belong to the columns that they stand in."""
    if any(cells[expected:]):
        what = Sentence(
            "The row has {found} cells, the header {expected}.", found=len(cells), expected=expected
        )
        remedy = Sentence("Put a text or number with a separator in it between quotation marks.")
        yield Problem(what, remedy, file=file, row=row)
    elif len(cells) < expected:
        what = Sentence(
            "The row has {found} cells, the header {expected}; the rest is taken as empty.",
            found=len(cells),
            expected=expected,
        )
        remedy = Sentence("Check that no cell is left out.")
        yield Problem(what, remedy, "warning", file=file, row=row)
