"""What spreadsheet programs make of a table: dates, formulas, errors, hidden and merged cells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import pandas as pd

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest_columns import used_columns
from lungmet_worc.study.reading.cell_text import rows_text
from lungmet_worc.study.reading.spreadsheet import Spreadsheet, column_cells, is_missing
from lungmet_worc.study.sources.kinds import column_names

#: What Excel shows of a formula that fails, in any language, or of a number in a narrow column.
_FAILED = re.compile(r"#[A-Z/0-9]+[!?]|#{3,}")
_MONTH = "jan|feb|mar|mrt|apr|may|mei|jun|jul|aug|sep|oct|okt|nov|dec"
_DATE = re.compile(
    rf"\d{{4}}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d\d){{1,2}}"
    rf"|\d{{1,2}}[-/ ](?:{_MONTH})\w*\.?(?:[-/ ]\d{{2,4}})?|(?:{_MONTH})\w*\.?[-/ ]\d{{1,4}}",
    re.IGNORECASE,
)
#: What stands in the column of ids in a row that sums up the others.
_TOTALS = frozenset(
    ["average", "count", "gemiddelde", "mean", "median", "mediaan", "n", "som", "sum", "totaal",
     "total", "totals"]
)  # fmt: skip


def made_by_excel(text: str) -> bool:
    """Return whether a text is a date or an error, of which `cell_problems` tells in any case."""
    return bool(_DATE.fullmatch(text) or _FAILED.fullmatch(text))


def cell_problems(
    study: StudyConfig, sheet: Spreadsheet, rows: Collection[int]
) -> Iterator[Problem]:
    """Yield what a spreadsheet program made of the cells that the study uses.

    Parameters
    ----------
    study : StudyConfig
        Names the columns.
    sheet : Spreadsheet
        The table.
    rows : collection of int
        The rows that count.
    """
    file = study.cohort.manifest.name
    frame = sheet.frame.loc[list(rows)]
    for column in used_columns(study):
        if column in frame.columns:
            found = [*_of_formulas(sheet, frame, column), *_dates(study, sheet, frame, column)]
            found += _percents(sheet, frame, column)
            yield from (replace(each, file=file, column=column) for each in found)
    found = [*_hidden(study, sheet, rows), *_totals(study, frame)]
    yield from (replace(each, file=file) for each in found)


def _of_formulas(sheet: Spreadsheet, frame: pd.DataFrame, column: str) -> Iterator[Problem]:
    """Yield cells that are empty or no value because of what the workbook is like."""
    lacking = _of_kind(sheet, frame, column, "formula")
    if lacking:
        what = Sentence("These cells are formulas without a result. Rows: {rows}.",
                        rows=rows_text(lacking))  # fmt: skip
        remedy = Sentence("Open the workbook in Excel, let it compute, and save it.")
        yield Problem(what, remedy, row=lacking[0])
    merged = [row for row in _of_kind(sheet, frame, column, "merged") if not frame[column][row]]
    if merged:
        what = Sentence(
            "These cells are merged with one above or beside them, which alone has the value. "
            "Rows: {rows}.",
            rows=rows_text(merged),
        )
        remedy = Sentence("Take the cells apart in Excel and fill in each of them.")
        yield Problem(what, remedy, row=merged[0])
    failed = [row for row, cell in column_cells(frame, column).items() if _FAILED.fullmatch(cell)]
    if failed:
        what = Sentence(
            'Excel could not compute these cells, such as "{text}". Rows: {rows}.',
            text=frame[column][failed[0]],
            rows=rows_text(failed),
        )
        remedy = Sentence("Correct the formula, or leave the cell empty if it is not known.")
        yield Problem(what, remedy, row=failed[0])


def _dates(
    study: StudyConfig, sheet: Spreadsheet, frame: pd.DataFrame, column: str
) -> Iterator[Problem]:
    """Yield dates and times in a column of something else."""
    known = {row: cell for row, cell in column_cells(frame, column).items() if not is_missing(cell)}
    typed = _of_kind(sheet, frame, column, "date", "time")
    written = [row for row, cell in known.items() if row in typed or _DATE.fullmatch(cell)]
    if column in study.report.acquisition or not _holds_values(study, column):
        rows = typed if len(typed) < len(known) else []
    else:
        rows = written if len(written) < len(known) else typed
    if rows:
        what = Sentence(
            'These cells are dates or times, such as "{text}": Excel makes dates of texts such as '
            '"1-2" or "3/4". Rows: {rows}.',
            text=known[rows[0]],
            rows=rows_text(rows),
        )
        remedy = Sentence(
            "Give the column the format Text in Excel, and write these values again as meant."
        )
        yield Problem(what, remedy, row=rows[0])


def _percents(sheet: Spreadsheet, frame: pd.DataFrame, column: str) -> Iterator[Problem]:
    """Yield cells that Excel shows as 50 % and stores as 0.5, beside numbers such as 25."""
    shown = _of_kind(sheet, frame, column, "percent")
    plain = _of_kind(sheet, frame, column, "number") if shown else []
    others = [float(frame[column][row]) for row in plain]
    if any(abs(number) > 1 for number in others):
        value = float(frame[column][shown[0]])
        what = Sentence(
            "Excel shows these cells as percentages, such as {shown:.15g} %, and stores "
            "{stored:.15g}; other cells of the column are plain numbers, such as {other:.15g}. "
            "Rows: {rows}.",
            shown=100 * value,
            stored=value,
            other=max(others, key=abs),
            rows=rows_text(shown),
        )
        remedy = Sentence(
            "Give the whole column the format Number in Excel, and write these values again in the "
            "same unit as the others."
        )
        yield Problem(what, remedy, row=shown[0])


def _holds_values(study: StudyConfig, column: str) -> bool:
    """Return whether a column is no id, outcome or path, whose texts may look like anything."""
    others = {study.cohort.patient_id, study.outcome, *column_names(*study.modalities.values())}
    return column not in others


def _of_kind(sheet: Spreadsheet, frame: pd.DataFrame, column: str, *kinds: str) -> list[int]:
    return [row for row in frame.index if sheet.kinds.get((row, column)) in kinds]


def _hidden(study: StudyConfig, sheet: Spreadsheet, rows: Collection[int]) -> Iterator[Problem]:
    hidden = [row for row in sheet.hidden_rows if row in rows]
    if hidden:
        what = Sentence.plural(
            len(hidden),
            "1 patient stands in a row that is hidden in Excel, or filtered out, and enters all "
            "the same. Row: {rows}.",
            "{n} patients stand in rows that are hidden in Excel, or filtered out, and enter all "
            "the same. Rows: {rows}.",
            rows=rows_text(hidden),
        )
        remedy = Sentence(
            "If they are not meant, delete these rows, or name the patients in exclude of [cohort]."
        )
        yield Problem(what, remedy, "warning", row=hidden[0])
    for column in used_columns(study):
        if column in sheet.hidden_columns:
            what = Sentence("This column is hidden in Excel, and is used all the same.")
            remedy = Sentence("Show it in Excel and look at its values.")
            yield Problem(what, remedy, "warning", row=sheet.header_row, column=column)


def _totals(study: StudyConfig, frame: pd.DataFrame) -> Iterator[Problem]:
    column = study.cohort.patient_id
    ids: Sequence[str] = frame[column].tolist() if column in frame.columns else []
    for row, patient_id in zip(frame.index, ids, strict=False):
        if patient_id.rstrip(":").casefold() in _TOTALS:
            what = Sentence('"{text}" is no patient: this row sums up the others.', text=patient_id)
            remedy = Sentence("Take the row out of the manifest.")
            yield Problem(what, remedy, row=int(row), column=column, patient=patient_id)
