"""Voxel sizes that stand out among the patients of a cohort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging.inspection import InspectedScan

#: Patients of a modality below which nobody stands out.
_FEWEST = 5
#: How many times larger than the next a voxel has to be to stand apart.
_APART = 1.5
#: What share of the patients may stand apart; more of them are how the cohort was scanned.
_SHARE = 0.1
#: The voxel size that programs write when they know none (mm).
_UNKNOWN = (1.0, 1.0, 1.0)


def spacing_problems(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    """Warn of images whose voxels are unlike those of the other patients in that modality.

    Two rules: a size that is lost (1 x 1 x 1 mm, where half of the others have another), and a
    size in plane or between slices that stands apart from all others, of a few patients only.

    Parameters
    ----------
    scans : sequence of InspectedScan
        Of the whole study.
    """
    for modality in dict.fromkeys(scan.modality for scan in scans):
        known = [each for each in scans if each.modality == modality and _is_sound(each)]
        if len(known) >= _FEWEST:
            yield from _of_modality(known)


def _is_sound(scan: InspectedScan) -> bool:
    """Return whether a scan could be read, and nobody has to mend it first."""
    found = scan.inspection
    return bool(found.spacing) and all(problem.severity != "error" for problem in found.problems)


def _of_modality(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    spacings = [scan.inspection.spacing for scan in scans]
    lost = _lost(spacings)
    apart = _apart([max(spacing[:2]) for spacing in spacings])
    apart |= _apart([spacing[2] for spacing in spacings])
    for number in sorted(lost | apart):
        others = [spacings[n] for n in range(len(scans)) if n not in lost | apart]
        yield _problem(scans[number], others, lost=number in lost)


def _lost(spacings: Sequence[tuple[float, ...]]) -> set[int]:
    """Return who has voxels of 1 x 1 x 1 mm in a cohort whose voxels are others."""
    found = {n for n, spacing in enumerate(spacings) if np.allclose(spacing, _UNKNOWN, atol=1e-6)}
    others = [spacing for n, spacing in enumerate(spacings) if n not in found]
    if len(others) < len(found):
        return set()
    typical = [median(lengths) for lengths in zip(*others, strict=True)]
    unlike = any(max(length, 1 / length) >= _APART for length in typical)
    return found if unlike else set()


def _apart(lengths: Sequence[float]) -> set[int]:
    """Return the few at either end whom a gap separates from all the others."""
    order = np.argsort(lengths)
    ordered = np.asarray(lengths)[order]
    most = max(1, int(_SHARE * len(lengths)))
    gaps = ordered[1:] >= _APART * ordered[:-1]
    found: set[int] = set()
    for n in range(most):
        if gaps[n]:
            found.update(order[: n + 1].tolist())
        if gaps[-1 - n]:
            found.update(order[len(order) - 1 - n :].tolist())
    return found


def _problem(each: InspectedScan, others: Sequence[tuple[float, ...]], *, lost: bool) -> Problem:
    size = " x ".join(f"{length:.4g}" for length in each.inspection.spacing)
    what = Sentence(
        "The voxels are {size} mm; the {modality} of the other {n} patients has {plane} mm in "
        "plane and {slices} mm between slices.",
        size=size,
        n=len(others),
        modality=each.modality,
        plane=_range([max(spacing[:2]) for spacing in others]),
        slices=_range([spacing[2] for spacing in others]),
    )
    remedy = Sentence("Compare with the DICOM series: slice thickness and pixel spacing.")
    if lost:
        remedy = Sentence(
            "This is what programs write when they do not know the size: volumes and textures "
            "would be wrong. Export image and mask again from the DICOM series."
        )
    return each.problem("image", what, remedy, "warning")


def _range(lengths: Sequence[float]) -> str:
    low, high = f"{min(lengths):.3g}", f"{max(lengths):.3g}"
    return low if low == high else f"{low}-{high}"
