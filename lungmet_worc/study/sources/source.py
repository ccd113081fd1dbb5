"""What a kind of source says of itself: where the features of a modality come from.

A kind of source is a class that says what `Source` asks, and a line in `kinds`. What a patient
has of it says what `Data` asks. What only images have (inspections, WORC's fingerprint, pictures,
acquisition, groups of features, an export) goes by ``StudyConfig.images``, ``Patient.images``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study import worc_settings
from lungmet_worc.study.reading.cell_text import CellText
from lungmet_worc.study.reasons import Cause
from lungmet_worc.study.shapes import Label, StudyTable, WorcOverrides


class Column(NamedTuple):
    """A column of the manifest that a source needs.

    ``key`` names it in the study file, ``holds`` says what stands in it.
    """

    key: str
    name: str
    holds: Sentence


class Data(Protocol):
    """What one patient has of a modality."""

    @property
    def state(self) -> str:
        """Return "present", "not found", "missing", or "without" what of it is lacking."""

    @property
    def present(self) -> bool:
        """Whether the manifest gives all that features are made from."""

    @property
    def files(self) -> Mapping[str, Path]:
        """Return what a file is -> the file, of all that features are made from."""

    def mended(self) -> Self:
        """Return the same with all that is lacking."""


class Source(Protocol):
    """Where the features of a modality come from, as a table of the study file says it.

    A path that it names is a `StudyPath`.
    """

    #: Each of `files` and `science` by name -> that it changed, of a ``modality`` and ``who``.
    changed: ClassVar[Mapping[str, Sentence]]
    #: The kind of task that writes the features of a patient.
    task: ClassVar[str]
    #: How a remedy begins where a patient's data fail.
    mend: ClassVar[Sentence]
    #: What the methods say of a ``modality``; None where WORC extracts the features.
    methods: ClassVar[Sentence | None]

    #: What people read in place of the modality's key.
    title: Label | None
    #: How the features are harmonised.
    combat: ComBatConfig | None
    #: Settings of WORC for this modality alone.
    worc: WorcOverrides

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return what the manifest must have."""

    def science(self, data: Any) -> Mapping[str, Any]:
        """Return what features depend on beside files and WORC's settings: arguments of the task.

        Parameters
        ----------
        data : Data
            As `read` returned it.
        """

    def settings(self) -> worc_settings.Settings:
        """Return the settings of WORC that follow from the source."""

    def lacking(self, title: str) -> Cause:
        """Return why a patient whose data are not present enters no arm."""

    def read(
        self, modality: str, patient_id: str, entries: Mapping[str, str], folder: Path
    ) -> tuple[Data, list[Problem]]:
        """Return what a patient has, and what is wrong with it.

        Parameters
        ----------
        modality, patient_id : str
        entries : mapping of str to str
            Key of each column that the manifest has -> the cell, "" where nothing is known.
        folder : Path
            That of the manifest.
        """


class ComBatConfig(StudyTable):
    """Harmonisation of a modality's features by WORC's ComBat: columns of the manifest.

    WORC fits it on all patients before they are split (errata E13).
    """

    batch: CellText
    covariates: tuple[CellText, ...] = ()
