"""Subgroups of the patients: the values of columns of the manifest, numbers cut into bands."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import pandas as pd

from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reading.spreadsheet import is_missing, parse_number

if TYPE_CHECKING:
    from lungmet_worc.display.language import Language

NOT_KNOWN = "not known"
#: Up to so many different numbers are codes, such as grade 1, 2 and 3, each a subgroup.
MOST_CODES = 5

_UNDER = re.compile(r"under (\S+)")
_BETWEEN = re.compile(r"(\S+) to under (\S+)")
_OVER = re.compile(r"(\S+) and over")


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
        Index: patient ids. Categories of text in their order (see `level_order`), such as
        "under 55", "55 and over" or "not known"; texts that differ by upper and lower case only
        are one.
    """
    columns = {
        column: _levels(
            [patient.clinical.get(column, "").strip() for patient in patients],
            statistics.bands.get(column, ()),
        )
        for column in statistics.subgroups
    }
    index = pd.Index([patient.patient_id for patient in patients], name="patient_id")
    return pd.DataFrame(
        {
            column: pd.Categorical(levels, categories=level_order(levels), ordered=True)
            for column, levels in columns.items()
        },
        index=index,
    )


def level_order(levels: Iterable[str]) -> list[str]:
    """Return the different levels of a column as people count: numbers up, "not known" last.

    Parameters
    ----------
    levels : iterable of str
        A column of `subgroup_levels`.
    """
    return sorted(set(levels), key=_place)


def level_name(level: str, say: Language) -> str:
    """Return a level as the report says it; what stands in the manifest stays as it is.

    Parameters
    ----------
    level : str
        A level of `subgroup_levels`.
    say : Language
        Of the report.
    """
    if level == NOT_KNOWN:
        return say("not known")
    if match := _BETWEEN.fullmatch(level):
        low, high = map(say.decimals, match.groups())
        return say("{low} to under {high}", low=low, high=high)
    if match := _UNDER.fullmatch(level):
        return say("under {cut}", cut=say.decimals(match[1]))
    if match := _OVER.fullmatch(level):
        return say("{cut} and over", cut=say.decimals(match[1]))
    return level


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


def _levels(cells: Sequence[str], cuts: Sequence[float]) -> list[str]:
    """Return the level of each cell."""
    numbers = numbers_of(cells)
    if numbers is None:
        spelled = {name.lower(): name for name in distinct_texts(cells)}
        return [NOT_KNOWN if is_missing(cell) else spelled[cell.lower()] for cell in cells]
    known = [number for number in numbers if number is not None]
    if not cuts and len(set(known)) > MOST_CODES:
        cuts = (_middle(known),)
    if not cuts:
        return [NOT_KNOWN if number is None else f"{number:g}" for number in numbers]
    names = _band_names(cuts)
    return [
        NOT_KNOWN if number is None else names[bisect_right(cuts, number)] for number in numbers
    ]


def _place(level: str) -> tuple[bool, bool, float, str]:
    """Return where a level stands: bands and numbers first, texts by the alphabet."""
    if _UNDER.fullmatch(level):
        return (False, False, -math.inf, level)
    match = _BETWEEN.fullmatch(level) or _OVER.fullmatch(level)
    try:
        return (False, False, float(match[1] if match else level), level)
    except ValueError:
        return (level == NOT_KNOWN, True, 0.0, level.lower())


def _middle(numbers: Sequence[float]) -> float:
    """Return the median, or the next number above it where nobody is below it."""
    middle = float(median(numbers))
    if middle > min(numbers):
        return middle
    return min(number for number in numbers if number > middle)


def _band_names(cuts: Sequence[float]) -> list[str]:
    texts = [f"{cut:g}" for cut in cuts]
    between = [f"{low} to under {high}" for low, high in pairwise(texts)]
    return [f"under {texts[0]}", *between, f"{texts[-1]} and over"]
