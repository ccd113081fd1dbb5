"""The language of the report: English sentences, and what they are in Dutch."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from numbers import Real
from pathlib import Path
from string import Formatter
from typing import Any

from lungmet_worc.basics.sentences import Sentence, Span
from lungmet_worc.display.shown_names import ShownNames

_PACKAGE = Path(__file__).parents[1]
LANGUAGES = ("en", "nl")

_logger = logging.getLogger(__name__)


class _Numbers(Formatter):
    """Formats numbers with the marks of a language, and leaves everything else as it is."""

    def __init__(self, marks: Mapping[int, str]) -> None:
        self._marks = marks

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return text.translate(self._marks) if isinstance(value, Real | Span) else text


@dataclass(frozen=True)
class Language:
    """Says English texts in one language.

    Every text that a person reads in the report or in a figure is a whole English sentence (or
    a whole label) with named fields, so that no translation is glued from parts:
    ``say("{arm} reached an AUC of {auc:.2f}.", arm="MRI", auc=0.7)``.

    Parameters
    ----------
    code : {"en", "nl"}
    texts : mapping of str to str
        English text to its translation, with the same fields; empty for English.
    names : ShownNames
        What arms and modalities of the study are called.
    """

    code: str
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    names: ShownNames = field(default_factory=ShownNames, repr=False)

    def __call__(self, text: str, /, **fields: object) -> str:
        """Return a text in this language.

        Parameters
        ----------
        text : str
            English, with fields such as "{arm}" or "{auc:.2f}".
        **fields : object
            What the fields stand for. A number gets the decimal mark of the language; a text is
            taken as it is, since names of arms, columns and patients are nobody's to translate.

        Raises
        ------
        KeyError
            If a field of the text is not given.
        """
        translated = self._translated(text)
        if not fields:
            return translated
        return self._numbers.vformat(translated, (), fields)

    def naming(self, names: ShownNames) -> Language:
        """Return the same language, which calls arms and modalities by the labels of a study.

        Parameters
        ----------
        names : ShownNames
        """
        return replace(self, names=names)

    def arm(self, key: str) -> str:
        """Return what an arm is called: its label, else "MRI only" for "mri_only"."""
        return self.names.arm(str(key))

    def modality(self, key: str) -> str:
        """Return what a modality is called: its label, else its key."""
        return self.names.modality(str(key))

    def plural(self, n: int, one: str, many: str, /, **fields: object) -> str:
        """Return the text for one thing or the text for none or several, with the field ``n``.

        Parameters
        ----------
        n : int
        one, many : str
            As in "{n} split was left out." and "{n} splits were left out."
        **fields : object
            Further fields.
        """
        return self(one if n == 1 else many, n=n, **fields)

    def of(self, text: str) -> str:
        """Return a text in this language if it is a `Sentence`, and any other as it is.

        Parameters
        ----------
        text : str
            Fields that are a `Sentence` themselves are said in this language too.
        """
        if not isinstance(text, Sentence):
            return text
        fields = {
            name: self.of(value) if isinstance(value, Sentence) else value
            for name, value in text.fields.items()
        }
        return self(text.template, **fields)

    def number(self, value: float, spec: str) -> str:
        """Return a number in a format of Python, such as ".2f", with the marks of the language."""
        return str(self._numbers.format_field(value, spec))

    @cached_property
    def _numbers(self) -> Formatter:
        if self.code == "en":
            return Formatter()
        from babel.numbers import get_decimal_symbol, get_group_symbol  # English goes without

        marks = {".": get_decimal_symbol(self.code), ",": get_group_symbol(self.code)}
        return _Numbers(str.maketrans(marks))

    def _translated(self, text: str) -> str:
        """Return the translation of a text, or the English one with a warning in the log."""
        if self.code == "en":
            return text
        if text not in self.texts:
            _logger.warning('No text in "%s" for: %s', self.code, text)
        return self.texts.get(text, text)


@cache
def language(code: str) -> Language:
    """Return a language of the report.

    Parameters
    ----------
    code : {"en", "nl"}

    Raises
    ------
    KeyError
        If there is no such language.
    """
    if code not in LANGUAGES:
        msg = f'The report has no language "{code}". Choose one of: {", ".join(LANGUAGES)}.'
        raise KeyError(msg)
    return Language(code, {} if code == "en" else read_texts(catalogues(code)))


def catalogues(code: str) -> list[Path]:
    """Return the catalogues of a language; each lies beside the modules whose texts it holds."""
    return sorted(_PACKAGE.rglob(f"{code}.po"))


def read_texts(paths: Iterable[Path]) -> dict[str, str]:
    """Return the English texts of some catalogues and their translations.

    Parameters
    ----------
    paths : iterable of Path
        Of gettext's format; an entry without a translation counts as none.
    """
    from babel.messages.pofile import read_po  # English goes without

    texts: dict[str, str] = {}
    for path in paths:
        with path.open("rb") as file:
            texts |= {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}
    return texts


def later(text: str) -> str:
    """Mark a text that stands in a table of names and is said in a language where it is shown.

    Parameters
    ----------
    text : str
    """
    return text


ENGLISH = language("en")
