"""What a text is once everything is taken away that nobody sees: one way for the whole program."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator

from lungmet_worc.basics.words import runs

#: Marks around a path that Windows copied ("Copy as path"), and those that Word makes of them.
_QUOTED = re.compile(r'["“”„‟«»]([^"“”„‟«»]*)["“”„‟«»]')
#: Hyphens that look like the one of the keyboard: soft in form, different as a character.
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2212\ufe63\uff0d"), "-")
_LINE_BREAKS = re.compile(r"\s*[\r\n\t\v\f\x1c-\x1f\x85\u2028\u2029]+\s*")
#: Characters that are never drawn but are no format characters: fillers and variation selectors.
_UNDRAWN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


def clean(text: str) -> str:
    r"""Return a text as its reader sees it.

    Composed as in Unicode's form NFC; without format characters (zero-width spaces, soft
    hyphens, marks of direction), control characters and quotation marks around the whole; every
    kind of space and line break is one ordinary space, every look-alike of the hyphen a hyphen.

    Parameters
    ----------
    text : str
        A cell, a header, an id, a path, or a text of the study file that names one of these.

    Examples
    --------
    >>> clean("upper\u00a0leg\u200b")
    'upper leg'
    >>> clean('"D:\\scans\\P1.nii"')
    'D:\\scans\\P1.nii'
    """
    if not (text.isascii() and text.isprintable()):
        text = _LINE_BREAKS.sub(" ", unicodedata.normalize("NFC", text)).translate(_HYPHENS)
        text = "".join(map(_seen, text))
    text = text.strip()
    quoted = _QUOTED.fullmatch(text)
    return quoted[1].strip() if quoted else text


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    unseen = category in ("Cf", "Cc", "Cs") or character in _UNDRAWN
    return "" if unseen else character


def cleaned(value: object) -> object:
    """Return a text as `clean` does, a number as a text, and anything else as it is."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.15g}"
    return value


#: A text of the study file that must be the same as one of the manifest.
CellText = Annotated[
    str, BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)
]
#: The same, which may also be written as a number.
CellValue = Annotated[str, BeforeValidator(cleaned)]

_MOST_RANGES = 8


def rows_text(rows: Iterable[int]) -> str:
    """Return row numbers for a sentence of any language: "2-5, 9"."""
    ranges = runs(rows)
    shown = [f"{low}" if low == high else f"{low}-{high}" for low, high in ranges[:_MOST_RANGES]]
    return ", ".join([*shown, "…"] if len(ranges) > _MOST_RANGES else shown)
