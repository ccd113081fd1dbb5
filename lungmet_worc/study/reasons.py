"""Why a patient does not enter an arm: as data, and said in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lungmet_worc.basics.sentences import Sentence, joined


@dataclass(frozen=True)
class NoImage:
    """Image or mask of a modality is not there."""

    modality: str


@dataclass(frozen=True)
class NoFeatures:
    """The features of a modality could not be extracted, or its images cannot be used."""

    modality: str
    #: What is wrong, which differs from patient to patient; empty where it does not matter.
    cause: str = ""


@dataclass(frozen=True)
class NoValue:
    """A clinical column has no value."""

    column: str


@dataclass(frozen=True)
class NoOutcome:
    """The outcome is not known."""


@dataclass(frozen=True)
class Excluded:
    """The study file excludes the patient."""


Cause = NoImage | NoFeatures | NoValue | NoOutcome | Excluded


@dataclass(frozen=True)
class Reason:
    """Why a patient does not enter an arm.

    Parameters
    ----------
    causes : tuple of Cause
        Each by itself.
    lacking_in : str
        The other arm that the causes keep the patient from, where arms have their patients in
        common; empty where they keep the patient from this very arm.
    """

    causes: tuple[Cause, ...]
    lacking_in: str = ""

    @property
    def sentence(self) -> Sentence:
        """The whole reason in words."""
        said = said_causes(self.causes)
        if not self.lacking_in:
            return said
        return Sentence(
            "not complete for all arms (arm {arm}: {cause})", arm=self.lacking_in, cause=said
        )


def said_causes(causes: Iterable[Cause]) -> Sentence:
    """Return causes in words, one behind the other."""
    return joined([_said(cause) for cause in causes], ", ")


def _said(cause: Cause) -> Sentence:
    match cause:
        case NoImage(modality):
            return Sentence("no {modality} image", modality=modality)
        case NoFeatures(modality, ""):
            return Sentence("{modality} features could not be extracted", modality=modality)
        case NoFeatures(modality, why):
            return Sentence("{modality} extraction failed: {cause}", modality=modality, cause=why)
        case NoValue(column):
            return Sentence("{column} missing", column=column)
        case NoOutcome():
            return Sentence("outcome missing")
        case Excluded():
            return Sentence("excluded in the study file")
