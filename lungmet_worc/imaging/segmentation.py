"""A segmentation made binary: once, the same way, for the check and every step after it.

Values of a mask are labels, whole numbers. Programs that resample or scale masks leave 0.9999 for
1: a value within `TOLERANCE` of a whole number is that number, everywhere. Any other value is an
error of the check, so that nobody has to guess. What WORC gets is 1 in the tumour and 0 elsewhere,
since it takes everything above 0, and PyRadiomics everything that is exactly its label.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lungmet_worc.imaging.private_name import linked
from lungmet_worc.imaging.volumes import read_volume

if TYPE_CHECKING:
    import SimpleITK as sitk

#: How far from a whole number a value of a mask may be to count as it.
TOLERANCE = 1e-3

_Voxels = npt.NDArray[Any]
_Tumour = npt.NDArray[np.bool_]


def is_whole(values: _Voxels) -> _Tumour:
    """Return which values of a mask are labels: whole numbers, but for a rounding."""
    return np.asarray(np.abs(values - np.round(values)) <= TOLERANCE)


def labels_of(mask: _Voxels) -> list[int]:
    """Return the labels of a mask but for 0, the background, in order.

    Parameters
    ----------
    mask : array
        Finite voxels.
    """
    return [int(label) for label in np.unique(np.round(np.unique(mask))) if label != 0]


def tumour_voxels(mask: _Voxels, label: int | None) -> _Tumour:
    """Return where the tumour is.

    Parameters
    ----------
    mask : array
        Voxels of a segmentation, of any type.
    label : int or None
        The label of the tumour; None for everything that is not 0.
    """
    labels = np.round(mask) if mask.dtype.kind == "f" else mask
    return np.asarray(labels != 0 if label is None else labels == label)


def tumour_of(mask: sitk.Image, label: int | None) -> sitk.Image:
    """Return a segmentation as a mask of 1 in the tumour and 0 elsewhere, in the same place.

    Parameters
    ----------
    mask : SimpleITK.Image
    label : int or None
        The label of the tumour; None for everything that is not 0.
    """
    import SimpleITK as sitk

    tumour = tumour_voxels(sitk.GetArrayViewFromImage(mask), label)
    binary = sitk.GetImageFromArray(tumour.astype(np.uint8))
    binary.CopyInformation(mask)
    return binary


def tumour_file(segmentation: Path, label: int | None, folder: Path, stem: str) -> Path:
    """Return a file of the binary mask that WORC is to read.

    Parameters
    ----------
    segmentation : Path
        A segmentation without an error in the check.
    label : int or None
        The label of the tumour; None for everything that is not 0.
    folder : Path
        Where links and files may be made; it exists.
    stem : str
        Name of what is made there, without its ending.

    Returns
    -------
    Path
        The segmentation itself, under a name of its own, if it holds nothing but whole 0 and 1.

    Raises
    ------
    UnreadableImageError
        It cannot be read.
    OSError
        Nothing can be written into the folder.
    """
    import SimpleITK as sitk

    mask, _ = read_volume(segmentation, segmentation.name, "mask")
    if _is_binary(sitk.GetArrayViewFromImage(mask), label):
        return linked(segmentation, folder, stem)
    target = folder / f"{stem}.nii"
    sitk.WriteImage(tumour_of(mask, label), str(target))
    return target


def _is_binary(mask: _Voxels, label: int | None) -> bool:
    """Return whether a mask is 1 in the tumour and 0 elsewhere as it is."""
    whole = mask.dtype.kind in "iub"
    return whole and label in (None, 1) and int(mask.min()) >= 0 and int(mask.max()) <= 1
