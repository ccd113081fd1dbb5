"""What can be wrong with an image and its mask, found from their voxels and geometry.

Every check is a function of arrays and geometry that returns problems; which files these
come from is filled in by the caller. Arrays are indexed slice, row, column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lungmet_worc.errors import Problem

if TYPE_CHECKING:
    import SimpleITK as sitk

Voxels = npt.NDArray[Any]

#: Below this many voxels texture is hardly defined; LIFEx computes none below it
#: (Orlhac et al. 2014, J Nucl Med 55:414; Nioche et al. 2018, Cancer Res 78:4786).
FEW_VOXELS = 64

#: A mask has a handful of labels; an image has many grey values.
_MOST_LABELS = 20

#: What WORC drops of a mask in several pieces before a user should hear of it.
_DROPPED_SHARE = 0.1


@dataclass(frozen=True)
class MaskRules:
    """What WORC will do with a mask, as far as the checks depend on it.

    Parameters
    ----------
    geometry_tolerance : float
        WORC's ``[PyRadiomics] geometryTolerance``: origin and spacing of image and mask may
        differ by this times the image's first spacing, each direction cosine by this.
    same_geometry : bool
        WORC's ``[General] AssumeSameImageAndMaskMetadata``: the mask gets the image's
        geometry.
    largest_piece : bool
        WORC's ``[Segmentix] N_blobs`` is not 0: only the largest connected piece counts.
    """

    geometry_tolerance: float = 1e-4
    same_geometry: bool = False
    largest_piece: bool = True

    @classmethod
    def from_settings(cls, settings: Mapping[str, Mapping[str, str]]) -> MaskRules:
        """Return the rules that WORC's settings make, WORC's defaults where they are silent."""
        general = settings.get("General", {})
        tolerance = settings.get("PyRadiomics", {}).get("geometryTolerance", "0.0001")
        pieces = settings.get("Segmentix", {}).get("N_blobs", "1")
        return cls(
            geometry_tolerance=float(tolerance),
            same_geometry=general.get("AssumeSameImageAndMaskMetadata", "False") == "True",
            largest_piece=general.get("Segmentix", "True") == "True" and int(pieces) != 0,
        )


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
        differences.append(f"size {size_text(mask)} instead of {size_text(image)} voxels")
    if spacing > limit:
        differences.append(f"spacing by {_amount(spacing)} mm ({_triple(mask)}, {_triple(image)})")
    if origin > limit:
        differences.append(f"origin by {_amount(origin)} mm")
    if cosines > rules.geometry_tolerance:
        differences.append(f"direction by {_amount(_largest_angle(image, mask))} degrees")
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
    what = f"The mask does not lie on the image's voxels. It differs in {'; '.join(differences)}."
    if small:
        remedy = (
            "If it was drawn on this image, copy the image's geometry to the mask, or set "
            f'AssumeSameImageAndMaskMetadata = "True" in [modalities.{modality}.worc.General].'
        )
    else:
        remedy = (
            "Give the image that the mask was drawn on, or resample the mask to this image "
            "(nearest neighbour) and look at the result."
        )
    return Problem(what, remedy, "warning" if rules.same_geometry and not size_differs else "error")


def place_problem(volume: sitk.Image, kind: str) -> Problem | None:
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
    what = f"The header of the {kind} has no usable {' and '.join(wrong)}: not a number."
    return Problem(what, "Export it again, or correct the header.")


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
    image_values, mask_values = _distinct(image), _distinct(mask)
    image_like_mask = image_values is not None and 2 <= len(image_values) <= 5
    mask_like_image = mask_values is None
    if image_like_mask and mask_like_image:
        what = f"Image and mask are swapped: the image has only {_listed(image_values)} in it."
        return Problem(what, "Exchange the two paths.")
    if image_like_mask and image_values is not None and len(image_values) == 2:
        what = f"The image looks like a mask: it has only {_listed(image_values)} in it."
        return Problem(what, "Give the path of the image.")
    if mask_like_image:
        what = f"The mask looks like an image: it has more than {_MOST_LABELS} different values."
        return Problem(what, "Give the path of the mask.")
    return None


def _distinct(voxels: Voxels) -> Voxels | None:
    """Return the finite values of an array, or None if these are more than a mask has."""
    flat = voxels.ravel()
    for part in (flat[:: max(1, flat.size // 100_000)], flat):
        values: Voxels = np.unique(part)
        values = values[np.isfinite(values)]
        if len(values) > _MOST_LABELS:
            return None
    return values


def _listed(values: Voxels | None) -> str:
    return ", ".join(f"{value:.6g}" for value in ([] if values is None else values.tolist()))


def not_finite_problem(voxels: Voxels, hidden: int, kind: str) -> Problem | None:
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
    what = f"{count:,} voxels of the {kind} are no number or infinite."
    remedy = "Export it again, or give these voxels the value of the background."
    return Problem(what, remedy)


def image_problems(image: Voxels) -> Iterator[Problem]:
    """Check whether the (finite) voxels of an image are all the same."""
    if image.min() == image.max():
        what = f"All voxels of the image have the same value ({image.min():.6g})."
        yield Problem(what, "Export the image again.")


def label_problems(mask: Voxels, label: int | None, modality: str) -> Iterator[Problem]:
    """Check the (finite) values of a mask against the label that the study names, or none."""
    values = np.unique(mask[mask != 0])
    if len(values) == 0:
        yield Problem("The mask is empty.", "Draw the tumour, or leave both cells empty.")
        return
    if not np.allclose(values, np.round(values), atol=1e-3):
        what = f"The mask has values that are no whole numbers ({_listed(values[:5])} ...)."
        remedy = "Resample masks with nearest neighbour; these look interpolated."
        yield Problem(what, remedy)
    elif label is None and len(values) > 1:
        what = f"The mask has several labels ({_listed(values)}), and the study names none."
        remedy = f"Write which is the tumour as label in [modalities.{modality}]."
        yield Problem(what, remedy)
    elif label is not None and label not in np.round(values):
        what = f"The mask has no label {label}; it has {_listed(values)}."
        yield Problem(what, f"Correct the mask, or label in [modalities.{modality}].")


def tumour_voxels(mask: Voxels, label: int | None) -> npt.NDArray[np.bool_]:
    """Return where the tumour is: the named label, or everything that is not 0."""
    if label is None:
        return np.asarray(mask != 0)
    return np.asarray(
        np.abs(mask - float(label)) < 1e-3 if mask.dtype.kind == "f" else mask == label
    )


def tumour_problems(tumour: npt.NDArray[np.bool_], rules: MaskRules) -> Iterator[Problem]:
    """Check whether a tumour that is not empty is large enough, and not everything."""
    total = int(tumour.sum())
    if total == tumour.size:
        what = "The mask covers every voxel of the image."
        yield Problem(what, "Give a mask of the tumour only.")
        return
    box = bounding_box(tumour)
    piece, pieces = tumour[box], 1
    if rules.largest_piece:
        piece, pieces = largest_piece(tumour[box])
    kept = int(piece.sum())
    extents = [stop.stop - stop.start for stop in bounding_box(piece)]
    if sum(extent > 1 for extent in extents) < 2:
        # PyRadiomics refuses these (minimumROIDimensions 2); PREDICT refuses one voxel.
        shape = "a single voxel" if kept == 1 else f"a line of {kept} voxels"
        of = " (its largest piece)" if pieces > 1 else ""
        what = f"The mask is only {shape}{of}: features need at least two directions."
        yield Problem(what, "Draw the whole tumour.")
    elif kept < FEW_VOXELS:
        what = f"The mask has only {kept} voxels: texture features mean little below {FEW_VOXELS}."
        yield Problem(what, "Look whether the whole tumour is drawn.", "warning")
    if 1 in extents and kept > 1:
        what = "The tumour is drawn in one slice only; 3D features of it mean little."
        yield Problem(what, "Draw it in all slices if you can.", "warning")
    if total - kept > _DROPPED_SHARE * total:
        what = (
            f"The mask has {pieces} separate pieces, and WORC uses the largest only: "
            f"{100 * (total - kept) / total:.0f} % of its voxels are not used."
        )
        remedy = "Remove stray voxels, or set N_blobs = 0 in [worc.Segmentix] to use all."
        yield Problem(what, remedy, "warning")


def bounding_box(tumour: npt.NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return the smallest box, as one slice per axis, that holds all true voxels."""
    box = []
    for axis in range(tumour.ndim):
        others = tuple(other for other in range(tumour.ndim) if other != axis)
        where = np.flatnonzero(tumour.any(axis=others))
        box.append(slice(int(where[0]), int(where[-1]) + 1))
    return tuple(box)


def largest_piece(tumour: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], int]:
    """Return the largest piece connected by faces, edges or corners, and how many there are.

    As WORC's segmentix does (``ExtractNLargestBlobsn``, full connectivity).
    """
    import SimpleITK as sitk

    components = sitk.ConnectedComponent(sitk.GetImageFromArray(tumour.astype(np.uint8)), True)
    numbered = sitk.GetArrayViewFromImage(components)
    counts = np.bincount(numbered.ravel())
    counts[0] = 0
    return np.asarray(numbered == counts.argmax()), int(np.count_nonzero(counts))


def contrast_problem(image: Voxels, tumour: npt.NDArray[np.bool_]) -> Problem | None:
    """Report a tumour in which all voxels have the same grey value."""
    inside = image[tumour]
    if inside.min() != inside.max():
        return None
    what = f"All voxels inside the mask have the same grey value ({inside[0]:.6g})."
    return Problem(what, "Look whether the mask lies on the tumour.", "warning")
