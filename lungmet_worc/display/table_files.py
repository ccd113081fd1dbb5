"""Tables as files: CSV for machines, XLSX, Markdown and LaTeX for people."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.readable import readable
from lungmet_worc.analyses.schema import TABLES
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.regular_file import read_plain
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.csv_cells import as_written, inert
from lungmet_worc.display.formats import latex, markdown, rounded
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.privacy import without_paths
from lungmet_worc.display.workbook import Sheet, workbook

SUFFIXES = ("csv", "xlsx", "md", "tex")
#: All tables in one workbook.
WORKBOOK = "study_tables.xlsx"
#: Rows of a table of features that a page can hold.
SHOWN_FEATURES = 50


def write_table(
    frame: pd.DataFrame,
    folder: Path,
    name: str,
    title: str,
    notes: Sequence[str] = (),
    *,
    say: Language = ENGLISH,
) -> dict[str, Path]:
    """Write one table as CSV, XLSX, Markdown and LaTeX.

    The CSV has the frame's columns, numbers rounded to 6 decimals (p-values to 6 significant
    digits) and an empty cell for what is not defined. The XLSX has the same rows with numbers
    in its cells. Markdown and LaTeX have the rounded form of `readable`.

    Parameters
    ----------
    frame : DataFrame
    folder : Path
        Made if it is missing.
    name : str
        File name without suffix; a name of `TABLES` gets its readable form.
    title : str
        Caption.
    notes : sequence of str
        Sentences below the table; the CSV has none.
    say : Language
        With the labels of arms and modalities, for all but the CSV.

    Returns
    -------
    dict of str to Path
        The files by suffix: "csv", "xlsx", "md", "tex".
    """
    make_folder(folder)
    frame = _without_paths(frame)
    shown, said = frame, tuple(notes)
    if name == "features" and len(frame) > SHOWN_FEATURES:
        shown = frame.head(SHOWN_FEATURES)
        more = f"The {SHOWN_FEATURES} with the smallest p of {len(frame)} features; {name}.csv"
        said = (*said, f"{more} and {name}.xlsx have all.")
    text = readable(shown, name, say)
    paths = {suffix: folder / f"{name}.{suffix}" for suffix in SUFFIXES}
    paths["csv"].write_text(csv_text(frame), encoding="utf-8", newline="")
    paths["xlsx"].write_bytes(workbook([_sheet(frame, name, title, notes)], title, say=say))
    paths["md"].write_text(markdown(text, title, said, say), encoding="utf-8", newline="")
    paths["tex"].write_text(latex(text, name, title, said, say), encoding="utf-8", newline="")
    return paths


def write_workbook(
    frames: Mapping[str, pd.DataFrame],
    folder: Path,
    titles: Mapping[str, str],
    notes: Mapping[str, Sequence[str]],
    *,
    say: Language = ENGLISH,
) -> Path:
    """Write tables as the sheets of one workbook, after a sheet that lists them.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        By names of `TABLES`.
    folder : Path
        Made if it is missing.
    titles : mapping of str to str
        Caption of each.
    notes : mapping of str to sequence of str
        Sentences below each.
    say : Language
        With the labels of arms and modalities.

    Returns
    -------
    Path
    """
    make_folder(folder)
    sheets = [
        _sheet(_without_paths(frame), name, titles[name], notes[name])
        for name, frame in frames.items()
    ]
    path = folder / WORKBOOK
    path.write_bytes(workbook(sheets, "Tables of the study", contents=True, say=say))
    return path


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of a study back from its CSV file.

    Patient ids and names of arms stay text ("007", "NA").

    Parameters
    ----------
    path : Path
        A file named after one of `TABLES`.

    Returns
    -------
    DataFrame

    Raises
    ------
    ResultsError
        If the file is missing or its columns are not those of the table.
    """
    table = TABLES[path.stem]
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
            kind = table.kind(column)
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


def _sheet(frame: pd.DataFrame, name: str, title: str, notes: Sequence[str]) -> Sheet:
    sheet = TABLES[name].sheet if name in TABLES else title
    return Sheet(sheet, title, frame, tuple(notes))


def _without_paths(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts, but for patient ids, name no absolute path."""
    cleaned = frame.copy()
    for column in cleaned.columns:
        if column != "patient_id" and not pd.api.types.is_numeric_dtype(cleaned[column]):
            cleaned[column] = cleaned[column].map(
                lambda value: without_paths(value) if isinstance(value, str) else value
            )
    return cleaned
