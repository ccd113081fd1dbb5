"""Texts in a CSV file that a spreadsheet shows, and never computes.

A spreadsheet takes a cell that begins with "=", "+", "-" or "@" for a formula, and a formula can
send what stands in other cells elsewhere. Such a text gets an apostrophe before it, which
spreadsheets know as "this is a text"; numbers stay as they are.
"""

from __future__ import annotations

import re

#: Where a formula would begin: at the start of a cell, or behind what a spreadsheet with other
#: separators takes for the end of one; with the apostrophes that stand there already. A plain
#: number, such as the id "-5", and a single sign compute nothing.
_BEGINS = re.compile(
    "(?P<before>^|[;\t\r\n])(?P<marks>'*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])"
    "(?![+-]?([0-9]+([.,][0-9]+)?)?$)"
)


def inert(text: str) -> str:
    """Return a text as a cell of a CSV file has it.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> inert("=1+1"), inert("-5"), inert("grade")
    ("'=1+1", '-5', 'grade')
    """
    return _BEGINS.sub(r"\g<before>'\g<marks>", text)


def as_written(cell: str) -> str:
    """Return the text that :func:`inert` made a cell of.

    Parameters
    ----------
    cell : str
    """
    return _BEGINS.sub(lambda found: found["before"] + found["marks"][1:], cell)
