"""Markdown, LaTeX and XLSX of a table."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from lungmet_worc.report.readable import HEADINGS, P_COLUMNS
from lungmet_worc.statistics.metrics import METRIC_NAMES

# A file that is made again from the same numbers is the same file.
EPOCH = datetime(2000, 1, 1)
LONG_TABLE = 35
WIDE_TABLE = 8


def markdown(text: pd.DataFrame, title: str) -> str:
    """Return a table of texts as Markdown."""

    def line(cells: Sequence[str]) -> str:
        escaped = [re.sub(r"([|\\`*_<>])", r"\\\1", c).replace("\n", " ") for c in cells]
        return f"| {' | '.join(escaped)} |"

    rule = ["---:" if numeric else "---" for numeric in numeric_columns(text)]
    rows = [line([str(c) for c in text.columns]), f"| {' | '.join(rule)} |"]
    rows += [line([str(c) for c in row]) for row in text.itertuples(index=False)]
    return "\n".join([f"**{title}**", "", *rows, ""])


def latex(text: pd.DataFrame, name: str, title: str) -> str:
    """Return a table of texts as LaTeX for the booktabs package (longtable where it is long)."""
    long = len(text) > LONG_TABLE
    kinds = "".join("r" if numeric else "l" for numeric in numeric_columns(text))
    heads = [_latex_escape(str(column)) for column in text.columns]
    if len(heads) > WIDE_TABLE:
        heads = [
            rf"\shortstack[{k}]{{{h.replace(' ', chr(92) * 2)}}}"
            for h, k in zip(heads, kinds, strict=True)
        ]
    head = " & ".join(heads) + r" \\"
    rows = [
        " & ".join(_latex_escape(str(cell)) for cell in row) + r" \\"
        for row in text.itertuples(index=False)
    ]
    caption = rf"\caption{{{_latex_escape(title)}}}\label{{tab:{name}}}"
    needs = r"% needs \usepackage{booktabs}" + (r" and \usepackage{longtable}" if long else "")
    if long:
        opening = ["{" + _size(text), rf"\begin{{longtable}}{{{kinds}}}", caption + r"\\"]
        top = [r"\toprule", head, r"\midrule", r"\endfirsthead"]
        again = [r"\toprule", head, r"\midrule", r"\endhead", r"\bottomrule", r"\endlastfoot"]
        lines = [needs, *opening, *top, *again, *rows, r"\end{longtable}", "}"]
    else:
        opening = [r"\begin{table}", r"\centering", caption, _size(text)]
        body = [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", head, r"\midrule", *rows]
        lines = [needs, *opening, *body, r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join([*lines, ""])


def xlsx_bytes(frame: pd.DataFrame, title: str) -> bytes:
    """Return a workbook of one sheet, the same bytes for the same frame."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = re.split(r"[\[\]:*?/\\(]", title)[0].strip()[:31] or "Table"
    for j, column in enumerate(frame.columns, start=1):
        head = sheet.cell(1, j, HEADINGS.get(str(column), str(column)))
        head.font = Font(bold=True)
        head.alignment = Alignment(wrap_text=True, vertical="top")
        widest = 10
        for i, value in enumerate(frame[column], start=2):
            cell = sheet.cell(i, j)
            if isinstance(value, float | np.floating):
                step = six_digits if column in P_COLUMNS else six_decimals
                cell.value = None if np.isnan(value) else step(float(value))
                cell.number_format = "0.000" if column in P_COLUMNS else "0.00"
            elif isinstance(value, int | np.integer):
                cell.value, cell.number_format = int(value), "0"
            else:
                text = METRIC_NAMES.get(str(value), str(value)) if column == "metric" else value
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(text))
                # An id such as "=1" is a text, not a formula.
                cell.data_type = "s"
                widest = max(widest, len(str(text)) + 2)
        sheet.column_dimensions[get_column_letter(j)].width = min(max(widest, 12), 60)
    sheet.freeze_panes = "A2"
    book.properties.creator = "lungmet_worc"
    book.properties.title = title
    book.properties.created = EPOCH
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_dates(buffer.getvalue())


def _size(text: pd.DataFrame) -> str:
    """Return the LaTeX font size and spacing that let a table fit a page."""
    if len(text.columns) > WIDE_TABLE:
        return r"\scriptsize\setlength{\tabcolsep}{3pt}"
    return r"\scriptsize" if len(text.columns) > 5 else r"\small"


def _latex_escape(text: str) -> str:
    """Return a text that LaTeX prints as it is."""
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
        ">": r"$>$",
        **{c: rf"\{c}" for c in "&%$#_{}"},
    }
    escaped = re.sub(r"[\\~^<>&%$#_{}]", lambda match: special[match.group()], text)
    return re.sub(r"(?<![\w.])-(?=\d)", "$-$", escaped).replace("\n", " ")


def is_numeric(column: pd.Series[str]) -> bool:
    """Tell whether every cell of a text column is a number, or begins with one.

    Parameters
    ----------
    column : Series of str
        "not defined" and "not tested" may stand among the numbers.
    """
    cells = [str(cell) for cell in column]
    numbers = [cell for cell in cells if cell not in {"", "not defined", "not tested"}]
    return bool(numbers) and all(re.match(r"(< )?-?\d[\d.]*(?![\w:-])", c) for c in numbers)


def numeric_columns(text: pd.DataFrame) -> list[bool]:
    """Tell of each column of a table of texts whether it is one of numbers.

    Parameters
    ----------
    text : DataFrame
    """
    return [is_numeric(column) for _, column in text.items()]


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


def six_decimals(value: float) -> float:
    """Round to 6 decimals; never to a negative zero."""
    return round(float(value), 6) + 0.0


def six_digits(value: float) -> float:
    """Round to 6 significant digits."""
    return float(f"{value:.6g}")
