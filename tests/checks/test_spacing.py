"""Voxel sizes that stand out in a cohort, and those that do not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lungmet_worc.basics.errors import Problem
from lungmet_worc.checks.spacing import spacing_problems
from lungmet_worc.imaging.inspection import InspectedScan, PairInspection
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.sources.images import ImagePair, ImageSource

Spacing = tuple[float, float, float]


SOURCE = ImageSource(image="image", segmentation="mask", image_type="MRI")


def inspected(number: int, modality: str, inspection: PairInspection) -> InspectedScan:
    pair = ImagePair(image_entry=f"{number}.nii", segmentation_entry=f"{number}m.nii")
    patient = Patient(f"P{number}", number + 1, 0, {}, {})
    return InspectedScan(patient, modality, pair, SOURCE, MaskRules(), inspection)


def told(spacings: Sequence[Spacing], modality: str = "MRI") -> dict[str, str]:
    scans = [
        inspected(number, modality, PairInspection((), spacing=spacing))
        for number, spacing in enumerate(spacings, 1)
    ]
    found = list(spacing_problems(scans))
    assert all(problem.severity == "warning" for problem in found)
    assert all(problem.file == f"{problem.patient[1:]}.nii" for problem in found)
    return {problem.patient: f"{problem.what} {problem.remedy}" for problem in found}


USUAL: Spacing = (0.6, 0.6, 5.0)


def test_one_size_is_lost() -> None:
    found = told([*[USUAL] * 23, (1.0, 1.0, 1.0)])
    assert list(found) == ["P24"]
    assert (
        "The voxels are 1 x 1 x 1 mm; the MRI of the other 23 patients has 0.6 mm in plane and "
        "5 mm between slices."
    ) in found["P24"]
    assert "do not know the size" in found["P24"]


def test_many_lost_sizes_are_told_too() -> None:
    assert list(told([*[(1.0, 1.0, 1.0)] * 4, *[USUAL] * 5])) == ["P1", "P2", "P3", "P4"]


@pytest.mark.parametrize(
    "spacing", [(6.0, 6.0, 5.0), (0.6, 0.6, 50.0), (0.06, 0.06, 0.5), (0.6, 0.6, 0.6)]
)
def test_one_size_stands_apart(spacing: Spacing) -> None:
    found = told([*[USUAL] * 6, (0.7, 0.7, 4.0), (0.5, 0.5, 6.0), spacing])
    assert list(found) == ["P9"]
    assert "0.5-0.7 mm in plane and 4-6 mm between slices" in found["P9"]


@pytest.mark.parametrize(
    "spacings",
    [
        [USUAL] * 24,
        [(1.0, 1.0, 1.0)] * 10,
        [*[(1.0, 1.0, 1.2)] * 9, (1.0, 1.0, 1.0)],
        [(0.4 * 1.1**n, 0.4 * 1.1**n, 3 + n / 3) for n in range(15)],
        [*[USUAL] * 8, *[(1.2, 1.2, 5.0)] * 4],
        [*[USUAL] * 3, (1.0, 1.0, 1.0)],
    ],
    ids=["same", "all 1 mm", "nearly 1 mm", "many scanners", "two protocols", "too few"],
)
def test_nothing_stands_out(spacings: list[Spacing]) -> None:
    assert told(spacings) == {}


def test_what_has_to_be_mended_first_is_not_told_twice() -> None:
    broken = PairInspection((Problem("Broken.", "Mend it."),), spacing=(0.0006, 0.0006, 0.005))
    scans = [
        inspected(n, "CT", inspection)
        for n, inspection in enumerate([*[PairInspection((), spacing=USUAL)] * 6, broken])
    ]
    assert list(spacing_problems(scans)) == []
