"""Laplacian-of-Gaussian features of PREDICT, many slices at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lungmet_worc.worc.acceleration.patterns import named_histograms

#: Fewer voxels than this in any direction, and PREDICT leaves all responses at 0.
SHORTEST = 4
#: Slices filtered at once, so that memory does not grow with the volume.
BLOCK = 16


def get_log_features(
    image: np.ndarray, mask: np.ndarray, parameters: Mapping[str, Any] | None = None
) -> tuple[list[float], list[str]]:
    """Stand for ``PREDICT.imagefeatures.log_features.get_log_features``.

    PREDICT runs ``SimpleITK.LaplacianRecursiveGaussianImageFilter`` slice by slice. That filter
    is made of recursive filters along one direction each, here run along rows and columns of
    many slices at once, in the same single precision: equal to the last bit. Slices of which no
    voxel is read are left out.

    PREDICT's filtered volume has the slices first, its mask has them last, and both are
    flattened: the voxels that it reads are not those of the tumour. So they are here.

    Parameters
    ----------
    image, mask : np.ndarray
        Rows x columns x slices.
    parameters : mapping, optional
        Has ``sigma`` (voxels).

    Returns
    -------
    tuple
        Values and names of the features.
    """
    rows, columns, slices = image.shape
    # The mask as PREDICT's order of axes reads it.
    read = mask.astype(bool).reshape(slices, rows, columns)
    return named_histograms(
        (_responses(image, read, sigma), "logf_", f"_sigma{sigma}")
        for sigma in (parameters or {}).get("sigma", [1, 5, 10])
    )


def _responses(image: np.ndarray, read: np.ndarray, sigma: float) -> np.ndarray:
    """Return the responses in the voxels that are read, in their order."""
    if min(image.shape) < SHORTEST:
        return np.zeros(int(read.sum()))
    used = np.flatnonzero(read.any((1, 2)))
    parts = [np.zeros(0)]
    for start in range(0, used.size, BLOCK):
        block = used[start : start + BLOCK]
        parts.append(_laplacian(image, block, sigma)[read[block]].astype(np.float64))
    return np.concatenate(parts)


def _laplacian(image: np.ndarray, slices: Sequence[int] | np.ndarray, sigma: float) -> np.ndarray:
    """Return slices x rows x columns of the Laplacian of Gaussian in single precision."""
    import SimpleITK as sitk

    stack = sitk.GetImageFromArray(np.ascontiguousarray(np.moveaxis(image[:, :, slices], 2, 0)))

    def filtered(volume: Any, direction: int, order: int) -> Any:
        gaussian = sitk.RecursiveGaussianImageFilter()
        gaussian.SetSigma(sigma)
        gaussian.SetDirection(direction)
        gaussian.SetOrder(order)
        gaussian.SetNormalizeAcrossScale(True)
        return gaussian.Execute(volume)

    parts = [filtered(filtered(stack, axis, 2), 1 - axis, 0) for axis in (0, 1)]
    return sitk.GetArrayFromImage(parts[0]) + sitk.GetArrayFromImage(parts[1])
