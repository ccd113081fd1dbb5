"""One image with its mask: what they hold, and everything that is wrong with them."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.errors import Problem, Severity
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging import images as checks
from lungmet_worc.imaging import masks
from lungmet_worc.imaging.files import file_digest
from lungmet_worc.imaging.foreign_files import Kind, neighbour_problem
from lungmet_worc.imaging.hounsfield import air_problem, hounsfield_problem, padding_problem
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.imaging.nifti import count_not_finite
from lungmet_worc.imaging.segmentation import tumour_voxels
from lungmet_worc.imaging.volumes import UnreadableImageError, read_volume
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.sources.images import ImagePair, ImageSource

if TYPE_CHECKING:
    import SimpleITK as sitk

_KINDS: tuple[Kind, Kind] = ("image", "mask")


@dataclass(frozen=True)
class PairInspection:
    """What an image and its mask hold.

    Parameters
    ----------
    problems : tuple of Problem
        With file and column, without row and patient.
    image_digest, segmentation_digest : str
        SHA-256 of the files' bytes; "" where a file cannot be read.
    image_content, segmentation_content : str
        SHA-256 of the grey values, and of the tumour's voxels, whatever the file format,
        compression and geometry; "" where they cannot be read.
    size : tuple of int
        Voxels of the image: columns, rows, slices.
    spacing, origin : tuple of float
        Of the image, in mm.
    tumour_voxels, tumour_slices : int
        Voxels of the tumour, and slices (third axis of the file) that hold any.
    """

    problems: tuple[Problem, ...]
    image_digest: str = ""
    segmentation_digest: str = ""
    image_content: str = ""
    segmentation_content: str = ""
    size: tuple[int, ...] = ()
    spacing: tuple[float, ...] = ()
    origin: tuple[float, ...] = ()
    tumour_voxels: int = 0
    tumour_slices: int = 0


@dataclass(frozen=True)
class Scan:
    """One image with its mask, and whose it is.

    Parameters
    ----------
    patient : Patient
        Whose scan it is.
    modality : str
        The name of the modality in the study.
    pair : ImagePair
        Image and mask, both given.
    config : ImageSource
        The modality's image type, label and columns.
    rules : MaskRules
        What WORC will do with the mask.
    """

    patient: Patient
    modality: str
    pair: ImagePair
    config: ImageSource
    rules: MaskRules

    def path(self, kind: Kind) -> Path:
        """Return the path of the image or of the mask.

        Raises
        ------
        ValueError
            The pair lacks it.
        """
        path = self.pair.image if kind == "image" else self.pair.segmentation
        if path is None:
            message = f"the pair lacks its {kind}"
            raise ValueError(message)
        return path

    def place(self, kind: Kind) -> tuple[str, str]:
        """Return the cell of the image or of the mask, and its column."""
        if kind == "image":
            return self.pair.image_entry, self.config.image
        return self.pair.segmentation_entry, self.config.segmentation

    def placed(self, kind: Kind, problems: Iterable[Problem | None]) -> list[Problem]:
        """Return problems of the image or of the mask with the place that the manifest has it."""
        entry, column = self.place(kind)
        return [replace(each, file=entry, column=column) for each in problems if each is not None]


@dataclass(frozen=True)
class InspectedScan(Scan):
    """A scan, and what its files hold."""

    inspection: PairInspection

    def problem(self, kind: Kind, what: str, remedy: str, severity: Severity = "error") -> Problem:
        """Return a problem of the image or of the mask where the manifest has it."""
        (placed,) = self.placed(kind, [Problem(what, remedy, severity)])
        return self.patient.in_row(placed)


def inspect_scan(scan: Scan) -> PairInspection:
    """Read an image and its mask, and find everything that is wrong with them.

    Raises
    ------
    ValueError
        The pair lacks its image or its mask.
    """
    problems: list[Problem] = []
    image, mask = (_read(scan, kind, problems) for kind in _KINDS)
    digests = [_digest(scan, kind, problems) for kind in _KINDS]
    found = PairInspection((), digests[0], digests[1])
    if image is not None:
        found = replace(found, size=image.GetSize(), spacing=image.GetSpacing())
        found = replace(found, origin=image.GetOrigin())
    if found.image_digest and found.image_digest == found.segmentation_digest:
        what = Sentence("Image and mask are the same file.")
        same = Problem(what, Sentence("Correct one of the two paths."))
        return replace(found, problems=tuple(scan.placed("mask", [same])))
    if image is None or mask is None or any(p.severity == "error" for p in problems):
        return replace(found, problems=tuple(problems))
    found = _with_voxels(found, image, mask, scan)
    return replace(found, problems=(*problems, *found.problems))


def _with_voxels(
    found: PairInspection, image: sitk.Image, mask: sitk.Image, scan: Scan
) -> PairInspection:
    """Look at image and mask themselves."""
    import SimpleITK as sitk

    grey, labels = sitk.GetArrayViewFromImage(image), sitk.GetArrayViewFromImage(mask)
    shares = masks.shares_problem(labels)
    if shares is not None:
        return replace(found, problems=tuple(scan.placed("mask", [shares])))
    swapped = checks.swapped_problem(grey, labels)
    if swapped is not None:
        kind: Kind = "mask" if swapped.column == "mask" else "image"
        return replace(found, problems=tuple(scan.placed(kind, [swapped])))
    problems = _place_problems(image, mask, scan)
    config = scan.config
    wrong_image = _not_finite(scan, "image", grey) or list(checks.image_problems(grey))
    wrong_labels = _not_finite(scan, "mask", labels) or list(
        masks.label_problems(labels, config.label, scan.modality)
    )
    problems += scan.placed("mask", wrong_labels) + scan.placed("image", wrong_image)
    found = replace(found, image_content=_grey_digest(grey))
    if not wrong_labels:
        tumour = tumour_voxels(labels, config.label)
        found = replace(
            found,
            segmentation_content=_tumour_digest(tumour),
            tumour_voxels=int(tumour.sum()),
            tumour_slices=int(tumour.any(axis=(1, 2)).sum()),
        )
        problems += scan.placed("mask", masks.tumour_problems(tumour, scan.rules))
        if not wrong_image and grey.shape == tumour.shape:
            content = _content_problems(grey, tumour, config.image_type)
            problems += scan.placed("image", content)
    return replace(found, problems=tuple(problems))


def _read(scan: Scan, kind: Kind, problems: list[Problem]) -> sitk.Image | None:
    path, (entry, _) = scan.path(kind), scan.place(kind)
    try:
        volume, warnings = read_volume(path, entry, kind)
    except UnreadableImageError as error:
        problems += scan.placed(kind, [error.problem])
        return None
    problems += scan.placed(kind, [*warnings, neighbour_problem(path, entry)])
    return volume


def _place_problems(image: sitk.Image, mask: sitk.Image, scan: Scan) -> list[Problem]:
    """Report voxels of which nobody knows where they are, or which cannot be so large."""
    nowhere = scan.placed("image", [checks.place_problem(image, "image")])
    nowhere += scan.placed("mask", [checks.place_problem(mask, "mask")])
    if nowhere:  # two of these cannot differ
        return nowhere
    geometry = checks.geometry_problem(image, mask, scan.modality, scan.rules)
    found = scan.placed("image", [checks.voxel_size_problem(image)])
    return found + scan.placed("mask", [geometry])


def _not_finite(scan: Scan, kind: Kind, voxels: checks.Voxels) -> list[Problem]:
    try:
        hidden = count_not_finite(scan.path(kind))
    except (OSError, EOFError, zlib.error) as error:
        return [_no_longer(error)]
    problem = checks.not_finite_problem(voxels, hidden, kind)
    return [] if problem is None else [problem]


def _digest(scan: Scan, kind: Kind, problems: list[Problem]) -> str:
    """Return the digest of a file, "" if it cannot be read, which is a problem in any case."""
    try:
        return file_digest(scan.path(kind))
    except OSError as error:
        if not any(problem.file == scan.place(kind)[0] for problem in problems):
            problems += scan.placed(kind, [_no_longer(error)])
        return ""


def _no_longer(error: Exception) -> Problem:
    """Report a file that could be read a moment ago: a network disk, a disk that fails."""
    reason = getattr(error, "strerror", None) or str(error)
    what = Sentence("The file can no longer be read ({reason}).", reason=reason)
    return Problem(what, Sentence("Look whether the disk or the network is there; check again."))


def _content_problems(
    grey: checks.Voxels, tumour: npt.NDArray[np.bool_], image_type: str
) -> list[Problem | None]:
    contrast = checks.contrast_problem(grey, tumour)
    if image_type == "CT":
        found = hounsfield_problem(grey, tumour) or padding_problem(grey, tumour)
        return [contrast, found or air_problem(grey, tumour)]
    return [contrast or checks.nothing_problem(grey, tumour)]


def _grey_digest(grey: checks.Voxels) -> str:
    """Digest grey values so that an image saved again as another type is found."""
    digest = hashlib.sha256(repr(grey.shape).encode())
    with np.errstate(over="ignore"):
        for plane in grey:
            digest.update(np.ascontiguousarray(plane, dtype="<f4").data)
    return digest.hexdigest()


def _tumour_digest(tumour: npt.NDArray[np.bool_]) -> str:
    digest = hashlib.sha256(repr(tumour.shape).encode())
    digest.update(np.packbits(tumour).data)
    return digest.hexdigest()


def same_place(first: PairInspection, second: PairInspection) -> bool:
    """Return whether two inspected images lie in the same place, within a micrometre."""
    numbers = zip((*first.spacing, *first.origin), (*second.spacing, *second.origin), strict=True)
    return all(math.isclose(one, other, abs_tol=1e-3) for one, other in numbers)
