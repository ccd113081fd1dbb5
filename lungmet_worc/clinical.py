"""Clinical columns of the manifest as WORC's semantic features: numbers only."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

from lungmet_worc.manifest import Patient
from lungmet_worc.spreadsheet import is_missing, parse_number

#: Words that a yes-or-no column may use, and their number.
YES_NO = {
    **dict.fromkeys(("yes", "ja", "true", "waar"), 1.0),
    **dict.fromkeys(("no", "nee", "false", "onwaar"), 0.0),
}


def encode(patients: Sequence[Patient], columns: Sequence[str]) -> pd.DataFrame:
    """Return the clinical columns as numbers.

    A column of numbers stays as it is, yes and no become 1 and 0, and any other column
    becomes one 0-or-1 column for each of its values but, where there are two, the first.

    Parameters
    ----------
    patients : sequence of Patient
        The patients, in the order of the result.
    columns : sequence of str
        Columns of the manifest.

    Returns
    -------
    DataFrame, shape (n_patients, n_features)
        Index: patient ids. NaN where the manifest is empty or says unknown.
    """
    encoded: dict[str, list[float]] = {}
    for column in columns:
        cells = [patient.clinical.get(column, "").strip() for patient in patients]
        texts = ["" if is_missing(cell) else cell for cell in cells]
        encoded.update(_encode_column(column, texts))
    return pd.DataFrame(encoded, index=[patient.patient_id for patient in patients])


def _encode_column(column: str, texts: Sequence[str]) -> dict[str, list[float]]:
    numbers = [_as_number(text) for text in texts]
    if all(number is not None for number in numbers):
        return {column: [math.nan if number is None else number for number in numbers]}
    present = [text for text in texts if text]
    levels = sorted(set(present), key=str.lower)
    if len(levels) == 2:
        levels = levels[1:]
    return {
        f"{column}={_plain(level)}": [
            math.nan if not text else float(text == level) for text in texts
        ]
        for level in levels
    }


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
