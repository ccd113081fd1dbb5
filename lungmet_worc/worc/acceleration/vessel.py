"""Vessel features of PREDICT by matrix products, in the mask only where that is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage

from lungmet_worc.worc.acceleration.gabor import reflecting_matrix

#: skimage's defaults, which PREDICT leaves as they are.
BETA = 0.5
#: Hessians this small beside the grey values are rounding and nothing else.
FLAT = 1e-9


def get_vessel_features(
    image: np.ndarray, mask: np.ndarray, parameters: Mapping[str, Any] | None = None
) -> tuple[list[float], list[str]]:
    """Stand for ``PREDICT.imagefeatures.vessel_features.get_vessel_features``.

    PREDICT runs ``skimage.filters.frangi`` over whole slices: ten passes of Gaussian filters for
    each scale. Such a pass is a matrix, so that each part of the Hessian is two products. The
    strength of the structures is relative to the largest of the slice at the first scale, hence
    the first scale is computed everywhere; the others, and all that follows the Hessian, in the
    mask only. The edge of PREDICT is the whole tumour (errata E36): its features are copied.

    Parameters
    ----------
    image, mask : np.ndarray
        Rows x columns x slices; every slice has some of the mask.
    parameters : mapping, optional
        Has ``scale_range`` (voxels), ``scale_step`` (voxels) and ``radius`` (voxels).

    Returns
    -------
    tuple
        Values and names of the features.
    """
    import PREDICT.imagefeatures.histogram_features as hf

    parameters = parameters or {}
    limits = parameters.get("scale_range", [1, 10])
    scale_range = (limits[0], limits[1])
    scale_steps = parameters.get("scale_step", [2])
    mask = mask.astype(bool)
    inner = _eroded(mask, parameters.get("radius", 5))[mask]
    values: list[float] = []
    labels: list[str] = []
    # As PREDICT: one range of scales, hence one step, whatever number there is.
    for step in scale_steps[:1]:
        filtered = masked_frangi(image, mask, np.arange(scale_range[0], scale_range[1], step))
        full, names = hf.get_histogram_features(filtered)
        inside, _ = hf.get_histogram_features(filtered[inner] if inner.any() else [0])
        for region, features in (("full", full), ("edge", full), ("inner", inside)):
            values.extend(features)
            suffix = f"_SR{scale_range}_SS{step}"
            labels.extend(n.replace("hf_", f"vf_Frangi_{region}_") + suffix for n in names)
    return values, labels


def masked_frangi(image: np.ndarray, mask: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """Return ``skimage.filters.frangi`` of each slice, cut to bytes as PREDICT does, in the mask.

    The order of the voxels is that of the flattened volume.
    """
    from skimage.filters import frangi

    filtered = np.zeros(mask.shape)
    scales = [_Scale(float(sigma), mask.shape[:2]) for sigma in sigmas]
    for number in range(mask.shape[2]):
        tumour = mask[:, :, number]
        pixels = image[:, :, number].astype(np.uint8)
        values = _slice_frangi(pixels.astype(np.float64), tumour, scales)
        if values is None:
            values = frangi(pixels, sigmas=sigmas)[tumour]  # type: ignore[no-untyped-call]
        filtered[tumour, number] = values
    return filtered[mask]


class _Scale:
    """Gaussian derivatives of one scale as matrices: ``skimage.feature.hessian_matrix``."""

    def __init__(self, sigma: float, shape: tuple[int, ...]) -> None:
        (smooth, derive), (smooth_columns, derive_columns) = (
            _derivatives(sigma, length) for length in shape
        )
        # Two passes each, of which the second stands on the left. skimage derives by rows in the
        # first pass of the mixed part; near the border the order makes a difference.
        factors = [
            (derive @ derive, smooth_columns @ smooth_columns),
            (smooth @ derive, derive_columns @ smooth_columns),
            (smooth @ smooth, derive_columns @ derive_columns),
        ]
        self.factors = [(left, np.ascontiguousarray(right.T)) for left, right in factors]

    def hessian(self, pixels: np.ndarray, rows: slice, columns: slice) -> list[np.ndarray]:
        """Return the three parts of the Hessian in some rows and columns."""
        return [left[rows] @ (pixels @ right[:, columns]) for left, right in self.factors]


def _derivatives(sigma: float, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices of one pass without and with a derivative."""
    truncate = 8 if sigma > 1 else 100
    scaled = 1 / math.sqrt(2) * sigma
    radius = int(truncate * scaled + 0.5)
    x = np.arange(-radius, radius + 1)
    gaussian = np.exp(-0.5 / (scaled * scaled) * x**2)
    gaussian = gaussian / gaussian.sum()
    derivative = -x / (scaled * scaled) * gaussian
    return reflecting_matrix(gaussian, length), reflecting_matrix(derivative, length)


def _slice_frangi(
    pixels: np.ndarray, tumour: np.ndarray, scales: list[_Scale]
) -> np.ndarray | None:
    """Return the vessel filter in the mask of one slice, None for a slice without structure."""
    whole = slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
    box = ndimage.find_objects(tumour.astype(np.uint8))[0]
    inside = tumour[box]
    gamma = 0.0
    best = np.zeros(int(tumour.sum()))
    for scale in scales:
        if gamma:
            parts = [part[inside] for part in scale.hessian(pixels, *box)]
        else:
            wide = scale.hessian(pixels, *whole)
            # The norm of the Hessian is that of its eigenvalues.
            norm = wide[0] ** 2 + 2 * wide[1] ** 2 + wide[2] ** 2
            gamma = math.sqrt(norm.max()) / 2
            if gamma <= FLAT * pixels.max():
                return None
            parts = [part[tumour] for part in wide]
        best = np.maximum(best, _vesselness(parts, gamma))
    return best


def _vesselness(parts: list[np.ndarray], gamma: float) -> np.ndarray:
    """Return Frangi's measure of two-dimensional Hessians, with the formulas of skimage."""
    first, mixed, second = parts
    mean = (first + second) / 2
    root = np.sqrt(mixed**2 + ((first - second) / 2) ** 2)
    high, low = mean + root, mean - root
    # Where both are as large, skimage's sorting leaves the higher in front.
    swapped = np.abs(low) < np.abs(high)
    small, large = np.where(swapped, low, high), np.where(swapped, high, low)
    ratio = np.abs(small) / np.maximum(large, 1e-10)
    strength = np.sqrt(small**2 + large**2)
    blobness = np.exp(-(ratio**2) / (2 * BETA**2))
    return blobness * (1.0 - np.exp(-(strength**2) / (2 * gamma**2)))


def _eroded(mask: np.ndarray, radius: int) -> np.ndarray:
    """Return the mask without what is within a radius (voxels) of its edge, slice by slice.

    ``morphology.binary_erosion`` with a disk: outside the slice counts as inside the mask.
    """
    eroded = np.zeros_like(mask)
    for number in range(mask.shape[2]):
        tumour = mask[:, :, number]
        if tumour.all():
            eroded[:, :, number] = True
        elif tumour.any():
            box = tuple(
                slice(max(0, side.start - radius), side.stop + radius)
                for side in ndimage.find_objects(tumour.astype(np.uint8))[0]
            )
            # Within the margin nothing is of the mask, so the border of the box is far enough.
            distance = ndimage.distance_transform_edt(tumour[box])
            eroded[(*box, number)] = distance > radius
    return eroded
