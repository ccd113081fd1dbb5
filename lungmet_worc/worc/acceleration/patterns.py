"""Local binary patterns, contours and the histogram features of PREDICT."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

#: PREDICT's defaults, where a configuration has none.
RADII = (3, 8, 15)
N_POINTS = (12, 24, 36)

LABELS = [
    "hf_min",
    "hf_max",
    "hf_mean",
    "hf_median",
    "hf_std",
    "hf_skewness",
    "hf_kurtosis",
    "hf_peak",
    "hf_peak_position",
    "hf_range",
    "hf_energy",
    "hf_quartile_range",
    "hf_entropy",
]


def get_LBP_features(  # noqa: N802  (PREDICT's name)
    image: np.ndarray, mask: np.ndarray, parameters: Mapping[str, Any] | None = None
) -> tuple[list[float], list[str]]:
    """Stand for ``PREDICT.imagefeatures.texture_features.get_LBP_features``.

    PREDICT runs ``skimage.feature.local_binary_pattern`` over whole slices and keeps the voxels
    of the mask. Here only the mask's bounding box in each slice is computed, all its voxels at
    once. Weights come from a voxel's place in the slice, as in skimage, so that every value is
    the same to the last bit.

    Parameters
    ----------
    image, mask : np.ndarray
        Rows x columns x slices.
    parameters : mapping, optional
        Has ``radius`` (voxels) and ``N_points``, one for each radius.

    Returns
    -------
    tuple
        Values and names of the features.
    """
    parameters = parameters or {}
    mask = mask.astype(bool)
    pairs = zip(parameters.get("radius", RADII), parameters.get("N_points", N_POINTS), strict=False)
    return named_histograms(
        (patterns if patterns.size else [0], "tf_LBP_", f"_R{radius}_P{n_points}")
        for radius, n_points in pairs
        for patterns in [masked_patterns(image, mask, radius, n_points)]
    )


def named_histograms(parts: Iterable[tuple[Any, str, str]]) -> tuple[list[float], list[str]]:
    """Return the features of several histograms one behind the other, and their names.

    Parameters
    ----------
    parts : iterable of (array, str, str)
        The voxels, what stands in a name in place of PREDICT's "hf_", and what stands behind it.
    """
    import PREDICT.imagefeatures.histogram_features as hf

    values: list[float] = []
    labels: list[str] = []
    for voxels, group, end in parts:
        features, names = hf.get_histogram_features(voxels)
        values.extend(features)
        labels.extend(name.replace("hf_", group) + end for name in names)
    return values, labels


def masked_patterns(image: np.ndarray, mask: np.ndarray, radius: int, n_points: int) -> np.ndarray:
    """Return the uniform local binary patterns in the mask, in order of the flattened volume."""
    patterns = np.zeros(mask.shape)
    for number in range(mask.shape[2]):
        tumour = mask[:, :, number]
        rows, columns = np.flatnonzero(tumour.any(1)), np.flatnonzero(tumour.any(0))
        if not rows.size:
            continue
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        pixels = np.ascontiguousarray(image[:, :, number], dtype=np.float64)
        patterns[(*box, number)] = _box_patterns(pixels, box, radius, n_points)
    return patterns[mask]


def _box_patterns(
    pixels: np.ndarray, box: tuple[slice, slice], radius: int, n_points: int
) -> np.ndarray:
    """Return the patterns in a box of one slice; outside the slice all is 0."""
    margin = math.ceil(radius) + 1
    padded = np.pad(pixels, margin)
    angles = 2 * np.pi * np.arange(n_points, dtype=np.float64) / n_points
    # skimage rounds to five digits.
    row_offsets = np.round(-radius * np.sin(angles), 5)
    column_offsets = np.round(radius * np.cos(angles), 5)
    lines = [np.arange(side.start, side.stop, dtype=np.float64) for side in box]
    height, width = (line.size for line in lines)
    brighter = np.empty((n_points, height, width), dtype=bool)
    centre = pixels[box]
    for point, (row, column) in enumerate(zip(row_offsets, column_offsets, strict=True)):
        top, below = _neighbours(lines[0], row)
        left, beside = _neighbours(lines[1], column)
        first_row = box[0].start + top + margin
        first_column = box[1].start + left + margin
        window = padded[first_row : first_row + height + 1, first_column : first_column + width + 1]
        across = window[:, :-1] if beside is None else _mix(window.T, beside[:, None]).T
        values = across[:-1] if below is None else _mix(across, below[:, None])
        np.greater_equal(values, centre, out=brighter[point])
    changes = np.count_nonzero(brighter[1:] != brighter[:-1], axis=0)
    return np.where(changes <= 2, np.count_nonzero(brighter, axis=0), n_points + 1)


def _neighbours(line: np.ndarray, offset: float) -> tuple[int, np.ndarray | None]:
    """Return where the lower neighbour lies, and the weight of the upper one if there is one."""
    places = line + offset
    lower = math.floor(offset)
    if lower == offset:
        return lower, None
    return lower, places - np.floor(places)


def _mix(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Interpolate between neighbouring lines."""
    return (1 - weights) * values[:-1] + weights * values[1:]


def get_histogram_features(data: Any, N_bins: int = 50) -> tuple[list[Any], list[str]]:
    """Stand for ``PREDICT.imagefeatures.histogram_features.get_histogram_features``.

    PREDICT lists the lower edge of a voxel's bin for every voxel and computes its features from
    that list. At most 50 values are in it: the features follow from the counts, the same sums
    in another order. Where next to nothing is in them but rounding, PREDICT computes.

    Parameters
    ----------
    data : array_like
        Values of the voxels.
    N_bins : int
        Number of bins.

    Returns
    -------
    tuple
        Values and names of the features.
    """
    data = np.asarray(data)
    histogram, edges = np.histogram(data, N_bins)
    # In single precision the order of a sum matters more.
    if edges.dtype != np.float64:
        return _original(data, N_bins)
    filled = histogram != 0
    bins, counts = edges[:-1][filled], histogram[filled]
    total = int(counts.sum())
    mean = float(bins @ counts) / total if total else 0.0
    centred = bins - mean
    variance = float(counts @ centred**2) / total if total else 0.0
    scale = float(np.abs(bins).max(initial=0))
    if not variance > (1e-9 * scale) ** 2 or abs(mean) <= 1e-12 * scale:
        return _original(data, N_bins)
    lowest, highest, third, first = np.percentile(data, [2, 98, 75, 25])
    peak = int(np.argmax(histogram))
    values = [
        lowest,
        highest,
        mean,
        _median(bins, counts, total),
        math.sqrt(variance),
        float(counts @ centred**3) / total / variance**1.5,
        float(counts @ centred**4) / total / variance**2 - 3,
        edges[peak],
        peak,
        highest - lowest,
        float(counts @ (bins + bins[0]) ** 2),
        third - first,
        _entropy(bins, counts),
    ]
    return values, list(LABELS)


def _original(data: np.ndarray, n_bins: int) -> tuple[list[Any], list[str]]:
    """Call the functions that PREDICT's own consists of, which are never replaced."""
    import PREDICT.imagefeatures.histogram_features as hf

    histogram, edges = hf.create_histogram(data, n_bins)
    listed = np.repeat(edges[:-1], histogram)
    values = [
        hf.get_min(data),
        hf.get_max(data),
        hf.get_mean(listed),
        hf.get_median(listed),
        hf.get_std(listed),
        hf.get_skewness(listed),
        hf.get_kurtosis(listed),
        hf.get_peak(histogram, edges),
        hf.get_peak_position(histogram),
        hf.get_range(data),
        hf.get_energy(listed),
        hf.get_quartile_range(data),
        hf.get_entropy(listed),
    ]
    return values, list(LABELS)


def _median(bins: np.ndarray, counts: np.ndarray, total: int) -> float:
    reached = np.cumsum(counts)
    middle = [
        bins[np.searchsorted(reached, place, side="right")]
        for place in ((total - 1) // 2, total // 2)
    ]
    return float(middle[0] + middle[1]) / 2


def _entropy(bins: np.ndarray, counts: np.ndarray) -> float:
    """Return PREDICT's entropy: of the values, as if they were probabilities."""
    shifted = bins - min(bins[0], 0.0) + np.spacing(1)
    shares = shifted / float(counts @ shifted)
    return -1.0 * float(counts @ (shares * np.log2(shares)))


def _keep_left(hull: list[list[float]], r: list[float]) -> list[list[float]]:
    """Stand for ``PREDICT.helpers.contour_functions._keep_left``: one step of Graham's scan.

    The same arithmetic without two function calls for each comparison.
    """
    while len(hull) > 1:
        p, q = hull[-2], hull[-1]
        if (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1]) > 0:
            break
        hull.pop()
    if not hull or hull[-1] != r:
        hull.append(r)
    return hull


def get_contour_boundary_points(contour: Any) -> np.ndarray:
    """Stand for ``PREDICT.helpers.contour_functions.get_contour_boundary_points``.

    PREDICT asks SimpleITK for the place of each voxel of a contour, and does so twice for each
    contour. PREDICT's contours have a spacing of 1 and their origin at 0, so that the place of a
    voxel is its index; the last contour is kept.

    Parameters
    ----------
    contour : SimpleITK.Image
        Two-dimensional, with the tumour above 0.

    Returns
    -------
    np.ndarray
        The places in order of their angle, the first of them also as the last: n x 2.
    """
    import PREDICT.helpers.contour_functions as cf
    import PREDICT.helpers.sitk_helper as sitkh

    last = _last_contour.get("image")
    if last is not contour:
        # The places of contours in three dimensions are an error in PREDICT too.
        contour.TransformContinuousIndexToPhysicalPoint([0.0, 0.0])
        boundary = sitkh.GetArrayFromImage(cf.get_contour_boundary(contour))
        points = np.stack(np.nonzero(boundary), axis=1).astype(np.double)
        # A mask without a contour, as one that fills its slice, is an error in PREDICT.
        points = cf.sort_points(points if points.size else np.zeros(0))
        _last_contour.update(image=contour, points=np.append(points, points[0:1], 0))
    return _last_contour["points"].copy()


#: The last contour and its points.
_last_contour: dict[str, Any] = {}


def compute_covariance_matrix(points: np.ndarray) -> np.ndarray:
    """Stand for ``PREDICT.imagefeatures.shape_features.compute_covariance_matrix``.

    The same products and the same sum, of whole arrays.
    """
    import PREDICT.imagefeatures.shape_features as sf

    distances = sf.compute_dist_to_center(points)
    products = distances[:, :, None] * distances[:, None, :]
    return 1.0 * np.sum(products, 0) / points.shape[0]
