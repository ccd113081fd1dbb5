"""One image with its mask: what they hold, and everything that is wrong with them."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.errors import Problem
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
from lungmet_worc.study.sources import ImagePair, ImageSource

if TYPE_CHECKING:
    import SimpleITK as sitk

_CORRECT_ONE = Sentence("Correct one of the two paths.")


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


def inspect_pair(
    pair: ImagePair, modality: str, config: ImageSource, rules: MaskRules | None = None
) -> PairInspection:
    """Read an image and its mask, and find everything that is wrong with them.

    Parameters
    ----------
    pair : ImagePair
        Both paths given.
    modality : str
        The name of the modality in the study.
    config : ImageSource
        Its image type, label and columns.
    rules : MaskRules, optional
        What WORC will do with the mask; WORC's defaults if left out.

    Raises
    ------
    ValueError
        The pair lacks its image or its mask.
    """
    if pair.image is None or pair.segmentation is None:
        message = "the pair lacks its image or its mask"
        raise ValueError(message)
    rules = rules or MaskRules()
    problems: list[Problem] = []
    image = _read(pair.image, pair.image_entry, "image", problems)
    mask = _read(pair.segmentation, pair.segmentation_entry, "mask", problems)
    found = PairInspection(
        (),
        _digest(pair.image, pair.image_entry, problems),
        _digest(pair.segmentation, pair.segmentation_entry, problems),
    )
    if image is not None:
        found = replace(found, size=image.GetSize(), spacing=image.GetSpacing())
        found = replace(found, origin=image.GetOrigin())
    of_files = [_in_column(problem, pair, config) for problem in problems]
    if found.image_digest and found.image_digest == found.segmentation_digest:
        what, remedy = Sentence("Image and mask are the same file."), _CORRECT_ONE
        return replace(found, problems=(_at_mask(Problem(what, remedy), pair, config),))
    if image is None or mask is None or any(p.severity == "error" for p in problems):
        return replace(found, problems=tuple(of_files))
    found = _with_voxels(found, image, mask, pair, modality, config, rules)
    return replace(found, problems=(*of_files, *found.problems))


def _with_voxels(
    found: PairInspection,
    image: sitk.Image,
    mask: sitk.Image,
    pair: ImagePair,
    modality: str,
    config: ImageSource,
    rules: MaskRules,
) -> PairInspection:
    """Look at image and mask themselves."""
    import SimpleITK as sitk

    grey, labels = sitk.GetArrayViewFromImage(image), sitk.GetArrayViewFromImage(mask)
    shares = masks.shares_problem(labels)
    if shares is not None:
        return replace(found, problems=(_at_mask(shares, pair, config),))
    swapped = checks.swapped_problem(grey, labels)
    if swapped is not None:
        placed = _at_mask if swapped.column == "mask" else _at_image
        return replace(found, problems=(placed(swapped, pair, config),))
    problems = _place_problems(image, mask, pair, modality, config, rules)
    wrong_image = _not_finite(pair.image, grey, "image") or list(checks.image_problems(grey))
    wrong_labels = _not_finite(pair.segmentation, labels, "mask") or list(
        masks.label_problems(labels, config.label, modality)
    )
    problems += [_at_mask(problem, pair, config) for problem in wrong_labels]
    problems += [_at_image(problem, pair, config) for problem in wrong_image]
    found = replace(found, image_content=_grey_digest(grey))
    if not wrong_labels:
        tumour = tumour_voxels(labels, config.label)
        found = replace(
            found,
            segmentation_content=_tumour_digest(tumour),
            tumour_voxels=int(tumour.sum()),
            tumour_slices=int(tumour.any(axis=(1, 2)).sum()),
        )
        tumour_problems = masks.tumour_problems(tumour, rules)
        problems += [_at_mask(problem, pair, config) for problem in tumour_problems]
        if not wrong_image and grey.shape == tumour.shape:
            content = _content_problems(grey, tumour, config.image_type)
            problems += [_at_image(problem, pair, config) for problem in content]
    return replace(found, problems=tuple(problems))


def _read(path: Path, entry: str, kind: Kind, problems: list[Problem]) -> sitk.Image | None:
    try:
        volume, warnings = read_volume(path, entry, kind)
    except UnreadableImageError as error:
        problems.append(replace(error.problem, column=kind))
        return None
    beside = neighbour_problem(path, entry)
    problems += [
        replace(problem, column=kind)
        for problem in (*warnings, *([] if beside is None else [beside]))
    ]
    return volume


def _place_problems(
    image: sitk.Image,
    mask: sitk.Image,
    pair: ImagePair,
    modality: str,
    config: ImageSource,
    rules: MaskRules,
) -> list[Problem]:
    """Report voxels of which nobody knows where they are, or which cannot be so large."""
    nowhere = _nowhere(image, mask, pair, config)
    if nowhere:  # two of these cannot differ
        return nowhere
    found = []
    size = checks.voxel_size_problem(image)
    if size is not None:
        found.append(_at_image(size, pair, config))
    geometry = checks.geometry_problem(image, mask, modality, rules)
    if geometry is not None:
        found.append(_at_mask(geometry, pair, config))
    return found


def _nowhere(
    image: sitk.Image, mask: sitk.Image, pair: ImagePair, config: ImageSource
) -> list[Problem]:
    """Report an image or a mask of which nobody knows where it is."""
    of_image = checks.place_problem(image, "image")
    of_mask = checks.place_problem(mask, "mask")
    found = [] if of_image is None else [_at_image(of_image, pair, config)]
    return found + ([] if of_mask is None else [_at_mask(of_mask, pair, config)])


def _not_finite(path: Path | None, voxels: checks.Voxels, kind: Kind) -> list[Problem]:
    try:
        hidden = 0 if path is None else count_not_finite(path)
    except (OSError, EOFError, zlib.error) as error:
        return [_no_longer(error)]
    problem = checks.not_finite_problem(voxels, hidden, kind)
    return [] if problem is None else [problem]


def _digest(path: Path, entry: str, problems: list[Problem]) -> str:
    """Return the digest of a file, "" if it cannot be read, which is a problem in any case."""
    try:
        return file_digest(path)
    except OSError as error:
        if not any(problem.file == entry for problem in problems):
            problems.append(replace(_no_longer(error), file=entry))
        return ""


def _no_longer(error: Exception) -> Problem:
    """Report a file that could be read a moment ago: a network disk, a disk that fails."""
    reason = getattr(error, "strerror", None) or str(error)
    what = Sentence("The file can no longer be read ({reason}).", reason=reason)
    return Problem(what, Sentence("Look whether the disk or the network is there; check again."))


def _in_column(problem: Problem, pair: ImagePair, config: ImageSource) -> Problem:
    """Put a problem of a file where the manifest has it."""
    if problem.file == pair.image_entry:
        return _at_image(problem, pair, config)
    return _at_mask(problem, pair, config)


def _at_image(problem: Problem, pair: ImagePair, config: ImageSource) -> Problem:
    return replace(problem, file=pair.image_entry, column=config.image)


def _at_mask(problem: Problem, pair: ImagePair, config: ImageSource) -> Problem:
    return replace(problem, file=pair.segmentation_entry, column=config.segmentation)


def _content_problems(
    grey: checks.Voxels, tumour: npt.NDArray[np.bool_], image_type: str
) -> Iterator[Problem]:
    contrast = checks.contrast_problem(grey, tumour)
    if contrast is not None:
        yield contrast
    if image_type == "CT":
        found = hounsfield_problem(grey, tumour) or padding_problem(grey, tumour)
        found = found or air_problem(grey, tumour)
    else:
        found = None if contrast is not None else checks.nothing_problem(grey, tumour)
    if found is not None:
        yield found


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
