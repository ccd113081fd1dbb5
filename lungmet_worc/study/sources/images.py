"""Images with their segmentations, from which WORC extracts the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import later
from lungmet_worc.study import worc_settings
from lungmet_worc.study.reading.cell_text import CellText
from lungmet_worc.study.reasons import NoImage
from lungmet_worc.study.scan_paths import is_there, path_problems, resolve
from lungmet_worc.study.shapes import Label, StudyTable, WorcOverrides, one_of
from lungmet_worc.study.sources.source import Column, ComBatConfig

_ImageType = Annotated[
    str, one_of(worc_settings.IMAGE_TYPES, later('"{value}" is no image type. {hint}'))
]


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
