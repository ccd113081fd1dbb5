"""Tables as hospitals export them: CSV in several dialects, or the first sheet of an XLSX."""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lungmet_worc.errors import ManifestError, Problem

SEPARATORS = ("\t", ";", ",")

#: Texts that stand for "not known", compared without case.
MISSING_WORDS = frozenset(
    [
        *("", "-", "--", ".", "?", "#n/a", "n.v.t.", "n/a", "na", "nan", "none", "null", "nvt"),
        *("missing", "unknown", "onbekend"),
    ]
)

_YES = frozenset({"1", "true", "yes", "ja", "waar"})
_NO = frozenset({"0", "false", "no", "nee", "onwaar"})
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+|[+-]?\d{1,3}(?:,\d{3})+\.\d+")


@dataclass(frozen=True)
class Spreadsheet:
    """A table as text, and what was odd about the file.

    Parameters
    ----------
    frame : DataFrame
        All cells as trimmed text, "" where empty. The index is the row as a spreadsheet
        program shows it: the header is row 1.
    problems : tuple of Problem
        Everything that could be read all the same.
    """

    frame: pd.DataFrame
    problems: tuple[Problem, ...]


def is_missing(text: str) -> bool:
    """Return whether a cell is empty or says that the value is not known."""
    return text.strip().lower() in MISSING_WORDS


def parse_number(text: str) -> float | None:
    """Return the number in a cell, written with a decimal point or a decimal comma.

    Parameters
    ----------
    text : str
        A lone comma is a decimal comma: "1,234" is 1.234.

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
    if _THOUSANDS.fullmatch(text):
        text = text.replace("." if text.rfind(",") > text.rfind(".") else ",", "")
    number = text.replace(",", ".")
    if not _NUMBER.fullmatch(number):
        message = f'"{text}" is no number'
        raise ValueError(message)
    return float(number)


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


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV or XLSX as text.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 (with or without BOM), UTF-16 or Windows-1252, separated by comma,
        semicolon or tab; or XLSX, of which the first sheet is read.

    Returns
    -------
    DataFrame
        All cells as trimmed text, "" where empty, blank lines left out. The index is the
        row as a spreadsheet program shows it: the header is row 1.

    Raises
    ------
    ManifestError
        The file is missing, is no such table, or has no rows.
    """
    return read_spreadsheet(path).frame


def read_spreadsheet(path: Path) -> Spreadsheet:
    """Read a CSV or XLSX as text, with what was odd about it; see `read_table`."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise _unusable(path, "There is no such file.", "Correct the path.") from None
    except IsADirectoryError:
        remedy = "Give the CSV or XLSX file itself."
        raise _unusable(path, "This is a folder, not a table.", remedy) from None
    except OSError as error:
        what = f"The file cannot be read ({error.strerror})."
        raise _unusable(path, what, "Check who may read it.") from None
    problems: list[Problem] = []
    if content.startswith(b"PK\x03\x04"):
        records = _xlsx_records(path, content)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        what = "This is an old Excel file (.xls) or one with a password."
        raise _unusable(path, what, "Save it as XLSX without a password, or as CSV.")
    else:
        records = _csv_records(path, _decode(path, content, problems))
    return _as_spreadsheet(path, records, problems)


def _unusable(path: Path, what: str, remedy: str, row: int | None = None) -> ManifestError:
    problem = Problem(what, remedy, file=path.name, row=row)
    return ManifestError(f'The manifest "{path.name}" cannot be read:', [problem])


def _decode(path: Path, content: bytes, problems: list[Problem]) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]  # what Excel calls "Unicode text"
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        if encoding == "cp1252":
            what = "The file is not in UTF-8; it was read as Windows-1252 (Western European)."
            remedy = 'Check names with accents, or save as "CSV UTF-8".'
            problems.append(Problem(what, remedy, "warning", file=path.name))
        return text
    remedy = 'Save it from the spreadsheet program as XLSX or as "CSV UTF-8".'
    raise _unusable(path, "This is no CSV or XLSX table.", remedy)


def _separator(text: str) -> str:
    """Return the separator that stands most often in the header, outside quotes."""
    counts = dict.fromkeys(SEPARATORS, 0)
    quoted = False
    for character in text.lstrip("\r\n"):
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "\r\n":
            break
        elif character in counts:
            counts[character] += 1
    return max(SEPARATORS, key=lambda separator: counts[separator])


def _csv_records(path: Path, text: str) -> list[list[str]]:
    declared = re.match(r"sep=([;,\t])\r?\n", text)
    if declared:  # Excel's own hint, which it shows as no row
        text = text[declared.end() :]
    separator = declared.group(1) if declared else _separator(text)
    # Only a space may follow a separator: strict reading finds an unclosed quote, which
    # would otherwise swallow the patients below it.
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    records: list[list[str]] = []
    try:
        records.extend([cell.strip() for cell in record] for record in reader)
    except csv.Error as error:
        row = len(records) + 1
        remedy = "Look for a quotation mark that is not closed, or save as XLSX."
        raise _unusable(path, f"The row cannot be read ({error}).", remedy, row) from None
    return records


def _xlsx_records(path: Path, content: bytes) -> list[list[str]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()  # some programs write a wrong extent
        records = [[_cell_text(cell) for cell in row] for row in sheet.iter_rows()]
        workbook.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError) as error:
        what = f"The file is no XLSX workbook or is damaged ({error})."
        raise _unusable(path, what, "Save it again as XLSX, or as CSV.") from None
    width = max(map(len, records), default=0)
    return [record + [""] * (width - len(record)) for record in records]


def _cell_text(cell: object) -> str:
    """Return a cell as its reader sees it: 1.0 is "1", a 7 shown as 007 is "007"."""
    value = getattr(cell, "value", None)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        if value != value or not float(value).is_integer():
            return repr(value)
        shown = str(getattr(cell, "number_format", ""))
        width = len(shown) if re.fullmatch("0+", shown) else 0
        return str(int(value)).zfill(width)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value).strip()


def _as_spreadsheet(
    path: Path, records: Sequence[Sequence[str]], problems: list[Problem]
) -> Spreadsheet:
    rows = [(number, list(cells)) for number, cells in enumerate(records, 1) if any(cells)]
    if len(rows) < 2:
        what = "The table is empty." if not rows else "The table has a header but no patients."
        raise _unusable(path, what, "Add a header and one row for each patient.")
    header_row, header = rows[0]
    keep = _named_columns(path.name, header_row, header, [cells for _, cells in rows], problems)
    for number, cells in rows[1:]:
        problems.extend(_length_problems(path.name, number, cells, len(header)))
    frame = pd.DataFrame(
        [
            [cells[position] if position < len(cells) else "" for position in keep]
            for _, cells in rows[1:]
        ],
        index=pd.Index([number for number, _ in rows[1:]], name="row"),
        columns=[header[position] for position in keep],
        dtype=object,
    )
    return Spreadsheet(frame, tuple(problems))


def _named_columns(
    file: str, row: int, header: list[str], rows: Iterable[list[str]], problems: list[Problem]
) -> list[int]:
    """Return the positions of the columns to keep: those with a name, each name once."""
    filled = {position for cells in rows for position, cell in enumerate(cells) if cell}
    keep: list[int] = []
    for position, name in enumerate(header):
        if not name:
            if position in filled:
                what = f"Column {position + 1} has no name and is not used."
                remedy = "Give it a name, or remove it."
                problems.append(Problem(what, remedy, "warning", file=file, row=row))
        elif any(header[other] == name for other in keep):
            what = "Two columns have this name; the first is used."
            problems.append(
                Problem(what, "Rename or remove one of them.", file=file, row=row, column=name)
            )
        else:
            keep.append(position)
    return keep


def _length_problems(file: str, row: int, cells: list[str], expected: int) -> Iterable[Problem]:
    """Report rows whose cells cannot belong to the columns that they stand in."""
    if any(cells[expected:]):
        what = f"The row has {len(cells)} cells, the header {expected}."
        remedy = "Put a text or number with a separator in it between quotation marks."
        yield Problem(what, remedy, file=file, row=row)
    elif len(cells) < expected:
        what = f"The row has {len(cells)} cells, the header {expected}; the rest is taken as empty."
        yield Problem(what, "Check that no cell is left out.", "warning", file=file, row=row)
