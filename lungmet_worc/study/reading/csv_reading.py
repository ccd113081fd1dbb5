"""CSV as hospitals export it: several encodings, several separators."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.reading.cell_text import clean
from lungmet_worc.study.reading.column_numbers import DECIMAL_OF_SEPARATOR
from lungmet_worc.study.reading.raw_table import MOST_COLUMNS, RawTable, bounded, unusable

SEPARATORS = ("\t", ";", ",")

#: Excel's own hint, which it shows as no row.
_DECLARED = re.compile(r'"?sep=([;,\t])"?(?:\r\n|\r|\n)', re.IGNORECASE)
#: Where the header is looked for: this many rows, within this many characters.
_FIRST_ROWS, _FIRST_CHARACTERS = 20, 100_000


def read_csv(
    path: Path, content: bytes, columns: Collection[str], problems: list[Problem]
) -> RawTable:
    """Return the rows of a CSV.

    Parameters
    ----------
    path : Path
        The file, for messages.
    content : bytes
        UTF-8 (with or without BOM), UTF-16 or Windows-1252.
    columns : collection of str
        Names that the header should have: the separator is the one that gives most of them.
    problems : list of Problem
        Is added to: what was odd, but could be read.

    Raises
    ------
    ManifestError
        It is no CSV.
    """
    text = _decode(path, content, problems)
    declared = _DECLARED.match(text)
    if declared:
        text = text[declared.end() :]
    separator = declared[1] if declared else _separator(text, columns)
    rows = bounded(path, _records(path, text, separator))
    return RawTable(rows, decimal=DECIMAL_OF_SEPARATOR.get(separator, ""))


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
            what = Sentence(
                "The file is not in UTF-8; it was read as Windows-1252 (Western European)."
            )
            remedy = Sentence('Check names with accents, or save as "CSV UTF-8".')
            problems.append(Problem(what, remedy, "warning", file=path.name))
        return text
    remedy = Sentence('Save it from the spreadsheet program as XLSX or as "CSV UTF-8".')
    raise unusable(path, Sentence("This is no CSV or XLSX table."), remedy)


def _separator(text: str, columns: Collection[str]) -> str:
    """Return the separator that gives most of the names, or stands most often in the header."""
    start = text[:_FIRST_CHARACTERS]
    named = {each: _names_found(start, each, columns) for each in SEPARATORS}
    if any(named.values()):
        return max(SEPARATORS, key=lambda separator: named[separator])
    counts = _counted(text)
    return max(SEPARATORS, key=lambda separator: counts[separator])


def _names_found(start: str, separator: str, columns: Collection[str]) -> int:
    """Return how many of the names stand in one of the first rows, if it has several cells."""
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=separator, skipinitialspace=True)
    most = 0
    try:
        for record in islice(reader, _FIRST_ROWS):
            if len(record) > 1:
                most = max(most, len({clean(cell) for cell in record} & set(columns)))
    except csv.Error:  # said when the table itself is read
        pass
    return most


def _counted(text: str) -> dict[str, int]:
    """Return how often each separator stands in the first row that has one, outside quotes."""
    counts = dict.fromkeys(SEPARATORS, 0)
    quoted = False
    for character in text[:_FIRST_CHARACTERS]:
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "\r\n" and any(counts.values()):
            break
        elif character in counts:
            counts[character] += 1
    return counts


def _records(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    # Only a space may follow a separator: strict reading finds an unclosed quote, which
    # would otherwise swallow the patients below it.
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True
    )
    row = 0
    try:
        for record in reader:
            row += 1
            # A row of too many cells is refused by its length.
            yield row, [clean(cell) for cell in record[: MOST_COLUMNS + 1]]
    except csv.Error as error:
        what = Sentence("The row cannot be read ({error}).", error=error)
        remedy = Sentence("Look for a quotation mark that is not closed, or save as XLSX.")
        raise unusable(path, what, remedy, row + 1) from None
