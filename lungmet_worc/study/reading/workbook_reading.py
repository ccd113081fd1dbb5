"""One sheet of an XLSX workbook as text, with what only the workbook knows of its cells."""

from __future__ import annotations

import datetime
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from lungmet_worc.basics.errors import did_you_mean
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.reading.cell_text import clean
from lungmet_worc.study.reading.raw_table import (
    MOST_CELLS,
    Kind,
    RawTable,
    bounded,
    refuse_large,
    unusable,
)
from lungmet_worc.study.reading.sheet_layout import Layout, read_layout

#: What openpyxl, zipfile and the XML parser raise at a damaged workbook; a parser that meets what
#: it does not expect raises anything (SyntaxError: the XML parser's own error).
_DAMAGED = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error,
)  # fmt: skip

#: Stands for a formula without a result, so that its row counts.
NOT_COMPUTED = "="

#: Rows in which a header is looked for on other sheets, and how many sheets are looked at.
_FIRST_ROWS, _MOST_SHEETS = 20, 50


def read_workbook(
    path: Path, content: bytes, columns: Collection[str] = (), sheet: str | None = None
) -> RawTable:
    """Return the rows of one sheet.

    Parameters
    ----------
    path : Path
        The file, for messages.
    content : bytes
        The workbook.
    columns : collection of str
        Names that the header should have, the patient's id first.
    sheet : str, optional
        The name of the sheet; by default the first one that is not hidden.

    Raises
    ------
    ManifestError
        It is no such workbook, has no such sheet, is too large, or only another sheet has the
        columns.
    """
    import openpyxl

    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        _refuse_other_kinds(path, archive.namelist())
        # No more than these sizes is ever unpacked, whatever is packed.
        refuse_large(path, sum(each.file_size for each in archive.infolist()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # extensions of Excel that hold no cells
            workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            chosen = _chosen(path, workbook, columns, sheet)
            with archive.open(chosen._worksheet_path) as source:
                layout = read_layout(path, source)
            table = _table(path, chosen, layout)
            workbook.close()
    except _DAMAGED as error:
        what = Sentence(
            "The file is no XLSX workbook or is damaged ({error}).", error=_short(error)
        )
        raise unusable(path, what, Sentence("Save it again as XLSX, or as CSV.")) from None
    return table


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _refuse_other_kinds(path: Path, names: Collection[str]) -> None:
    """Raise for what is packed like an XLSX workbook but is something else."""
    remedy = Sentence("Save it as XLSX, or as CSV.")
    if "xl/workbook.bin" in names:
        raise unusable(path, Sentence("This is a binary Excel file (.xlsb)."), remedy)
    if "content.xml" in names and "mimetype" in names:
        raise unusable(path, Sentence("This is an OpenDocument file (.ods)."), remedy)


# Which sheet --------------------------------------------------------------------------------


def _chosen(path: Path, workbook: Any, columns: Collection[str], name: str | None) -> Any:
    sheets = {clean(sheet.title): sheet for sheet in workbook.worksheets}
    for sheet in sheets.values():
        sheet.reset_dimensions()  # some programs write a wrong extent
    if name is not None:
        return _named(path, sheets, name)
    visible = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible"]
    first = (visible or list(sheets.values()))[0]
    if len(sheets) == 1 or not columns:
        return first
    _refuse_codebook(path, first, sheets, columns)
    return first


def _named(path: Path, sheets: dict[str, Any], name: str) -> Any:
    for known, sheet in sheets.items():
        if known.casefold() == name.casefold():
            return sheet
    what = Sentence('There is no sheet "{name}".', name=name)
    raise unusable(path, what, did_you_mean(name, sheets), column="cohort.sheet")


def _refuse_codebook(
    path: Path, first: Any, sheets: dict[str, Any], columns: Collection[str]
) -> None:
    """Raise where the first sheet lacks the patients' ids and another one has the columns."""
    patient_id = next(iter(columns))
    header = _best_header(first, columns)
    if patient_id in header:
        return
    others = list(sheets.items())[:_MOST_SHEETS]
    found = {name: len(_best_header(s, columns)) for name, s in others if s is not first}
    best = max(found, key=lambda name: found[name])
    if found[best] <= len(header):
        return
    what = Sentence(
        'The first sheet, "{first}", has no column "{column}", but the sheet "{best}" has the '
        "columns of the study. The sheets are: {names}.",
        first=clean(first.title),
        column=patient_id,
        best=best,
        names=", ".join(f'"{name}"' for name in sheets),
    )
    remedy = Sentence('Say sheet = "{best}" in [cohort] of the study file.', best=best)
    raise unusable(path, what, remedy)


def _best_header(sheet: Any, columns: Collection[str]) -> set[str]:
    """Return the most of the names that stand together in one of the first rows."""
    rows = sheet.iter_rows(max_row=_FIRST_ROWS, values_only=True)
    found = [{clean(cell) for cell in row if isinstance(cell, str)} & set(columns) for row in rows]
    return max(found, key=len, default=set())


# Its cells ----------------------------------------------------------------------------------


def _table(path: Path, sheet: Any, layout: Layout) -> RawTable:
    from openpyxl.utils import get_column_letter

    if layout.last_row * layout.last_column > MOST_CELLS:
        what = Sentence(
            "The sheet reaches to row {row} and column {column}, further than any manifest.",
            row=layout.last_row,
            column=get_column_letter(layout.last_column),
        )
        remedy = Sentence("Look for something there that does not belong to it, and delete it.")
        raise unusable(path, what, remedy)
    kinds: dict[tuple[int, int], Kind] = {}
    rows = bounded(path, _rows(sheet, layout, kinds))
    width = max(map(len, rows.values()), default=0)
    rows = {number: row + [""] * (width - len(row)) for number, row in rows.items()}
    for position in _merged(layout.merged, rows):
        kinds.setdefault(position, "merged")
    return RawTable(
        rows,
        kinds,
        sheet=clean(sheet.title),
        hidden_rows=frozenset(layout.hidden_rows & set(rows)),
        hidden_columns=frozenset(layout.hidden_columns),
    )


def _rows(
    sheet: Any, layout: Layout, kinds: dict[tuple[int, int], Kind]
) -> Iterator[tuple[int, list[str]]]:
    cells = sheet.iter_rows(max_row=layout.last_row, max_col=layout.last_column)
    for number, row in enumerate(cells, 1):
        texts = []
        for position, cell in enumerate(row):
            text, kind = _read(cell)
            if not text and getattr(cell, "coordinate", "") in layout.unfinished:
                text, kind = NOT_COMPUTED, "formula"
            if kind:
                kinds[number, position] = kind
            texts.append(text)
        while texts and not texts[-1]:
            texts.pop()
        yield number, texts


def _read(cell: object) -> tuple[str, Kind | None]:
    """Return a cell as its reader sees it: 1.0 is "1", a 7 shown as 007 is "007"."""
    value = getattr(cell, "value", None)
    if value is None:
        return "", None
    if isinstance(value, bool):
        return str(value).lower(), None
    if isinstance(value, int | float):
        shown = str(getattr(cell, "number_format", ""))
        return _number_text(value, shown), ("percent" if "%" in shown else "number")
    if isinstance(value, datetime.datetime):
        whole_day = value.time() == datetime.time()
        return (value.date().isoformat() if whole_day else str(value)), "date"
    if isinstance(value, datetime.time | datetime.timedelta):
        return str(value), "time"
    return clean(str(value)), None


def _number_text(value: float, shown: str) -> str:
    if value != value or not float(value).is_integer():
        return repr(value)
    width = len(shown) if re.fullmatch("0+", shown) else 0
    return str(int(value)).zfill(width)


def _merged(merged: Iterable[str], rows: dict[int, list[str]]) -> Iterator[tuple[int, int]]:
    """Yield the cells under the first one of merged cells, in the rows that hold anything."""
    from openpyxl.utils import range_boundaries

    for reference in merged:
        left, top, right, bottom = range_boundaries(reference)
        for number in rows:
            if top < number <= bottom:
                yield from (
                    (number, position) for position in range(left - 1, min(right, left + 100))
                )
