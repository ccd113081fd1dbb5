"""XLSX workbooks of tables, ready to be printed or put beside a paper."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lungmet_worc.display.formats import rounded
from lungmet_worc.display.labels import is_p
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.table import Table

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

# A file that is made again from the same numbers is the same file.
EPOCH = datetime(2000, 1, 1)
NARROWEST, WIDEST = 11, 52
HEAD_ROW = 2
#: A p-value that three decimals would show as zero is shown as in papers.
P_FORMAT = '[<0.001]"< 0.001";0.000'


def workbook(
    sheets: Sequence[tuple[Table, pd.DataFrame]],
    title: str,
    *,
    contents: bool = False,
    say: Language = ENGLISH,
) -> bytes:
    """Return tables as an XLSX workbook, the same bytes for the same tables.

    A sheet has the caption in its first row, the headings in its second, a row for each row of
    the table, and the notes below. The headings stay in sight, and are repeated on each page.

    Parameters
    ----------
    sheets : sequence of (Table, DataFrame)
        Numbers stay numbers.
    title : str
        Title in the properties of the file.
    contents : bool
        Begin with a sheet that lists the others.
    say : Language
        With the labels of arms and modalities.
    """
    from openpyxl import Workbook
    from openpyxl.worksheet.hyperlink import Hyperlink

    book = Workbook()
    first = book.worksheets[0]
    names = [_sheet_name(table.sheet) for table, _ in sheets]
    if contents:
        listed = pd.DataFrame(
            {"Sheet": names, "Table": [table.title for table, _ in sheets]}, dtype=object
        )
        _fill(first, Table("contents", "Contents", title), listed, say)
        for row, name in enumerate(names, start=HEAD_ROW + 1):
            place = f"'{name}'!A1"
            first.cell(row, 1).hyperlink = Hyperlink(ref=f"A{row}", location=place)
    for i, (table, frame) in enumerate(sheets):
        target = first if i == 0 and not contents else book.create_sheet()
        _fill(target, table, frame, say)
    book.properties.creator = "lungmet_worc"
    book.properties.title = title
    book.properties.created = EPOCH
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_dates(buffer.getvalue())


def _sheet_name(name: str) -> str:
    """Return a name that a tab can have."""
    return re.split(r"[\[\]:*?/\\(]", name)[0].strip()[:31] or "Table"


def _fill(target: Worksheet, table: Table, frame: pd.DataFrame, say: Language) -> None:
    """Write a table into an empty sheet."""
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter

    target.title = _sheet_name(table.sheet)
    caption = _text(target.cell(1, 1), table.title)
    caption.font = Font(bold=True, size=12)
    sides = {
        text: Alignment(horizontal="left" if text else "right", vertical="top", wrap_text=text)
        for text in (True, False)
    }
    thick, thin = Side(style="medium"), Side(style="thin")
    for j, column in enumerate(map(str, frame.columns), start=1):
        head = _text(target.cell(HEAD_ROW, j), table.heading(column, say))
        head.font = Font(bold=True)
        text = not pd.api.types.is_numeric_dtype(frame[column])
        side = "left" if text else "right"
        head.alignment = Alignment(wrap_text=True, vertical="bottom", horizontal=side)
        head.border = Border(top=thick, bottom=thin)
        widest = max(len(word) for word in str(head.value).split()) + 2
        for i, value in enumerate(frame[column], start=HEAD_ROW + 1):
            cell = target.cell(i, j)
            _set(cell, table, column, value, say)
            cell.alignment = sides[text]
            widest = max(widest, len(str(cell.value)) + 2 if text else 0)
        width = min(max(widest, NARROWEST), WIDEST)
        target.column_dimensions[get_column_letter(j)].width = width
        last = target.cell(HEAD_ROW + len(frame), j)
        last.border = Border(top=last.border.top, bottom=thick)
    for i, note in enumerate(table.notes, start=HEAD_ROW + len(frame) + 1):
        _text(target.cell(i, 1), note).font = Font(italic=True, size=9)
    target.freeze_panes = f"A{HEAD_ROW + 1}"
    target.print_title_rows = f"{HEAD_ROW}:{HEAD_ROW}"
    target.page_setup.orientation = "landscape"
    target.page_setup.fitToHeight = 0
    target.sheet_properties.pageSetUpPr.fitToPage = True


def _set(cell: Cell, table: Table, column: str, value: object, say: Language) -> None:
    """Write one value into its cell, numbers as numbers."""
    if isinstance(value, float | np.floating):
        cell.value = None if np.isnan(value) else rounded(float(value), column)
        cell.number_format = P_FORMAT if is_p(column) else table.column(column).number_format
    elif isinstance(value, int | np.integer):
        cell.value, cell.number_format = int(value), "0"
    else:
        _text(cell, table.label(column, value, say))


def _text(cell: Cell, text: str) -> Cell:
    """Write a text into its cell: one such as "=1" is no formula."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type = "s"
    return cell


def _without_dates(archive: bytes) -> bytes:
    """Return an XLSX archive with fixed dates in place of the moment it was saved."""
    out = io.BytesIO()
    stamp = EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    pattern = rb"(<dcterms:modified[^>]*>)[^<]*"
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(pattern, rb"\g<1>" + stamp, content)
            info = zipfile.ZipInfo(entry.filename, date_time=EPOCH.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return out.getvalue()
