"""Numbers as people write them: what a mark means is judged by the column, not by the cell."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

#: The decimal mark that goes with a separator of a CSV, where the file itself does not show it.
DECIMAL_OF_SEPARATOR = {",": ".", ";": ","}


def _pattern(decimal: str, other: str) -> re.Pattern[str]:
    """Return how a number is written with this decimal mark: 12, 1 234, 1'234 and so on."""
    grouped = rf"(?P<grouped>[1-9]\d{{0,2}}(?P<mark>[{other} '\u2019])\d{{3}}(?:(?P=mark)\d{{3}})*)"
    end = rf"(?:{re.escape(decimal)}\d*)?"
    plain = rf"(?:\d+{end}|{re.escape(decimal)}\d+)(?:[eE][+-]?\d+)?"
    return re.compile(rf"[+-]?(?:{grouped}{end}|{plain})")


_PATTERNS = {".": _pattern(".", ","), ",": _pattern(",", ".")}


def readings(text: str) -> dict[str, float]:
    """Return decimal mark -> the number that a text is with it.

    Parameters
    ----------
    text : str
        A cell; "7,096" can be read in both ways, "61,5" in one, "61" is the same in both.

    Returns
    -------
    dict of str to float
        Empty if the text is no number.

    Examples
    --------
    >>> readings("7,096")
    {'.': 7096.0, ',': 7.096}
    >>> readings("1.234,5")
    {',': 1234.5}
    """
    found = {}
    for decimal, pattern in _PATTERNS.items():
        match = pattern.fullmatch(text)
        if match:
            other = match["mark"] or ""
            number = float((text.replace(other, "") if other else text).replace(",", "."))
            if math.isfinite(number):  # 1e400 is larger than any number of a computer
                found[decimal] = number
    return found


def is_ambiguous(text: str) -> bool:
    """Return whether a text is two different numbers: one with thousands, one with decimals."""
    return len(set(readings(text).values())) > 1


@dataclass(frozen=True)
class ColumnReading:
    """The numbers of a column, and which of its cells cannot be told.

    Parameters
    ----------
    texts : mapping of int to str
        Row -> the number with a decimal point and nothing else, for each cell that was written
        otherwise.
    unclear : tuple of int
        Rows whose cell may mean thousands or decimals, with nothing that tells which.
    as_thousands : tuple of int
        Rows whose mark was taken for thousands, since other cells have the other one as
        decimal mark.
    """

    texts: Mapping[int, str] = field(default_factory=dict)
    unclear: tuple[int, ...] = ()
    as_thousands: tuple[int, ...] = ()


def shown_decimals(cells: Iterable[str]) -> set[str]:
    """Return the decimal marks of the cells that can be read in one way only."""
    found = map(readings, cells)
    return {next(iter(each)) for each in found if len(each) == 1}


def read_column(
    cells: Mapping[int, str], typed: Collection[int] = (), dialect: str = "", said: str = ""
) -> ColumnReading:
    """Read the numbers of a column.

    A cell that can be read in one way only shows which mark is the decimal one. Without
    such a cell, numbers that all have exactly three digits after the decimal mark of the
    file's dialect are decimals; beside whole numbers, or with another mark, they may as
    well be thousands.

    Parameters
    ----------
    cells : mapping of int to str
        Row -> cell, without those that are not known; what is no number is left alone.
    typed : collection of int
        Rows that a workbook stores as numbers: nothing about them is unclear.
    dialect : {"", ".", ","}
        The decimal mark of the file, "" if it shows none.
    said : {"", ".", ","}
        The decimal mark that the user says.
    """
    written = {row: cell for row, cell in cells.items() if row not in typed}
    found = {row: each for row, cell in written.items() if (each := readings(cell))}
    unclear = [row for row, each in found.items() if len(set(each.values())) > 1]
    shown = {next(iter(each)) for each in found.values() if len(each) == 1}
    decimal = said or (shown.copy().pop() if len(shown) == 1 else "")
    if not decimal and not shown:
        all_alike = len(unclear) == len(found) and len(written) == len(cells)
        if all_alike and dialect and all(dialect in written[row] for row in unclear):
            decimal = dialect
    if unclear and not decimal:
        return ColumnReading(unclear=tuple(unclear))
    texts = {
        row: _plain(each.get(decimal, next(iter(each.values()))))
        for row, each in found.items()
        if row in unclear or not _is_plain(written[row])
    }
    groups = any(_shows_groups(written[row]) for row in found if row not in unclear)
    guessed = [row for row in unclear if decimal not in written[row]]
    surprising = guessed if not said and not groups else []
    return ColumnReading(texts, as_thousands=tuple(surprising))


def _is_plain(text: str) -> bool:
    return text.isascii() and not any(mark in text for mark in ", '")


def _shows_groups(text: str) -> bool:
    """Return whether a cell has thousands for certain: 1.234,5 or 1,234,567 or 1 234."""
    return any((match := p.fullmatch(text)) and match["mark"] for p in _PATTERNS.values())


def _plain(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
