"""Tables as files: CSV for machines, XLSX, Markdown and LaTeX for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lungmet_worc.collect import (
    PATIENTS_COLUMNS,
    PERFORMANCE_COLUMNS,
    SPLITS_COLUMNS,
    ArmPredictions,
    outcome_tables,
)
from lungmet_worc.errors import ResultsError
from lungmet_worc.report.formats import latex, markdown, six_decimals, six_digits, xlsx_bytes
from lungmet_worc.report.privacy import without_paths
from lungmet_worc.report.readable import P_COLUMNS, readable
from lungmet_worc.statistics.comparison import COMPARISON_COLUMNS, compare_arms

TABLES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "performance": (
        PERFORMANCE_COLUMNS,
        "Performance of each arm: mean over the splits (corrected resampled 95% interval)",
    ),
    "splits": (SPLITS_COLUMNS, "Performance in each split"),
    "patients": (
        PATIENTS_COLUMNS,
        "Predictions for each patient: mean probability of the outcome over the splits that "
        "tested the patient",
    ),
    "comparison": (
        COMPARISON_COLUMNS,
        "Differences between the arms (corrected resampled t-test; p adjusted by Holm's method "
        "within a measure)",
    ),
}

INTEGER_COLUMNS = frozenset(
    {
        "n_splits",
        "n_patients",
        "n_events",
        "split",
        "n_train",
        "n_test",
        "outcome",
        "n_tested",
        "times_correct",
    }
)
TEXT_COLUMNS = frozenset({"arm", "metric", "patient_id", "arm_a", "arm_b", "test"})


def write_all_tables(
    arms: Sequence[ArmPredictions], folder: Path, *, partial: str = ""
) -> dict[str, pd.DataFrame]:
    """Write every table of a study, each as CSV, XLSX, Markdown and LaTeX.

    Parameters
    ----------
    arms : sequence of ArmPredictions
    folder : Path
        Made if it is missing.
    partial : str
        What part of the study the tables are of, for their titles; empty if of all.

    Returns
    -------
    dict of str to DataFrame
        The tables "performance", "splits", "patients" and "comparison", as computed.

    Raises
    ------
    ResultsError
        If the predictions do not belong to one study.
    """
    frames = {**outcome_tables(arms), "comparison": compare_arms(arms)}
    for name, (_, title) in TABLES.items():
        said = f"Partial result, {partial}. {title}" if partial else title
        write_table(frames[name], folder, name, said)
    return frames


def write_table(frame: pd.DataFrame, folder: Path, name: str, title: str) -> dict[str, Path]:
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

    Returns
    -------
    dict of str to Path
        The files by suffix: "csv", "xlsx", "md", "tex".
    """
    folder.mkdir(parents=True, exist_ok=True)
    frame = _without_paths(frame)
    text = readable(frame, name)
    paths = {suffix: folder / f"{name}.{suffix}" for suffix in ("csv", "xlsx", "md", "tex")}
    paths["csv"].write_text(csv_text(frame), encoding="utf-8", newline="")
    paths["xlsx"].write_bytes(xlsx_bytes(frame, title))
    paths["md"].write_text(markdown(text, title), encoding="utf-8", newline="")
    paths["tex"].write_text(latex(text, name, title), encoding="utf-8", newline="")
    return paths


def read_all_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the tables of a study back from their CSV files.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of str to DataFrame
        As `write_all_tables` returned them, rounded as in the files.

    Raises
    ------
    ResultsError
        If a table is missing, or is not one that `write_all_tables` wrote.
    """
    return {name: read_table(folder / f"{name}.csv") for name in TABLES}


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
    expected, _ = TABLES[path.stem]
    if not path.is_file():
        msg = f"There is no {path.name} in {path.parent.name}. Run the report stage again."
        raise ResultsError(msg)
    raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    if tuple(raw.columns) != expected:
        msg = (
            f"{path.name} has the columns {', '.join(map(str, raw.columns))}, not "
            f"{', '.join(expected)}. Run the report stage again."
        )
        raise ResultsError(msg)
    try:
        for column in expected:
            if column not in TEXT_COLUMNS:
                numbers = raw[column].replace("", "nan").astype("float64")
                is_whole = column in INTEGER_COLUMNS
                raw[column] = numbers.astype("int64") if is_whole else numbers
    except ValueError as error:
        msg = f'{path.name} has something else than a number in its column "{column}". '
        raise ResultsError(msg + "Run the report stage again.") from error
    return raw


def csv_text(frame: pd.DataFrame) -> str:
    r"""Return a frame as CSV, numbers rounded, lines ended by "\n".

    Parameters
    ----------
    frame : DataFrame
    """
    rounded = frame.copy()
    for column in rounded.columns:
        if pd.api.types.is_float_dtype(rounded[column]):
            # Six decimals would turn a small p-value into zero.
            step = six_digits if column in P_COLUMNS else six_decimals
            rounded[column] = rounded[column].map(step)
    return str(rounded.to_csv(index=False, lineterminator="\n"))


def _without_paths(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts, but for patient ids, name no absolute path."""
    cleaned = frame.copy()
    for column in cleaned.columns:
        if column != "patient_id" and not pd.api.types.is_numeric_dtype(cleaned[column]):
            cleaned[column] = cleaned[column].map(
                lambda value: without_paths(value) if isinstance(value, str) else value
            )
    return cleaned
