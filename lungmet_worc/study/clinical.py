"""Clinical columns of the manifest as WORC's semantic features: numbers only."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd

from lungmet_worc.basics.errors import ManifestError, Problem, nearest_name
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.study.config import ClinicalConfig, table_name
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reading.spreadsheet import is_missing, parse_number, parse_outcome

#: Words that a yes-or-no column may use, and their number.
YES_NO = {
    **dict.fromkeys(("yes", "ja", "true", "waar"), 1.0),
    **dict.fromkeys(("no", "nee", "false", "onwaar"), 0.0),
}
NOTHING_SAID = ClinicalConfig()

_NO_CONFIG: Mapping[str, ClinicalConfig] = MappingProxyType({})


def encode(
    patients: Sequence[Patient],
    columns: Sequence[str],
    config: Mapping[str, ClinicalConfig] = _NO_CONFIG,
) -> pd.DataFrame:
    """Return the clinical columns as numbers.

    A number stays as it is, yes and no become 1 and 0, an ordered value becomes its place in
    the order, from 0, and an unordered column becomes one 0-or-1 column for each of its values
    but, where there are two, the first. Of a column that the study file says nothing about,
    numbers are numbers, yes and no are yes and no, and anything else is unordered.

    Parameters
    ----------
    patients : sequence of Patient
        The patients, in the order of the result.
    columns : sequence of str
        Columns of the manifest.
    config : mapping of str to ClinicalConfig
        What the study file says of columns.

    Returns
    -------
    DataFrame, shape (n_patients, n_features)
        Index: patient ids. NaN where the manifest is empty or says unknown.

    Raises
    ------
    ManifestError
        A value is not of the kind that the study file says; all of them are listed.
    """
    problems = [
        problem
        for column in columns
        for problem in cell_problems(patients, column, config.get(column, NOTHING_SAID))
    ]
    if problems:
        message = Sentence("Clinical values of the manifest do not fit the study file:")
        raise ManifestError(message, problems)
    encoded: dict[str, list[float]] = {}
    for column in columns:
        texts = column_texts(patients, column)
        encoded.update(_encode_column(column, texts, config.get(column, NOTHING_SAID)))
    return pd.DataFrame(encoded, index=[patient.patient_id for patient in patients])


def column_texts(patients: Sequence[Patient], column: str) -> list[str]:
    """Return the trimmed cells of a column, "" where the value is not known."""
    cells = [patient.clinical.get(column, "").strip() for patient in patients]
    return ["" if is_missing(cell) else cell for cell in cells]


def column_numbers(texts: Sequence[str], config: ClinicalConfig) -> list[float] | None:
    """Return a column's numbers, NaN for cells that are empty or do not fit the kind.

    Parameters
    ----------
    texts : sequence of str
        As of `column_texts`.
    config : ClinicalConfig
        What the study file says of the column.

    Returns
    -------
    list of float or None
        None for an unordered column, whose values are no numbers.
    """
    if config.kind == "unordered":
        return None
    if config.kind is None:
        numbers = numbers_or_none(texts)
        known = [number for number in numbers if number is not None]
        return known if len(known) == len(texts) else None
    values = [_of_kind(text, config) for text in texts]
    return [math.nan if value is None else value for value in values]


def numbers_or_none(texts: Sequence[str]) -> list[float | None]:
    """Return the number of each cell of a column of which the study file says nothing.

    Parameters
    ----------
    texts : sequence of str
        As of `column_texts`.

    Returns
    -------
    list of float or None
        NaN for an empty cell, None for a text. Yes and no are 1 and 0 as long as every number
        of the column is: beside ages they are none.
    """
    numbers = [_as_number(text) for text in texts]
    words = {at for at, text in enumerate(texts) if text.lower() in YES_NO}
    others = {
        number
        for at, number in enumerate(numbers)
        if at not in words and number is not None and not math.isnan(number)
    }
    if others <= {0.0, 1.0}:
        return numbers
    return [None if at in words else number for at, number in enumerate(numbers)]


def cell_problems(
    patients: Sequence[Patient], column: str, config: ClinicalConfig, *, file: str = ""
) -> list[Problem]:
    """Report the cells that are not of the kind that the study file gives the column.

    Parameters
    ----------
    patients : sequence of Patient
        The patients to look at.
    column : str
        A column of the manifest.
    config : ClinicalConfig
        What the study file says of it.
    file : str
        The manifest, as the user knows it.
    """
    problems = []
    for patient, text in zip(patients, column_texts(patients, column), strict=True):
        if text and _of_kind(text, config) is None:
            what, remedy = _misfit(text, column, config)
            problems.append(patient.in_row(Problem(what, remedy, file=file, column=column)))
    return problems


def _misfit(text: str, column: str, config: ClinicalConfig) -> tuple[str, str]:
    table = table_name(column)
    if config.kind == "ordered":
        what = Sentence('"{text}" is not in the order of {table}.', text=text, table=table)
        known = Sentence("Known are: {names}.", names=", ".join(config.order))
        nearest = nearest_name(text, config.order)
        meant = [Sentence('Did you mean "{nearest}"?', nearest=nearest)] if nearest else []
        return what, joined([*meant, known], " ")
    words = Sentence("a number") if config.kind == "number" else Sentence("yes or no")
    what = Sentence(
        '"{text}" is not {words}, as {table} says.', text=text, words=words, table=table
    )
    remedy = Sentence(
        "Write {words}, leave it empty if not known, or give the column another kind.", words=words
    )
    return what, remedy


def _of_kind(text: str, config: ClinicalConfig) -> float | None:
    """Return the number of a cell, NaN for an empty or unordered one, None if it does not fit."""
    if not text or config.kind is None or config.kind == "unordered":
        return math.nan
    if config.kind == "ordered":
        order = [level.strip().lower() for level in config.order]
        return float(order.index(text.lower())) if text.lower() in order else None
    try:
        return parse_number(text) if config.kind == "number" else _yes_no(text)
    except ValueError:
        return None


def _yes_no(text: str) -> float | None:
    answer = parse_outcome(text)
    return None if answer is None else float(answer)


def _encode_column(
    column: str, texts: Sequence[str], config: ClinicalConfig
) -> dict[str, list[float]]:
    numbers = column_numbers(texts, config)
    if numbers is not None:
        return {column: numbers}
    levels = sorted({text for text in texts if text}, key=lambda text: (text.lower(), text))
    if len(levels) == 2:
        levels = levels[1:]
    encoded: dict[str, list[float]] = {}
    for level in levels:
        name = plain = f"{column}={_plain(level)}"
        # "<5 cm" and ">5 cm" look the same without their signs; neither may take the other's place.
        number = 2
        while name in encoded:
            name, number = f"{plain}-{number}", number + 1
        encoded[name] = [math.nan if not text else float(text == level) for text in texts]
    return encoded


def _as_number(text: str) -> float | None:
    """Return the number or yes-or-no in a cell, NaN for an empty cell, None for other text."""
    if text.lower() in YES_NO:
        return YES_NO[text.lower()]
    try:
        number = parse_number(text)
    except ValueError:
        return None
    return math.nan if number is None else number


def _plain(level: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", level).strip("-")
