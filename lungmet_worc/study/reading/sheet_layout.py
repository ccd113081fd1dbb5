"""What openpyxl does not tell of a sheet that it reads row by row, read from the sheet's XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.reading.raw_table import LAST_ROW, unusable

#: More merged cells than this are not looked at: no manifest has them.
_MOST_MERGED = 1000


@dataclass
class Layout:
    """What openpyxl does not tell of a sheet that it reads row by row."""

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)
    last_row: int = 1
    last_column: int = 1


def read_layout(path: Path, source: IO[bytes]) -> Layout:
    """Return the layout of a sheet.

    Parameters
    ----------
    path : Path
        The workbook, for messages.
    source : file
        The sheet's own part of the workbook, XML.

    Raises
    ------
    ManifestError
        It has rows that no sheet has.
    """
    layout = Layout()
    row = 0
    for _, element in ElementTree.iterparse(source):
        kind = element.tag.rpartition("}")[2]
        if kind == "row":
            row = int(element.get("r") or row + 1)
            if row > LAST_ROW:
                what = Sentence("The sheet says that it has a row {row}.", row=row)
                remedy = Sentence("Save it again as XLSX, or as CSV.")
                raise unusable(path, what, remedy)
            if _is_true(element.get("hidden")) or element.get("ht") == "0":
                layout.hidden_rows.add(row)
            layout.unfinished.update(_unfinished(element))
            last = _last_column(element)
            if last:
                layout.last_row = max(layout.last_row, row)
                layout.last_column = max(layout.last_column, last)
            element.clear()
        elif kind == "col" and _is_true(element.get("hidden")):
            last = min(int(element.get("max", 0)), LAST_ROW)
            layout.hidden_columns.update(range(int(element.get("min", 1)) - 1, last))
        elif kind == "mergeCell" and len(layout.merged) < _MOST_MERGED:
            layout.merged.append(element.get("ref", ""))
    return layout


def _last_column(row: ElementTree.Element) -> int:
    """Return the number of the last cell of a row that holds anything, 0 if none does."""
    from openpyxl.utils import column_index_from_string

    for before, cell in enumerate(reversed(row)):
        if len(cell):
            letters = cell.get("r", "").rstrip("0123456789")
            return column_index_from_string(letters) if letters else len(row) - before
    return 0


def _is_true(text: str | None) -> bool:
    return text in ("1", "true")


def _unfinished(row: ElementTree.Element) -> Iterator[str]:
    """Yield the cells of a row whose formula has no stored result; an empty text is one."""
    for cell in row:
        if cell.find("{*}f") is not None and cell.get("t") != "str":
            value = cell.find("{*}v")
            if value is None or not value.text:
                yield cell.get("r", "")
