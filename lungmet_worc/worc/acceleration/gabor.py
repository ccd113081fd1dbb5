"""Gabor features of PREDICT by matrix products instead of two-dimensional correlations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lungmet_worc.worc.acceleration.patterns import named_histograms

#: PREDICT's defaults, where a configuration has none.
FREQUENCIES = (0.05, 0.2, 0.5)
ANGLES = (0, 45, 90, 135)

#: A response this near to a whole number, relative to the largest it could be, is computed as
#: PREDICT does if it is cut to whole numbers: the order of a sum may decide.
NEAR_WHOLE = 1e-12
#: Responses as flat as this are rounding and nothing else, which only the same sums reproduce.
FLAT = 1e-9


@dataclass(frozen=True)
class Kernel:
    """The real part of one Gabor kernel, as products of a function of rows and one of columns.

    The Gaussian is as wide in all directions, hence the kernel is
    ``G(y) G(x) cos(v y + u x) = [G cos](y) [G cos](x) - [G sin](y) [G sin](x)``.
    """

    frequency: float
    angle: float
    sigma: float
    row_radius: int
    column_radius: int
    row_wave: float
    column_wave: float

    def terms(self) -> list[tuple[Profile, Profile, float]]:
        """Return the products: the function of rows, that of columns, and their sign."""
        row, column = (
            (self.sigma, self.row_radius, _wave(self.row_wave, self.row_radius)),
            (self.sigma, self.column_radius, _wave(self.column_wave, self.column_radius)),
        )
        terms = [((*row, False), (*column, False), 1.0)]
        if row[2] and column[2]:
            terms.append(((*row, True), (*column, True), -1.0))
        return [
            (_unsigned(row), _unsigned(column), sign * _sign(row) * _sign(column))
            for row, column, sign in terms
        ]


#: Width of the Gaussian, radius, angular frequency (radians per voxel), sine instead of cosine.
Profile = tuple[float, int, float, bool]


def gabor_filter_parallel(
    image: np.ndarray,
    mask: np.ndarray,
    parameters: Mapping[str, Any] | None = None,
    n_jobs: int | None = 1,
    backend: str | None = "threading",
) -> tuple[list[float], list[str]]:
    """Stand for ``PREDICT.imagefeatures.texture_features.gabor_filter_parallel``.

    PREDICT correlates every slice with two kernels of up to 69 x 69 values for each frequency
    and angle, and keeps the voxels of the mask. The imaginary part is never used, and is not
    computed. The real part is a sum of at most two products of a function of rows and one of
    columns (see `Kernel`), so that a slice is filtered by matrix products, and only around the
    mask; reflection at the border of the slice is folded into the matrices. These are the same
    sums in another order: equal to 1e-14 of the largest value. Whole numbers, to which PREDICT
    cuts what it computes from images of whole numbers (errata E37), are the same numbers; a
    slice in which one is too near to call is filtered by PREDICT.

    Parameters
    ----------
    image, mask : np.ndarray
        Rows x columns x slices; the mask is boolean, and every slice has some of it.
    parameters : mapping, optional
        Has ``gabor_frequencies`` (per voxel) and ``gabor_angles`` (radians).
    n_jobs, backend
        Taken for PREDICT's sake; there is nothing left to share among threads.

    Returns
    -------
    tuple
        Values and names of the features.
    """
    parameters = parameters or {}
    pairs = itertools.product(
        parameters.get("gabor_frequencies", FREQUENCIES), parameters.get("gabor_angles", ANGLES)
    )
    kernels = [_kernel(frequency, angle) for frequency, angle in pairs]
    responses = masked_responses(image, mask, kernels)
    return named_histograms(
        (response, "tf_Gabor_", f"_F{kernel.frequency}_A{round(kernel.angle, 2)}")
        for kernel, response in zip(kernels, responses, strict=True)
    )


def masked_responses(
    image: np.ndarray, mask: np.ndarray, kernels: Sequence[Kernel]
) -> list[np.ndarray]:
    """Filter all slices with all kernels.

    Returns
    -------
    list of np.ndarray
        For each kernel the responses in the mask, slice by slice, of the type of the image.
    """
    pairs = [(kernel.frequency, kernel.angle) for kernel in kernels]
    reach = max(max(kernel.row_radius, kernel.column_radius) for kernel in kernels)
    # Other types are cut in ways of their own; a matrix product would spread what is not a number
    # over the whole slice; and scipy reads beside a slice that a kernel reflects many times.
    if (
        image.dtype not in (np.float64, np.float32, np.int16, np.int32)
        or mask.dtype != bool
        or reach >= 2 * min(image.shape[:2])
        or not np.isfinite(image).all()
    ):
        return [_plain(image, mask, pair) for pair in pairs]
    filters = _Filters(image.shape[:2])
    largest = max(abs(float(image.min())), abs(float(image.max())))
    whole = np.issubdtype(image.dtype, np.integer)
    columns: list[list[np.ndarray]] = [[] for _ in kernels]
    for number in range(image.shape[2]):
        pixels, tumour = image[:, :, number], mask[:, :, number]
        responses = filters.apply(pixels, tumour, kernels)
        for column, response, pair in zip(columns, responses, pairs, strict=True):
            if whole and _near_edge(response, largest):
                one = slice(number, number + 1)
                column.append(_plain(image[:, :, one], mask[:, :, one], pair))
            else:
                column.append(response.astype(image.dtype))
    found = [np.concatenate(column) for column in columns]
    return [
        _plain(image, mask, pair) if not whole and np.ptp(response) <= FLAT * largest else response
        for response, pair in zip(found, pairs, strict=True)
    ]


def _plain(image: np.ndarray, mask: np.ndarray, pair: tuple[float, float]) -> np.ndarray:
    """Return the responses of one kernel as PREDICT computes them."""
    from PREDICT.imagefeatures.texture_features import gabor_filter

    return np.concatenate(
        [gabor_filter(image[:, :, n], mask[:, :, n], pair) for n in range(image.shape[2])]
    )


class _Filters:
    """Filters of slices of one shape; the matrices are made once."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = shape
        self.matrices: dict[tuple[int, Profile], np.ndarray] = {}

    def apply(
        self, pixels: np.ndarray, tumour: np.ndarray, kernels: Sequence[Kernel]
    ) -> list[np.ndarray]:
        """Return the responses of all kernels in the mask of one slice."""
        rows, columns = _extent(tumour.any(1)), _extent(tumour.any(0))
        inside = tumour[rows, columns]
        pixels = np.ascontiguousarray(pixels, dtype=np.float64)
        # Columns first, shared by all kernels that need the same.
        filtered: dict[Profile, np.ndarray] = {}
        responses = []
        for kernel in kernels:
            response: np.ndarray | float = 0.0
            for row, column, sign in kernel.terms():
                support = self._support(rows, row[1], 0)
                if column not in filtered:
                    across = self._support(columns, column[1], 1)
                    matrix = self._matrix(1, column)[columns, across]
                    filtered[column] = pixels[:, across] @ matrix.T
                product = self._matrix(0, row)[rows, support] @ filtered[column][support]
                response = response + sign * product
            responses.append(np.asarray(response)[inside])
        return responses

    def _support(self, extent: slice, radius: int, axis: int) -> slice:
        """Return what lies within a radius of an extent; all of it if that is reflected twice."""
        length = self.shape[axis]
        if radius > length:
            return slice(0, length)
        return slice(max(0, extent.start - radius), min(length, extent.stop + radius))

    def _matrix(self, axis: int, profile: Profile) -> np.ndarray:
        key = (self.shape[axis], profile)
        if key not in self.matrices:
            self.matrices[key] = reflecting_matrix(_weights(profile), self.shape[axis])
        return self.matrices[key]


def reflecting_matrix(weights: np.ndarray, length: int) -> np.ndarray:
    """Return the matrix that convolves a line as ``scipy.ndimage`` does in its mode "reflect".

    Parameters
    ----------
    weights : np.ndarray
        Kernel of an odd number of weights.
    length : int
        Number of voxels of the line.
    """
    radius = weights.size // 2
    matrix = np.zeros((length, length))
    lines = np.arange(length)
    for offset, weight in zip(range(-radius, radius + 1), weights, strict=True):
        source = np.mod(lines - offset, 2 * length)
        source = np.where(source < length, source, 2 * length - 1 - source)
        matrix[lines, source] += weight
    return matrix


def _kernel(frequency: float, angle: float) -> Kernel:
    """Return the kernel that ``skimage.filters.gabor`` makes, with its own defaults."""
    sigma = math.sqrt(math.log(2) / 2.0) / np.pi * 3.0 / frequency
    cosine, sine = math.cos(angle), math.sin(angle)
    # skimage computes radii of x and y apart; they are the same where sigma is the same.
    radius = math.ceil(max(abs(3 * sigma * cosine), abs(3 * sigma * sine), 1))
    wave = 2 * np.pi * frequency
    return Kernel(frequency, angle, sigma, radius, radius, wave * sine, wave * cosine)


def _wave(wave: float, radius: int) -> float:
    """Return an angular frequency, 0 where it is so up to the rounding of an angle of 90 degrees.

    Rounded, so that angles of 45 and 135 degrees share their work.
    """
    return 0.0 if abs(wave * radius) < 1e-12 else round(wave, 15)


def _unsigned(profile: Profile) -> Profile:
    sigma, radius, wave, sine = profile
    return sigma, radius, abs(wave), sine


def _sign(profile: Profile) -> float:
    _, _, wave, sine = profile
    return -1.0 if sine and wave < 0 else 1.0


def _weights(profile: Profile) -> np.ndarray:
    sigma, radius, wave, sine = profile
    x = np.arange(-radius, radius + 1)
    gaussian = np.exp(-0.5 * x**2 / sigma**2) / (math.sqrt(2 * np.pi) * sigma)
    return gaussian * (np.sin(wave * x) if sine else np.cos(wave * x))


def _extent(lines: np.ndarray) -> slice:
    """Return the range of the lines that have something of the mask."""
    found = np.flatnonzero(lines)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)


def _near_edge(response: np.ndarray, largest: float) -> bool:
    """Return whether rounding could decide to which whole number a value is cut.

    Not near 0, which is cut to 0 from both sides.
    """
    nearest = np.round(response)
    near = np.abs(response - nearest) <= NEAR_WHOLE * max(largest, 1.0)
    return bool(np.any(near & (nearest != 0)))
