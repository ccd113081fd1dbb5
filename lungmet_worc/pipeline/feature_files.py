"""A table of features as CSV, XLSX or SPSS file, with its codebook."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lungmet_worc.basics.errors import Problem, ResultsError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.csv_cells import inert

#: Columns of a sheet of Excel.
MOST_COLUMNS = 16384


#: SPSS shows no more of a variable's label, in bytes.
_LONGEST_LABEL = 256


@dataclass(frozen=True)
class FeatureTable:
    """The features of a run, of the patients that enter an arm.

    Parameters
    ----------
    values : DataFrame
        A row for each patient: the id, the outcome (1, 0), the clinical columns of the arms, and
        every feature of every modality, NaN where a patient has no such image. Columns are names
        that R and SPSS take.
    codebook : DataFrame
        A row for each column: ``name``; ``kind`` ("id", "outcome", "clinical", "feature");
        ``modality``; ``toolbox``; ``group``; ``filter``; ``source``: the column of the manifest
        or WORC's name of the feature; ``n_known``: patients with a value.
    study : str
        Name of the study.
    """

    values: pd.DataFrame
    codebook: pd.DataFrame
    study: str

    def write(self, path: Path | str) -> list[Path]:
        """Write the table as CSV, XLSX or SPSS file, by the ending of the name.

        Parameters
        ----------
        path : path-like
            Ends in .csv, .xlsx or .sav; must not be there yet.

        Returns
        -------
        list of Path
            The table, and the codebook where it is a file of its own (all but XLSX).

        Raises
        ------
        ResultsError
            There is such a file already, it has another ending, or cannot be written.
        """
        path = Path(path)
        write = WRITERS.get(path.suffix.lower())
        if write is None:
            message = Sentence(
                'The name "{name}" must end in one of: {endings}.',
                name=path.name,
                endings=", ".join(WRITERS),
            )
            raise ResultsError(message)
        contents = write(self, path)
        try:
            _refuse_what_is_there(contents)
            return _written(path, contents)
        except (OSError, ValueError) as error:  # ValueError: a name that no system can have
            message = Sentence(
                'Nothing can be written to "{path}": {why}. Use another place for --out.',
                path=path,
                why=getattr(error, "strerror", None) or error,
            )
            raise ResultsError(message) from error


def _refuse_what_is_there(contents: Mapping[Path, bytes]) -> None:
    there = [
        Problem(
            Sentence("There is such a file already."),
            Sentence("Give another name, or move or delete the file."),
            file=str(target),
        )
        for target, content in contents.items()
        if (target.exists() or target.is_symlink()) and not _holds(target, content)
    ]
    if there:
        raise ResultsError(Sentence("Nothing was written, so that nothing is lost:"), there)


def _written(path: Path, contents: Mapping[Path, bytes]) -> list[Path]:
    """Write files that are not there yet: all of them, or none."""
    written: list[Path] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for target, content in contents.items():
            if _holds(target, content):  # as the codebook of the same run's other file
                continue
            with target.open("xb") as file:  # never over a file that came in between
                written.append(target)
                file.write(content)
    except OSError:
        for target in written:
            target.unlink(missing_ok=True)
        raise
    return list(contents)


def _holds(path: Path, content: bytes) -> bool:
    """Return whether a file is there and just as it would be written."""
    return path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content


def _csv(table: FeatureTable, path: Path) -> dict[Path, bytes]:
    return {path: _csv_bytes(table.values), _codebook(path): _csv_bytes(table.codebook)}


def _codebook(path: Path) -> Path:
    return path.with_name(f"{path.stem}_codebook.csv")


def _csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV in which no text is a formula."""
    cells = frame.rename(columns=_inert).map(_inert)
    return str(cells.to_csv(index=False, lineterminator="\n")).encode()


def _inert(value: object) -> object:
    return inert(value) if isinstance(value, str) else value


def _xlsx(table: FeatureTable, path: Path) -> dict[Path, bytes]:
    if table.values.shape[1] > MOST_COLUMNS:
        message = Sentence(
            "A sheet of Excel has {most} columns at most, and the table {n}. Write a .csv or .sav.",
            most=MOST_COLUMNS,
            n=table.values.shape[1],
        )
        raise ResultsError(message)
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    for title, frame in (("Features", table.values), ("Codebook", table.codebook)):
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "B2"
        for row in (list(frame.columns), *frame.to_numpy(dtype=object).tolist()):
            cells = []
            for value in row:
                known = None if pd.isna(value) else value
                if isinstance(known, str):
                    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", known))
                    cell.data_type = "s"  # an id such as "=1" is a text, not a formula
                    known = cell
                cells.append(known)
            sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return {path: buffer.getvalue()}


def _sav(table: FeatureTable, path: Path) -> dict[Path, bytes]:
    import pyreadstat

    outcome = table.codebook.loc[table.codebook["kind"] == "outcome", "name"].iloc[0]
    labels = [_label(row) for row in table.codebook.to_dict("records")]
    with tempfile.TemporaryDirectory() as folder:
        partial = Path(folder) / "features.sav"
        pyreadstat.write_sav(
            table.values,
            str(partial),
            file_label=_cut(table.study, 64),
            column_labels=labels,
            variable_value_labels={outcome: {0: "no", 1: "yes"}},
            variable_measure={"patient_id": "nominal", outcome: "nominal"},
        )
        content = partial.read_bytes()
    return {path: content, _codebook(path): _csv_bytes(table.codebook)}


def _label(row: Mapping[object, object]) -> str:
    """Return what SPSS shows of a variable: where it comes from, by its full name."""
    place = f"{row['modality']}: " if row["modality"] else ""
    return _cut(f"{place}{row['source']}", _LONGEST_LABEL)


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


WRITERS: Mapping[str, Callable[[FeatureTable, Path], dict[Path, bytes]]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".sav": _sav,
}
