"""What people read in place of the keys of arms and modalities: the labels of the study file."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lungmet_worc.basics.sentences import Sentence

#: A longer label would leave no room in figures and tables.
LONGEST = 60

#: How acronyms are written that stand in lower case in the key of an arm.
ACRONYMS = frozenset({"mri", "mr", "ct", "pet", "us", "t1", "t2", "dwi", "adc", "flair"})


@dataclass(frozen=True)
class ShownNames:
    """Labels of arms and modalities, by their keys; a key without a label is not there.

    Parameters
    ----------
    arms, modalities : mapping of str to str
    """

    arms: Mapping[str, str] = field(default_factory=dict)
    modalities: Mapping[str, str] = field(default_factory=dict)

    def arm(self, key: str) -> str:
        """Return what an arm is called: its label, else its key in words ("mri_only": "MRI only").

        Parameters
        ----------
        key : str
            Key in the study file; a label is returned as it is.
        """
        if key in self.arms:
            return self.arms[key]
        return key if key in self.arms.values() else in_words(key)

    def modality(self, key: str) -> str:
        """Return what a modality is called: its label, else its key."""
        return self.modalities.get(key, key)


def in_words(key: str) -> str:
    """Return the key of an arm as people read it ("mri_only" -> "MRI only"), in any language."""
    words = [word.upper() if word in ACRONYMS else word for word in key.split("_") if word]
    if not words:
        return key
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def recorded_names(study: Mapping[str, Any]) -> ShownNames:
    """Return the labels of the study that ``run.json`` tells of; none of an older run.

    Parameters
    ----------
    study : mapping
        What stands under ``study`` in ``run.json``.
    """

    def found(table: str, key: str) -> dict[str, str]:
        entries = study.get(table, {})
        return {name: str(entry[key]) for name, entry in entries.items() if entry.get(key)}

    return ShownNames(found("arms", "label"), found("modalities", "title"))


def trimmed(label: object) -> object:
    """Return a label without blanks around it, and with one between words.

    Raises
    ------
    ValueError
        It is empty, too long, or holds characters that nobody sees.
    """
    if not isinstance(label, str):
        return label
    text = " ".join(label.split(" ")).strip()
    if not text:
        message = Sentence("A label needs at least one letter.")
        raise ValueError(message)
    if len(text) > LONGEST:
        message = Sentence(
            "A label has at most {most} characters; this one has {n}.", most=LONGEST, n=len(text)
        )
        raise ValueError(message)
    if any(unicodedata.category(character)[0] == "C" for character in text) or "\u2028" in text:
        message = Sentence("A label is one line without control characters.")
        raise ValueError(message)
    return text
