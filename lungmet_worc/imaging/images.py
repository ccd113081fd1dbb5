"""What can be wrong with an image and its mask, found from their voxels and geometry.

Every check is a function of arrays and geometry that returns problems; which files these
come from is filled in by the caller. Arrays are indexed slice, row, column.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging.foreign_files import Kind
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.imaging.segmentation import is_whole

if TYPE_CHECKING:
    import SimpleITK as sitk

Voxels = npt.NDArray[Any]

#: A mask has a handful of labels; an image has many grey values.
_MOST_LABELS = 20

#: Voxels of a clinical scan are neither smaller nor larger than this (mm).
_VOXEL_SIZES = (0.01, 50.0)

#: No grey value is larger: features square and cube it.
_LARGEST_GREY = 1e12

#: The share of a tumour that may be as dark as an image gets.
_MOST_DARK = 0.1


def size_text(volume: sitk.Image) -> str:
    """Return the size of a volume as text: columns x rows x slices."""
    return " x ".join(map(str, volume.GetSize()))


def geometry_problem(
    image: sitk.Image, mask: sitk.Image, modality: str, rules: MaskRules
) -> Problem | None:
    """Compare the grids of image and mask, and say by how much they differ.

    The limits are those at which PyRadiomics refuses the pair inside WORC, hours later: it
    hands ``geometryTolerance`` (WORC: 0.0001) to SimpleITK, which multiplies it with the
    first spacing for origin and spacing (mm) and takes it as it is for each direction cosine
    (0.0001 is 0.006 degrees). PREDICT looks at the size only. So every difference above is
    an error, and every one below harmless, unless WORC is told to copy the geometry.
    """
    size_differs = image.GetSize() != mask.GetSize()
    limit = rules.geometry_tolerance * image.GetSpacing()[0]
    spacing = _largest_difference(image.GetSpacing(), mask.GetSpacing())
    origin = _largest_difference(image.GetOrigin(), mask.GetOrigin())
    cosines = _largest_difference(image.GetDirection(), mask.GetDirection())
    differences = []
    if size_differs:
        differences.append(
            Sentence(
                "size {mask} instead of {image} voxels",
                mask=size_text(mask),
                image=size_text(image),
            )
        )
    if spacing > limit:
        differences.append(
            Sentence(
                "spacing by {amount} mm ({mask}, {image})",
                amount=_amount(spacing),
                mask=_triple(mask),
                image=_triple(image),
            )
        )
    if origin > limit:
        differences.append(Sentence("origin by {amount} mm", amount=_amount(origin)))
    if cosines > rules.geometry_tolerance:
        angle = _amount(_largest_angle(image, mask))
        differences.append(Sentence("direction by {amount} degrees", amount=angle))
    if not differences:
        return None
    small = (
        not size_differs
        and origin < 0.5 * min(image.GetSpacing())
        and spacing < 0.01 * min(image.GetSpacing())
        and cosines < 0.01
    )
    if rules.same_geometry and small:
        return None
    what = Sentence(
        "The mask does not lie on the image's voxels. It differs in {differences}.",
        differences=reduce(_and_also, differences),
    )
    if small:
        remedy = Sentence(
            "If it was drawn on this image, copy the image's geometry to the mask, or set "
            'AssumeSameImageAndMaskMetadata = "True" in [modalities.{modality}.worc.General].',
            modality=modality,
        )
    else:
        remedy = Sentence(
            "Give the image that the mask was drawn on, or resample the mask to this image "
            "(nearest neighbour) and look at the result."
        )
    return Problem(what, remedy, "warning" if rules.same_geometry and not size_differs else "error")


def _and_also(first: Sentence, second: Sentence) -> Sentence:
    return Sentence("{first}; {second}", first=first, second=second)


def place_problem(volume: sitk.Image, kind: Kind) -> Problem | None:
    """Report origin, spacing or direction that are no numbers: nothing can be compared with them.

    Parameters
    ----------
    volume : SimpleITK.Image
        As SimpleITK reads it.
    kind : {"image", "mask"}
        What it is.
    """
    parts = {
        "origin": volume.GetOrigin(),
        "spacing": volume.GetSpacing(),
        "direction": volume.GetDirection(),
    }
    wrong = [name for name, values in parts.items() if not np.isfinite(values).all()]
    if not wrong:
        return None
    names = ", ".join(wrong)
    what = Sentence("The header of the image has no usable {names}: not a number.", names=names)
    if kind == "mask":
        what = Sentence("The header of the mask has no usable {names}: not a number.", names=names)
    return Problem(what, Sentence("Export it again, or correct the header."))


def voxel_size_problem(volume: sitk.Image) -> Problem | None:
    """Report a voxel that is smaller or larger than any scanner makes it.

    Parameters
    ----------
    volume : SimpleITK.Image
        As SimpleITK reads it, its place finite (see `place_problem`).
    """
    spacing = volume.GetSpacing()
    if min(spacing) >= _VOXEL_SIZES[0] and max(spacing) <= _VOXEL_SIZES[1]:
        return None
    what = Sentence("Voxels of {size} mm cannot be meant.", size=_triple(volume))
    if max(spacing) > _VOXEL_SIZES[1]:
        remedy = Sentence(
            "Look whether the header says metres where mm are meant (xyzt_units), and export it "
            "again from the DICOM series."
        )
    else:
        remedy = Sentence(
            "Look whether the size was written in metres instead of mm, and export it again from "
            "the DICOM series."
        )
    return Problem(what, remedy)


def _largest_difference(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    return float(np.max(np.abs(np.subtract(first, second))))


def _largest_angle(image: sitk.Image, mask: sitk.Image) -> float:
    """Return the largest angle between axes of the same number, in degrees."""
    first, second = (np.reshape(volume.GetDirection(), (3, 3)) for volume in (image, mask))
    # The half-angle form keeps small angles, which the arc cosine loses.
    halves = np.linalg.norm(first - second, axis=0) / 2
    return float(np.degrees(2 * np.arcsin(np.clip(halves, 0, 1))).max())


def _amount(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def _triple(volume: sitk.Image) -> str:
    return " x ".join(f"{extent:.6g}" for extent in volume.GetSpacing())


def swapped_problem(image: Voxels, mask: Voxels) -> Problem | None:
    """Report an image that looks like a mask, or a mask that looks like an image."""
    image_values, mask_values = _distinct(image), _distinct(mask, rounded=True)
    image_like_mask = image_values is not None and 2 <= len(image_values) <= 5
    mask_like_image = mask_values is None
    values = _listed(image_values)
    if image_like_mask and mask_like_image:
        what = Sentence(
            "Image and mask are swapped: the image has only {values} in it.", values=values
        )
        return Problem(what, Sentence("Exchange the two paths."))
    if image_like_mask and image_values is not None and len(image_values) == 2:
        what = Sentence("The image looks like a mask: it has only {values} in it.", values=values)
        return Problem(what, Sentence("Give the path of the image."))
    if mask_like_image:
        what = Sentence(
            "The mask looks like an image: it has more than {most} different values.",
            most=_MOST_LABELS,
        )
        return Problem(what, Sentence("Give the path of the mask."), column="mask")
    return None


def _distinct(voxels: Voxels, *, rounded: bool = False) -> Voxels | None:
    """Return the finite values of an array, or None if these are more than a mask has.

    Values that are whole but for a rounding are one, if ``rounded``.
    """
    flat = voxels.ravel()
    for part in (flat[:: max(1, flat.size // 100_000)], flat):
        values: Voxels = np.unique(part)
        values = values[np.isfinite(values)]
        if rounded and is_whole(values).all():
            values = np.unique(np.round(values))
        if len(values) > _MOST_LABELS:
            return None
    return values


def _listed(values: Voxels | None) -> str:
    return ", ".join(f"{value:.6g}" for value in ([] if values is None else values.tolist()))


def not_finite_problem(voxels: Voxels, hidden: int, kind: Kind) -> Problem | None:
    """Report voxels that are no number or infinite.

    Parameters
    ----------
    voxels : array
        As SimpleITK reads them.
    hidden : int
        How many such voxels SimpleITK has turned into 0.
    kind : {"image", "mask"}
        What it is.
    """
    count = hidden
    if voxels.dtype.kind == "f":
        count += voxels.size - int(np.count_nonzero(np.isfinite(voxels)))
    if not count:
        return None
    what = Sentence.plural(
        count,
        "{n:,} voxel of the image is no number or infinite.",
        "{n:,} voxels of the image are no number or infinite.",
    )
    if kind == "mask":
        what = Sentence.plural(
            count,
            "{n:,} voxel of the mask is no number or infinite.",
            "{n:,} voxels of the mask are no number or infinite.",
        )
    remedy = Sentence("Export it again, or give these voxels the value of the background.")
    return Problem(what, remedy)


def image_problems(image: Voxels) -> Iterator[Problem]:
    """Check whether the (finite) voxels of an image are all the same, or too large to be meant."""
    largest = float(max(image.max(), -float(image.min())))
    if largest > _LARGEST_GREY:
        what = Sentence("A voxel of the image has the value {value:.3g}.", value=largest)
        yield Problem(what, Sentence("No scanner writes such values: export the image again."))
    if image.min() == image.max():
        what = Sentence(
            "All voxels of the image have the same value ({value:.6g}).", value=float(image.min())
        )
        yield Problem(what, Sentence("Export the image again."))


def contrast_problem(image: Voxels, tumour: npt.NDArray[np.bool_]) -> Problem | None:
    """Report a tumour in which all voxels have the same grey value."""
    inside = image[tumour]
    if inside.min() != inside.max():
        return None
    what = Sentence(
        "All voxels inside the mask have the same grey value ({value:.6g}).",
        value=float(inside[0]),
    )
    return Problem(what, Sentence("Look whether the mask lies on the tumour."), "warning")


def nothing_problem(image: Voxels, tumour: npt.NDArray[np.bool_]) -> Problem | None:
    """Report a mask that reaches to where an image that is no CT shows nothing."""
    lowest = image.min()
    share = np.count_nonzero(image[tumour] == lowest) / np.count_nonzero(tumour)
    if share < _MOST_DARK:
        return None
    what = Sentence(
        "{share:.0f} % of the voxels inside the mask have the lowest value of the image "
        "({value:.6g}), as where it shows nothing.",
        share=100 * share,
        value=float(lowest),
    )
    remedy = Sentence("Look whether the mask lies on the tumour, and whether the image is whole.")
    return Problem(what, remedy, "warning")
