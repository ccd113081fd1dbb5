"""The file of a manifest: what kind of file it is, and which reader takes it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.regular_file import refuse_irregular
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.reading.csv_reading import read_csv
from lungmet_worc.study.reading.raw_table import RawTable, refuse_large, unusable
from lungmet_worc.study.reading.workbook_reading import read_workbook
from lungmet_worc.study.scan_paths import of_windows

#: What a file is that begins so (in lower case), and what to do.
_OTHER_KINDS: tuple[tuple[bytes | tuple[bytes, ...], Sentence, Sentence], ...] = (
    (b"\xd0\xcf\x11\xe0", Sentence("This is an old Excel file (.xls) or one with a password."),
     Sentence("Save it as XLSX without a password, or as CSV.")),
    ((b"$fl2", b"$fl3"), Sentence("This is a file of SPSS (.sav)."),
     Sentence("Save it from SPSS as XLSX or CSV, with values rather than labels.")),
    (b"%pdf", Sentence("This is a PDF."), Sentence("Save the table itself as XLSX or CSV.")),
    (b"\x1f\x8b", Sentence("This file is compressed (gzip)."), Sentence("Unpack it first.")),
    ((b"<html", b"<!doctype", b"<?xml", b"<table"),
     Sentence("This is a web page or XML, whatever its name says."),
     Sentence("Open it in Excel and save it as XLSX, or export the table as CSV.")),
)  # fmt: skip


def read_raw_table(
    path: Path, columns: Collection[str], sheet: str | None, problems: list[Problem]
) -> RawTable:
    """Return the rows of a CSV or of one sheet of an XLSX.

    Parameters
    ----------
    path : Path
        The file.
    columns : collection of str
        Names that the header should have, the patient's id first.
    sheet : str, optional
        The sheet of an XLSX.
    problems : list of Problem
        Is added to: what was odd, but could be read.

    Raises
    ------
    ManifestError
        The file is missing or is no such table.
    """
    content = _content(path)
    start = content[:100].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for starts, what, remedy in _OTHER_KINDS:
        if start.startswith(starts):
            raise unusable(path, what, remedy)
    if content.startswith(b"PK\x03\x04"):
        return read_workbook(path, content, columns, sheet)
    if sheet is not None:
        what = Sentence('A CSV has no sheets, but sheet = "{sheet}" is asked for.', sheet=sheet)
        remedy = Sentence("Take sheet out of [cohort], or name the XLSX file.")
        raise unusable(path, what, remedy, column="cohort.sheet")
    return read_csv(path, content, columns, problems)


def _content(path: Path) -> bytes:
    irregular = refuse_irregular(path, path.name)
    if irregular is not None:
        raise unusable(path, irregular.what, Sentence("Give the CSV or XLSX file itself."))
    try:
        refuse_large(path, path.stat().st_size)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        windows = of_windows(path.parent, path.name)
        if windows is not None:
            raise unusable(path, *windows) from None
        what = Sentence("There is no such file.")
        raise unusable(path, what, Sentence("Correct the path.")) from None
    except (OSError, ValueError) as error:  # ValueError: a path that no system can have
        reason = getattr(error, "strerror", None) or str(error)
        what = Sentence("The file cannot be read ({reason}).", reason=reason)
        raise unusable(path, what, Sentence("Check the path, and who may read it.")) from None
