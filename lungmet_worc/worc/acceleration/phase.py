"""Phase features of PREDICT with filters made once, and shared, real Fourier transforms."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import fft

from lungmet_worc.worc.acceleration.patterns import named_histograms

#: What PREDICT hands to phasepack, and phasepack's own constants.
MULTIPLE = 2.1
SIGMA_ON_F = 0.55
NOISE_FACTOR = 2.0
CUT_OFF = 0.5
GAIN = 10.0
DEVIATION_GAIN = 1.5
EPSILON = 1e-4
#: Low-pass filters: cut-off (cycles per voxel) and sharpness.
CONGRUENCY_LOW_PASS = (0.45, 15)
SYMMETRY_LOW_PASS = (0.4, 10)
#: Slices this flat are rounding after a transform, which only the same transform reproduces.
FLAT = 1e-9


def get_phase_features(
    image: np.ndarray, mask: np.ndarray, parameters: Mapping[str, Any] | None = None
) -> tuple[list[float], list[str]]:
    """Stand for ``PREDICT.imagefeatures.phase_features.get_phase_features``.

    PREDICT runs two functions of phasepack over each slice, which make their filters anew and
    transform the same slice with complex Fourier transforms. Here filters are made once for each
    shape of slices; the transform of a slice is shared; transforms are of real numbers, with the
    part of each filter that reaches the real result; and only the noise level, a median over the
    slice, needs more than the mask's voxels. The orientation is in whole degrees.

    Parameters
    ----------
    image, mask : np.ndarray
        Rows x columns x slices.
    parameters : mapping, optional
        Has ``minwavelength`` (voxels) and ``nscale``, one for each wavelength.

    Returns
    -------
    tuple
        Values and names of the features.
    """
    parameters = parameters or {}
    mask = mask.astype(bool)
    wavelengths, scales = parameters.get("minwavelength", [3]), parameters.get("nscale", [5])
    return named_histograms(
        (np.where(np.isnan(voxels), 0, voxels), f"phasef_{name}_", f"_WL{wavelength}_N{n_scales}")
        for wavelength, n_scales in zip(wavelengths, scales, strict=False)
        for name, voxels in zip(
            ("monogenic", "phasecong", "phasesym"),
            masked_phase(image, mask, wavelength, n_scales),
            strict=True,
        )
    )


def masked_phase(
    image: np.ndarray, mask: np.ndarray, wavelength: float, n_scales: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return orientation (degrees), congruency and symmetry in the mask, in the volume's order."""
    volumes = np.zeros((3, *mask.shape))
    for number in range(mask.shape[2]):
        tumour = mask[:, :, number]
        pixels = np.ascontiguousarray(image[:, :, number], dtype=np.float64)
        if image.dtype == np.float32 or not np.ptp(pixels) > FLAT * np.abs(pixels).max():
            values = _plain(image[:, :, number], tumour, wavelength, n_scales)
        else:
            values = _slice_phase(pixels, tumour, wavelength, n_scales)
        for volume, part in zip(volumes, values, strict=True):
            volume[tumour, number] = part
    orientation, congruency, symmetry = (volume[mask] for volume in volumes)
    return orientation, congruency, symmetry


def _plain(
    pixels: np.ndarray, tumour: np.ndarray, wavelength: float, n_scales: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import phasepack  # type: ignore[import-untyped]

    shared = {
        "nscale": n_scales,
        "minWaveLength": wavelength,
        "mult": MULTIPLE,
        "sigmaOnf": SIGMA_ON_F,
        "k": NOISE_FACTOR,
        "noiseMethod": -1,
    }
    congruency, orientation, _, _ = phasepack.phasecongmono(
        pixels, cutOff=CUT_OFF, g=GAIN, deviationGain=DEVIATION_GAIN, **shared
    )
    symmetry, _, _ = phasepack.phasesymmono(pixels, **shared)
    return orientation[tumour], congruency[tumour], symmetry[tumour]


def _slice_phase(
    pixels: np.ndarray, tumour: np.ndarray, wavelength: float, n_scales: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return orientation, congruency and symmetry in the mask of one slice."""
    key = (pixels.shape, wavelength, n_scales)
    transformed = fft.rfft2(pixels)
    periodic = transformed - _smooth_part(pixels)
    orientation, congruency = _congruency(periodic, tumour, _filters(*key, CONGRUENCY_LOW_PASS))
    symmetry = _symmetry(transformed, tumour, _filters(*key, SYMMETRY_LOW_PASS))
    return orientation, congruency, symmetry


def _congruency(
    transformed: np.ndarray, tumour: np.ndarray, filters: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what ``phasepack.phasecongmono`` does: orientation and phase congruency."""
    n_scales = len(filters)
    sums = np.zeros((3, int(tumour.sum())))
    total = np.zeros(sums.shape[1])
    largest = np.zeros(sums.shape[1])
    noise = 0.0
    for number, bank in enumerate(filters):
        bands, level = _bands(transformed * bank, tumour, n_scales if number == 0 else 0)
        noise = noise or level
        amplitude = np.sqrt((bands**2).sum(0))
        sums += bands
        total += amplitude
        largest = np.maximum(largest, amplitude)
    width = (total / (largest + EPSILON) - 1.0) / (n_scales - 1)
    weight = 1.0 / (1.0 + np.exp(GAIN * (CUT_OFF - width)))
    even, odd_columns, odd_rows = sums
    angle = np.arctan(-odd_rows / odd_columns)
    orientation = np.fix((angle % np.pi) / np.pi * 180.0)
    energy = np.sqrt(even * even + odd_columns * odd_columns + odd_rows * odd_rows)
    deviation = 1.0 - DEVIATION_GAIN * np.arccos(energy / (total + EPSILON))
    above_noise = np.maximum(energy - noise, 0)
    return orientation, weight * np.maximum(deviation, 0) * above_noise / (energy + EPSILON)


def _symmetry(transformed: np.ndarray, tumour: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Return what ``phasepack.phasesymmono`` does: phase symmetry."""
    total = np.zeros(int(tumour.sum()))
    energy = np.zeros(total.size)
    noise = 0.0
    for number, bank in enumerate(filters):
        bands, level = _bands(transformed * bank, tumour, len(filters) if number == 0 else 0)
        noise = noise or level
        even, odd_columns, odd_rows = bands
        odd = odd_columns * odd_columns + odd_rows * odd_rows
        total += np.sqrt(even * even + odd)
        energy += np.abs(even) - np.sqrt(odd)
    return np.maximum(energy - noise, 0) / (total + EPSILON)


def _bands(transformed: np.ndarray, tumour: np.ndarray, n_scales: int) -> tuple[np.ndarray, float]:
    """Return filtered slices in the mask, and the noise level if a number of scales is given."""
    columns = fft.ifft(transformed, axis=-2)
    if n_scales:
        bands = fft.irfft(columns, tumour.shape[1])
        return bands[:, tumour], _noise_level(np.sqrt((bands**2).sum(0)), n_scales)
    # The other rows are not read.
    used = tumour.any(1)
    return fft.irfft(columns[:, used], tumour.shape[1])[:, tumour[used]], 0.0


def _noise_level(amplitude: np.ndarray, n_scales: int) -> float:
    """Return the threshold of noise, from the amplitudes at the smallest scale."""
    tau = float(np.median(amplitude)) / math.sqrt(math.log(4))
    tau *= (1.0 - (1.0 / MULTIPLE) ** n_scales) / (1.0 - 1.0 / MULTIPLE)
    mean = tau * math.sqrt(math.pi / 2.0)
    return max(mean + NOISE_FACTOR * tau * math.sqrt((4 - math.pi) / 2.0), EPSILON)


def _smooth_part(pixels: np.ndarray) -> np.ndarray:
    """Return the transform of the smooth part of a slice: ``phasepack.tools.perfft2``.

    It depends on the differences between opposite borders only, hence on two transforms of one
    line each.
    """
    rows, columns = pixels.shape
    half = columns // 2 + 1
    row_angle = 2 * np.pi * np.arange(rows)[:, None] / rows
    column_angle = 2 * np.pi * np.arange(half) / columns
    across = fft.rfft(pixels[0] - pixels[-1]) * (1 - np.exp(1j * row_angle))
    down = fft.fft(pixels[:, 0] - pixels[:, -1])[:, None] * (1 - np.exp(1j * column_angle))
    divisor = 2.0 * (2.0 - np.cos(column_angle) - np.cos(row_angle))
    divisor[0, 0] = 1.0
    smooth = (across + down) / divisor
    smooth[0, 0] = 0
    return smooth


@functools.lru_cache(maxsize=8)
def _filters(
    shape: tuple[int, int], wavelength: float, n_scales: int, low_pass: tuple[float, int]
) -> np.ndarray:
    """Return filters of a shape of slices: scales x (even, odd by columns, odd by rows) x half.

    phasepack takes the real parts of ``ifft2(X L)`` and of ``ifft2(X L H)``, and the imaginary
    part of the latter, where X is the transform of a real slice. A real part has the part of the
    filter that is its own mirrored conjugate, an imaginary part the other part divided by i.
    """
    from phasepack.filtergrid import filtergrid  # type: ignore[import-untyped]
    from phasepack.tools import lowpassfilter  # type: ignore[import-untyped]

    radius, across, down = filtergrid(*shape)
    radius[0, 0] = 1.0
    monogenic = (1j * across - down) / radius
    limit = lowpassfilter(shape, *low_pass)
    half = shape[1] // 2 + 1
    banks = []
    for scale in range(n_scales):
        centre = 1.0 / (wavelength * MULTIPLE**scale)
        band = np.exp(-(np.log(radius / centre) ** 2) / (2.0 * np.log(SIGMA_ON_F) ** 2)) * limit
        band[0, 0] = 0.0
        odd = band * monogenic
        parts = (_mirrored(band, 1), _mirrored(odd, 1), _mirrored(odd, -1) / 1j)
        banks.append([part[:, :half] for part in parts])
    return np.asarray(banks)


def _mirrored(values: np.ndarray, sign: int) -> np.ndarray:
    """Return the part of a filter that is its mirrored conjugate, or minus that."""
    mirrored = np.roll(np.flip(values, (0, 1)), (1, 1), (0, 1))
    return (values + sign * np.conj(mirrored)) / 2
