"""How the images of a study were made, in a table."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table

IN_PLANE = "Voxel size in plane (mm)"
THICKNESS = "Slice thickness (mm)"
MATRIX = "Matrix (columns x rows)"
SLICES = "Slices"
TUMOUR_SLICES = "Slices with tumour"
TUMOUR_VOLUME = "Tumour volume (ml)"
VOXELS = "Type of the stored values"
IMAGE_TYPE = "Image type for WORC"

_NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"
_ALL_SAME = re.compile(rf"^{_NUMBER}(?=$|;)")
_RANGE = re.compile(rf"(?<![^ x])({_NUMBER}) \(({_NUMBER}) to ({_NUMBER})\)(?=$|;| x)")
_NOT_KNOWN = re.compile(r"(?:(?<=^)|(?<=; ))not known (\d+)$")
_OTHERS = re.compile(r"(?<=; )(\d+) other values (\d+)(?=$|;)")


def tables(results: StudyResults, made: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Make the table of this analysis."""
    return {"acquisition": results.acquisition}


def _form(table: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Rows as they are; names and values of the manifest stay, words of ours are said."""
    names = {
        IN_PLANE: say("Voxel size in plane (mm)"),
        THICKNESS: say("Slice thickness (mm)"),
        MATRIX: say("Matrix (columns x rows)"),
        SLICES: say("Slices"),
        TUMOUR_SLICES: say("Slices with tumour"),
        TUMOUR_VOLUME: say("Tumour volume (ml)"),
        VOXELS: say("Type of the stored values"),
        IMAGE_TYPE: say("Image type for WORC"),
    }
    frame = table.copy()
    ours = frame["modality"] != ""
    frame["property"] = [
        names.get(name, name) if our else name
        for name, our in zip(frame["property"], ours, strict=True)
    ]
    types = {
        "8-bit unsigned integer": say("8-bit unsigned integer"),
        "16-bit signed integer": say("16-bit signed integer"),
        "16-bit unsigned integer": say("16-bit unsigned integer"),
        "32-bit signed integer": say("32-bit signed integer"),
        "32-bit float": say("32-bit float"),
        "64-bit float": say("64-bit float"),
    }
    frame["value"] = [_said_value(value, say) for value in frame["value"]]
    stored = ours & (table["property"] == VOXELS)
    for english, text in types.items():
        frame.loc[stored, "value"] = frame.loc[stored, "value"].str.replace(
            rf"\b{english} ", f"{text} ", regex=True
        )
    return ACQUISITION.rows(frame, say)


def _said_value(value: str, say: Language) -> str:
    """Return a value with the numbers and the words that are ours in a language."""
    value = _ALL_SAME.sub(lambda match: say.decimals(match[0]), value)
    value = _RANGE.sub(
        lambda match: say(
            "{middle} ({low} to {high})",
            middle=say.decimals(match[1]),
            low=say.decimals(match[2]),
            high=say.decimals(match[3]),
        ),
        value,
    )
    value = _NOT_KNOWN.sub(lambda match: say("not known {n}", n=int(match[1])), value)
    return _OTHERS.sub(
        lambda match: say("{n} other values {m}", n=int(match[1]), m=int(match[2])), value
    )


ACQUISITION = Table(
    "acquisition",
    "Acquisition",
    "How the images were made",
    (
        *("modality", Column("property", later("Property"), "text")),
        *(Column("value", later("Value"), "text"), "n_patients"),
    ),
    _form,
    counts=False,
)
TABLES = (ACQUISITION,)
