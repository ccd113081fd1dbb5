"""Where the features of a modality come from: one of several kinds, chosen by its keys.

A kind of source is a class that says what `Source` asks, and a line in `SOURCES`. What a patient
has of it says what `Data` asks. What only images have (inspections, WORC's fingerprint, pictures,
acquisition, groups of features, an export) goes by ``StudyConfig.images``, ``Patient.images``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol, Self

from pydantic import Field, PlainValidator, ValidationInfo, model_validator

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import later
from lungmet_worc.study import worc_settings
from lungmet_worc.study.reading.cell_text import CellText
from lungmet_worc.study.reasons import Cause, NoImage
from lungmet_worc.study.scan_paths import is_there, path_problems, resolve
from lungmet_worc.study.shapes import Label, StudyTable, WorcOverrides, one_of

_ImageType = Annotated[
    str, one_of(worc_settings.IMAGE_TYPES, later('"{value}" is no image type. {hint}'))
]


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


@dataclass(frozen=True)
class ImagePair:
    """The image and the mask of one patient in one modality.

    Parameters
    ----------
    image, segmentation : Path or None
        Absolute paths; None where the manifest gives none.
    image_entry, segmentation_entry : str
        The paths as the manifest has them.
    """

    image: Path | None = None
    segmentation: Path | None = None
    image_entry: str = ""
    segmentation_entry: str = ""

    @property
    def state(self) -> str:
        """Return what of image and mask is there."""
        if self.image is None:
            return "missing" if self.segmentation is None else "without image"
        if self.segmentation is None:
            return "without mask"
        return "present" if all(map(is_there, self.files.values())) else "not found"

    @property
    def present(self) -> bool:
        """Whether the patient has this modality: an image and a mask."""
        return self.image is not None and self.segmentation is not None

    @property
    def files(self) -> dict[str, Path]:
        """Return image and mask, of those that are given."""
        both = {"image": self.image, "segmentation": self.segmentation}
        return {kind: path for kind, path in both.items() if path is not None}

    def mended(self) -> ImagePair:
        """Return the pair with a file that is to come in place of one that is lacking."""
        image, mask = self.image or _TO_COME, self.segmentation or _TO_COME
        return replace(self, image=image, segmentation=mask)


#: Stands for a file that is not there yet.
_TO_COME = Path("to come")


class ImageSource(StudyTable):
    """Images with their segmentations: the manifest's columns and how WORC treats them.

    ``label`` as a number is the value of the tumour in the mask. As a text it is what people
    read in place of the modality's key, as in an arm, and becomes the ``title``.
    """

    changed: ClassVar[Mapping[str, Sentence]] = {
        "image": Sentence("the {modality} image of {who} changed"),
        "mask": Sentence("the {modality} mask of {who} changed"),
    }
    task: ClassVar[str] = "extract"
    mend: ClassVar[Sentence] = Sentence("Mend image or segmentation")
    methods: ClassVar[Sentence | None] = None

    image: CellText
    segmentation: CellText
    image_type: _ImageType
    label: int | None = Field(default=None, ge=1, le=2**31)
    title: Label | None = None
    combat: ComBatConfig | None = None
    worc: WorcOverrides = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _text_in_label(cls, values: Any) -> Any:
        """Take a label that is a text for the title."""
        if not isinstance(values, Mapping) or not isinstance(values.get("label"), str):
            return values
        text = values["label"]
        if text.strip().isdigit():
            message = Sentence(
                "Write label = {number} without quotation marks for a value of the mask, or title "
                '= "{number}" for a name.',
                number=text.strip(),
            )
            raise ValueError(message)
        if values.get("title") is not None:
            message = Sentence("Both label and title name this modality. Take one of them out.")
            raise ValueError(message)
        return {**values, "label": None, "title": text}

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns of the images and of the masks."""
        return (
            Column("image", self.image, Sentence("image")),
            Column("segmentation", self.segmentation, Sentence("mask")),
        )

    def science(self, data: ImagePair) -> dict[str, Any]:
        """Return which value of the mask is the tumour."""
        return {"label": self.label}

    def settings(self) -> worc_settings.Settings:
        """Return how WORC treats images of this type."""
        return {"ImageFeatures": {"image_type": self.image_type}}

    def lacking(self, title: str) -> NoImage:
        """Return that there is no image."""
        return NoImage(title)

    def read(
        self, modality: str, patient_id: str, entries: Mapping[str, str], folder: Path
    ) -> tuple[ImagePair, list[Problem]]:
        """Return the paths of a patient, and report those that lead nowhere."""
        paths = {key: resolve(folder, entry) for key, entry in entries.items() if entry}
        problems = [
            problem
            for key, column, _ in self.columns
            if key in paths
            for problem in path_problems(folder, paths[key], entries[key], column)
        ]
        pair = ImagePair(
            paths.get("image"),
            paths.get("segmentation"),
            entries.get("image", ""),
            entries.get("segmentation", ""),
        )
        if len(paths) == 1 and len(entries) == 2:
            problems.append(self._half_a_pair(modality, pair))
        return pair, problems

    def _half_a_pair(self, modality: str, pair: ImagePair) -> Problem:
        if pair.segmentation is None:
            what = Sentence("{modality} has an image but no mask.", modality=modality)
            remedy = Sentence(
                "Give the mask, or leave both cells empty if the patient has no {modality}.",
                modality=modality,
            )
            return Problem(what, remedy, column=self.segmentation)
        what = Sentence("{modality} has a mask but no image.", modality=modality)
        remedy = Sentence(
            "Give the image, or leave both cells empty if the patient has no {modality}.",
            modality=modality,
        )
        return Problem(what, remedy, column=self.image)


#: The key that tells a kind of source from the others, and that names one of the files of its
#: data -> the kind; without any it is the first.
SOURCES: dict[str, type[Any]] = {"image": ImageSource}


def kind_of(table: object) -> type[Any]:
    """Return the kind of source that a table of the study file describes."""
    keys = table if isinstance(table, Mapping) else {}
    return next((SOURCES[key] for key in SOURCES if key in keys), next(iter(SOURCES.values())))


def _of_its_kind(table: Any, info: ValidationInfo) -> Any:
    if isinstance(table, tuple(SOURCES.values())):
        return table
    return kind_of(table).model_validate(table, context=info.context)


AnySource = Annotated[Source, PlainValidator(_of_its_kind)]


def column_names(*sources: Source) -> set[str]:
    """Return the columns of the manifest that sources need."""
    return {column.name for source in sources for column in source.columns}
