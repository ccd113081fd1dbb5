"""Segmentations made binary: what counts as the tumour, and the file that WORC gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.imaging.segmentation import (
    is_whole,
    labels_of,
    tumour_file,
    tumour_of,
    tumour_voxels,
)
from tests.synthetic import Array, make_mask, write_volume


def read(path: Path) -> Array:
    voxels: Array = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    return voxels


@pytest.fixture
def mask() -> Array:
    return make_mask(np.random.default_rng(1))


def noisy(mask: Array, label: float = 1) -> Array:
    """Return a mask with a rounding in every second voxel, of the background too."""
    values = mask.astype(np.float32) * np.float32(label)
    values[:, ::2] += np.float32(9e-4)
    values[:, 1::4] -= np.float32(9e-4)
    return values


@pytest.mark.parametrize("label", [None, 3])
def test_what_is_almost_a_label_is_it(mask: Array, label: int | None) -> None:
    np.testing.assert_array_equal(tumour_voxels(noisy(mask, 3), label), mask == 1)
    assert labels_of(noisy(mask, 3)) == [3]


def test_a_label_among_others(mask: Array) -> None:
    values = noisy(mask, 2)
    values[0, 0, :4] = (1, 0.9999, 3.0001, 3)
    np.testing.assert_array_equal(tumour_voxels(values, 2), mask == 1)
    assert labels_of(values) == [1, 2, 3]
    assert int(tumour_voxels(values, 3).sum()) == 2


@pytest.mark.parametrize(("value", "whole"), [(1, True), (0.9991, True), (0.998, False), (0.5, 0)])
def test_how_far_a_value_may_be_from_a_label(value: float, whole: bool) -> None:
    assert is_whole(np.array([value])).tolist() == [whole]


def test_the_binary_mask_lies_where_the_segmentation_lies(mask: Array) -> None:
    image = sitk.GetImageFromArray(noisy(mask, 7))
    image.SetSpacing((0.5, 0.75, 4))
    image.SetOrigin((1, 2, 3))
    image.SetDirection((0, 1, 0, 1, 0, 0, 0, 0, -1))
    found = tumour_of(image, 7)
    assert found.GetPixelID() == sitk.sitkUInt8
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), mask)
    for part in ("Spacing", "Origin", "Direction"):
        assert getattr(found, f"Get{part}")() == getattr(image, f"Get{part}")()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32])
@pytest.mark.parametrize("label", [None, 1])
def test_a_binary_mask_is_left_as_it_is(
    mask: Array, tmp_path: Path, kind: type, label: int | None
) -> None:
    path = write_volume(tmp_path / "mask.nii.gz", mask.astype(kind))
    found = tumour_file(path, label, tmp_path, "tumour")
    assert found.resolve() == path.resolve()


@pytest.mark.parametrize(
    ("values", "label"),
    [
        (lambda mask: mask.astype(np.float32), None),
        (lambda mask: mask * 255, None),
        (lambda mask: noisy(mask), 1),
        (lambda mask: noisy(mask, 4), None),
        (lambda mask: mask * 2 + (np.indices(mask.shape)[0] == 0), 2),
        (lambda mask: mask.astype(np.int16) * -1, None),
    ],
)
def test_any_other_becomes_zeros_and_ones(mask: Array, tmp_path: Path, values, label) -> None:
    path = write_volume(tmp_path / "mask.nii.gz", values(mask))
    found = tumour_file(path, label, tmp_path, "tumour")
    assert sitk.ReadImage(str(found)).GetPixelID() == sitk.sitkUInt8
    np.testing.assert_array_equal(read(found), mask)
