"""Subgroups of the patients: the values of columns of the manifest, numbers cut into bands."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import pandas as pd

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reading.spreadsheet import is_missing, parse_number

#: Up to so many different numbers are codes, such as grade 1, 2 and 3, each a subgroup.
MOST_CODES = 5


@dataclass(frozen=True)
class Level:
    """A subgroup of the patients: one text of the manifest, or a band of numbers.

    Parameters
    ----------
    text : str
        As the manifest has it; empty for a band.
    low, high : float
        The numbers of a band: from ``low`` to under ``high``.
    """

    text: str = ""
    low: float = -math.inf
    high: float = math.inf

    @property
    def name(self) -> str:
        """What it is called; a `Sentence`, but for a text of the manifest, which stays as it is."""
        if self.text:
            return Sentence("not known") if self == NOT_KNOWN else self.text
        if self.low == -math.inf:
            return Sentence("under {cut:g}", cut=self.high)
        if self.high == math.inf:
            return Sentence("{cut:g} and over", cut=self.low)
        return Sentence("{low:g} to under {high:g}", low=self.low, high=self.high)


NOT_KNOWN = Level("not known")


def subgroup_levels(patients: Sequence[Patient], statistics: StatisticsConfig) -> pd.DataFrame:
    """Return the subgroup of each patient in each of the columns that the study names.

    A column of numbers is cut into bands where ``[statistics] bands`` says so, and otherwise at
    its median, unless it has few different numbers (`MOST_CODES`): these are codes. A patient
    at a cut belongs to the band above it.

    Parameters
    ----------
    patients : sequence of Patient
        Those who enter an arm; medians are theirs.
    statistics : StatisticsConfig
        The columns and the cuts.

    Returns
    -------
    DataFrame, shape (n_patients, n_columns)
        Index: patient ids. A `Level` in every cell; texts that differ by upper and lower case
        only are one.
    """
    columns = {
        column: _levels(
            [patient.clinical.get(column, "").strip() for patient in patients],
            statistics.bands.get(column, ()),
        )
        for column in statistics.subgroups
    }
    index = pd.Index([patient.patient_id for patient in patients], name="patient_id")
    return pd.DataFrame(columns, index=index)


def level_order(levels: Iterable[Level]) -> list[Level]:
    """Return the different levels of a column as people count: numbers up, not known last."""
    return sorted(set(levels), key=_place)


def numbers_of(cells: Sequence[str]) -> list[float | None] | None:
    """Return the numbers in cells, None where a cell is empty; None if a cell is no number.

    Parameters
    ----------
    cells : sequence of str
        A column of the manifest.
    """
    try:
        return [parse_number(cell) for cell in cells]
    except ValueError:
        return None


def distinct_texts(cells: Sequence[str]) -> list[str]:
    """Return the different texts of a column, the most frequent spelling of each.

    Parameters
    ----------
    cells : sequence of str
        A column of the manifest; empty cells do not count.
    """
    spellings: dict[str, str] = {}
    counts = Counter(cell for cell in cells if not is_missing(cell))
    # Of spellings as frequent as each other the first by the alphabet, whatever the rows' order.
    for text, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        spellings.setdefault(text.lower(), text)
    return sorted(spellings.values(), key=str.lower)


def _levels(cells: Sequence[str], cuts: Sequence[float]) -> list[Level]:
    """Return the level of each cell."""
    numbers = numbers_of(cells)
    if numbers is None:
        spelled = {name.lower(): Level(name) for name in distinct_texts(cells)}
        return [NOT_KNOWN if is_missing(cell) else spelled[cell.lower()] for cell in cells]
    known = [number for number in numbers if number is not None]
    if not cuts and len(set(known)) > MOST_CODES:
        cuts = (_middle(known),)
    if not cuts:
        return [NOT_KNOWN if number is None else Level(f"{number:g}") for number in numbers]
    bands = [Level("", *ends) for ends in pairwise((-math.inf, *cuts, math.inf))]
    return [
        NOT_KNOWN if number is None else bands[bisect_right(cuts, number)] for number in numbers
    ]


def _place(level: Level) -> tuple[bool, bool, float, str]:
    """Return where a level stands: bands and numbers first, texts by the alphabet."""
    try:
        return (False, False, float(level.text) if level.text else level.low, level.text)
    except ValueError:
        return (level == NOT_KNOWN, True, 0.0, level.text.lower())


def _middle(numbers: Sequence[float]) -> float:
    """Return the median, or the next number above it where nobody is below it."""
    middle = float(median(numbers))
    if middle > min(numbers):
        return middle
    return min(number for number in numbers if number > middle)
