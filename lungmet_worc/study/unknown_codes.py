"""Numbers that are probably codes for "not known", and values that a column cannot have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.config import StudyConfig, table_name
from lungmet_worc.study.reading.cell_text import rows_text
from lungmet_worc.study.reading.column_numbers import readings
from lungmet_worc.study.reading.spreadsheet import column_cells, is_missing

#: Codes of SPSS, REDCap, Castor and cancer registries: 9, 99, 999 ... for not known, 8s for not
#: applicable, 7s for refused; a minus before them, and -1.
_CODE = re.compile(r"-?(?:9{1,5}|8{1,5}|7{1,5})|9{2,4}\.9+|-1")
#: Other values that a code must be told from.
_FEWEST = 3
#: Codes of categories end here: 9 beside 1 to 3 is a code, beside 1 to 8 a value.
_LAST_CATEGORY = 6
#: A code stands at least so much higher than all other values, as a share of their range.
_GAP_ONCE, _GAP_REPEATED = 0.5, 0.25

_WORDS = re.compile(r"[a-zà-ÿ]+|%")
_UNITS_OF_TIME = frozenset(["day", "days", "dagen", "dag", "month", "months", "maand", "maanden",
                            "week", "weeks", "weken"])  # fmt: skip
#: Words of a column's name -> the lowest and the highest value that it can have.
_LIMITS: tuple[tuple[frozenset[str], float, float], ...] = (
    (frozenset(["age", "leeftijd"]), 0, 120),
    (frozenset(["%", "percent", "percentage", "perc", "pct"]), 0, 100),
    (frozenset(["year", "jaar"]), 1900, 2100),
    (
        frozenset(
            ["size", "grootte", "diameter", "volume", "length", "lengte", "height", "weight",
             "gewicht", "bmi", "dose", "dosis", "depth", "diepte", "mm", "cm", "ml", "cc"]
        ),
        0,
        float("inf"),
    ),
)  # fmt: skip


def code_problems(study: StudyConfig, frame: pd.DataFrame) -> Iterator[Problem]:
    """Warn of values that look like codes for "not known", or that cannot be.

    Parameters
    ----------
    study : StudyConfig
        Names the columns that hold values.
    frame : DataFrame
        Their cells, with decimal points; codes that the study file names are empty.
    """
    named = [name for arm in study.arms.values() for name in arm.clinical]
    named += study.statistics.subgroups
    for column in dict.fromkeys(named):
        kind = study.clinical[column].kind if column in study.clinical else None
        if column not in frame.columns or kind in ("yes-no", "ordered"):
            continue
        cells = {
            row: cell for row, cell in column_cells(frame, column).items() if not is_missing(cell)
        }
        for found, make in (
            (unknown_codes(cells), _code_problem),
            (impossible_values(column, cells), _impossible_problem),
        ):
            if found:
                yield make(study, column, found, cells)
                break


def unknown_codes(cells: Mapping[int, str]) -> list[int]:
    """Return the rows whose value is probably a code for "not known".

    Parameters
    ----------
    cells : mapping of int to str
        Row -> cell of one column, without empty ones.
    """
    numbers = {
        row: min(each.values(), key=abs) for row, c in cells.items() if (each := readings(c))
    }
    codes = {row: number for row, number in numbers.items() if _CODE.fullmatch(f"{number:g}")}
    others = {row: number for row, number in numbers.items() if row not in codes}
    if len(numbers) < len(cells):
        return _among_texts(codes, len(cells) - len(numbers), len(others))
    if len(others) < _FEWEST:
        return []
    times = Counter(codes.values())
    return [row for row, code in codes.items() if _stands_out(code, times, list(others.values()))]


def _among_texts(codes: Mapping[int, float], n_texts: int, n_numbers: int) -> list[int]:
    """Return codes where everything else is text: 9 beside "m" and "f"."""
    return list(codes) if not n_numbers and n_texts >= _FEWEST and len(codes) < n_texts else []


def _stands_out(code: float, times: Counter[float], others: Sequence[float]) -> bool:
    """Return whether a code lies where no value of this column would."""
    low, high = min(others), max(others)
    spread = high - low
    if code < 0:
        return low >= 0 or code < low - 2 * spread
    if code < 10:
        categories = all(number.is_integer() and number >= 0 for number in others)
        nine_is_used = code == 9 or 9 in times or times[code] > 1
        lowest = min(each for each in times if each > 0)  # 7, 8 and 9 stand together
        return categories and high <= _LAST_CATEGORY and lowest - high >= 3 and nine_is_used
    share = _GAP_REPEATED if times[code] > 1 else _GAP_ONCE
    if code - high > max(1.0, share * spread):
        return True
    # In the middle of other values: only one that comes back, where nothing else does.
    commonest = Counter(others).most_common(1)[0][1]
    return code >= 100 and times[code] >= 3 and commonest == 1


def impossible_values(column: str, cells: Mapping[int, str]) -> list[int]:
    """Return the rows whose number nothing can have that is called so.

    Parameters
    ----------
    column : str
        The name of the column, for example "age" or "size_cm".
    cells : mapping of int to str
        Row -> cell, without empty ones.
    """
    words = set(_WORDS.findall(column.lower()))
    limits = next(((low, high) for names, low, high in _LIMITS if names & words), None)
    if limits is None or words & _UNITS_OF_TIME:
        return []
    low, high = limits
    numbers = {row: each for row, cell in cells.items() if (each := readings(cell))}
    return [row for row, each in numbers.items() if not low <= min(each.values(), key=abs) <= high]


def _code_problem(
    study: StudyConfig, column: str, rows: list[int], cells: Mapping[int, str]
) -> Problem:
    codes = list(dict.fromkeys(cells[row] for row in rows))
    shown = ", ".join(f'"{code}"' for code in codes)
    what = Sentence(
        "{codes}: probably a code for a value that is not known, but taken as it is. Rows: {rows}.",
        codes=shown,
        rows=rows_text(rows),
    )
    in_an_arm = any(column in arm.clinical for arm in study.arms.values())
    remedy = Sentence(
        "Leave these cells empty, or say missing = [{codes}] in {table} of the study file.",
        codes=shown,
        table=table_name(column) if in_an_arm else "[cohort]",
    )
    return _warning(study, column, rows, what, remedy)


def _impossible_problem(
    study: StudyConfig, column: str, rows: list[int], cells: Mapping[int, str]
) -> Problem:
    what = Sentence(
        'A value such as "{text}" cannot be in a column of this name, but is taken as it is. '
        "Rows: {rows}.",
        text=cells[rows[0]],
        rows=rows_text(rows),
    )
    remedy = Sentence("Correct it, or leave the cell empty if it is not known.")
    return _warning(study, column, rows, what, remedy)


def _warning(
    study: StudyConfig, column: str, rows: list[int], what: Sentence, remedy: Sentence
) -> Problem:
    file = study.cohort.manifest.name
    return Problem(what, remedy, "warning", file=file, row=rows[0], column=column)
