"""Tables as files: CSV for machines, XLSX, Markdown and LaTeX for people."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.regular_file import read_plain
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.csv_cells import as_written, inert
from lungmet_worc.display.formats import latex, markdown, rounded
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.privacy import without_paths
from lungmet_worc.display.table import Table
from lungmet_worc.display.workbook import workbook

SUFFIXES = ("csv", "xlsx", "md", "tex")
#: All tables in one workbook.
WORKBOOK = "study_tables.xlsx"


def write_table(
    frame: pd.DataFrame, folder: Path, table: Table, *, say: Language = ENGLISH
) -> dict[str, Path]:
    """Write one table as CSV, XLSX, Markdown and LaTeX.

    The CSV has the frame's columns, numbers rounded to 6 decimals (p-values to 6 significant
    digits) and an empty cell for what is not defined. The XLSX has the same rows with numbers
    in its cells. Markdown and LaTeX have the rounded form that the table has for people.

    Parameters
    ----------
    frame : DataFrame
    folder : Path
        Made if it is missing.
    table : Table
        What it is: its name, caption and notes, of which the CSV has none.
    say : Language
        With the labels of arms and modalities, for all but the CSV.

    Returns
    -------
    dict of str to Path
        The files by suffix: "csv", "xlsx", "md", "tex".
    """
    make_folder(folder)
    frame = _without_paths(frame)
    name, said = table.name, table.notes
    text = table.readable(frame.head(table.shown or len(frame)), say)
    if table.shown and len(frame) > table.shown:
        more = f"The {table.shown} with the smallest p of {len(frame)} {name}; {name}.csv"
        said = (*said, f"{more} and {name}.xlsx have all.")
    paths = {suffix: folder / f"{name}.{suffix}" for suffix in SUFFIXES}
    paths["csv"].write_text(csv_text(frame), encoding="utf-8", newline="")
    paths["xlsx"].write_bytes(workbook([(table, frame)], table.title, say=say))
    paths["md"].write_text(markdown(text, table.title, said, say), encoding="utf-8", newline="")
    paths["tex"].write_text(latex(text, name, table.title, said, say), encoding="utf-8", newline="")
    return paths


def write_workbook(
    written: Sequence[tuple[Table, pd.DataFrame]], folder: Path, *, say: Language = ENGLISH
) -> Path:
    """Write tables as the sheets of one workbook, after a sheet that lists them.

    Parameters
    ----------
    written : sequence of (Table, DataFrame)
    folder : Path
        Made if it is missing.
    say : Language
        With the labels of arms and modalities.

    Returns
    -------
    Path
    """
    make_folder(folder)
    sheets = [(table, _without_paths(frame)) for table, frame in written]
    path = folder / WORKBOOK
    path.write_bytes(workbook(sheets, "Tables of the study", contents=True, say=say))
    return path


def read_table(path: Path, table: Table) -> pd.DataFrame:
    """Read a table of a study back from its CSV file.

    Patient ids and names of arms stay text ("007", "NA").

    Parameters
    ----------
    path : Path
    table : Table
        What it has to be.

    Returns
    -------
    DataFrame

    Raises
    ------
    ResultsError
        If the file is missing or its columns are not those of the table.
    """
    if not path.is_file():
        msg = Sentence(
            "There is no {file} in {folder}. Run the report stage again.",
            file=path.name,
            folder=path.parent.name,
        )
        raise ResultsError(msg)
    try:
        content = io.BytesIO(read_plain(path))
        raw = pd.read_csv(content, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        msg = Sentence(
            "{file} is damaged and no table. Run the report stage again.", file=path.name
        )
        raise ResultsError(msg) from error
    raw = raw.rename(columns=as_written)
    if not table.fits(list(raw.columns)):
        msg = Sentence(
            "{file} has the columns {found}, not {expected}. Run the report stage again.",
            file=path.name,
            found=", ".join(map(str, raw.columns)),
            expected=", ".join(table.columns),
        )
        raise ResultsError(msg)
    try:
        for column in raw.columns:
            kind = table.column(column).kind
            if kind == "text":
                raw[column] = raw[column].map(as_written)
            else:
                numbers = raw[column].replace("", "nan").astype("float64")
                raw[column] = numbers.astype("int64") if kind == "integer" else numbers
    except ValueError as error:
        msg = Sentence(
            '{file} has something else than a number in its column "{column}". Run the report '
            "stage again.",
            file=path.name,
            column=column,
        )
        raise ResultsError(msg) from error
    return raw


def csv_text(frame: pd.DataFrame) -> str:
    r"""Return a frame as CSV, numbers rounded, no text a formula, lines ended by "\n".

    Parameters
    ----------
    frame : DataFrame
    """
    written = frame.rename(columns=lambda name: inert(str(name)))
    for column in written.columns:
        if pd.api.types.is_float_dtype(written[column]):
            written[column] = [rounded(value, column) for value in written[column]]
        elif not pd.api.types.is_numeric_dtype(written[column]):
            written[column] = written[column].map(
                lambda value: inert(value) if isinstance(value, str) else value
            )
    return str(written.to_csv(index=False, lineterminator="\n"))


def _without_paths(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts, but for patient ids, name no absolute path."""
    cleaned = frame.copy()
    for column in cleaned.columns:
        if column != "patient_id" and not pd.api.types.is_numeric_dtype(cleaned[column]):
            cleaned[column] = cleaned[column].map(
                lambda value: without_paths(value) if isinstance(value, str) else value
            )
    return cleaned
