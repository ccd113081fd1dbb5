"""Headers that contradict themselves, or that ITK does not read."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.imaging.nifti_geometry import geometry_of
from lungmet_worc.imaging.private_name import linked
from lungmet_worc.imaging.volumes import UnreadableImageError, read_volume
from tests.synthetic import write_volume

#: Offsets in a NIfTI-1 header.
PIXDIM, UNITS, CODES, QOFFSET, SFORM = 76, 123, 252, 268, 280


@pytest.fixture
def path(tmp_path: Path) -> Path:
    voxels = np.arange(8 * 16 * 16, dtype=np.int16).reshape(8, 16, 16)
    return write_volume(tmp_path / "image.nii", voxels, spacing=(1, 1, 3), origin=(10, -20, 30))


def patch(path: Path, offset: int, form: str, *values: float) -> None:
    content = bytearray(path.read_bytes())
    struct.pack_into(f"<{form}", content, offset, *values)
    path.write_bytes(content)


def set_sform(path: Path, matrix: Sequence[Sequence[float]], *, qform: int = 0) -> None:
    patch(path, CODES, "2h", qform, 1)
    patch(path, SFORM, "12f", *np.ravel(matrix))


def warnings(path: Path) -> list[str]:
    _, found = read_volume(path, "image.nii")
    assert all(problem.severity == "warning" for problem in found)
    return [problem.what for problem in found]


def rotated(degrees: float) -> np.ndarray:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


@pytest.mark.parametrize("size", [0.0, float("nan"), float("inf")])
def test_a_voxel_without_a_size(path: Path, size: float) -> None:
    """Of NaN ITK makes 1 mm, without a word."""
    patch(path, PIXDIM + 12, "f", size)
    with pytest.raises(UnreadableImageError, match=r"no voxel size \(1 x 1 x (0|nan|inf) mm"):
        read_volume(path, "image.nii")


def test_header_of_simpleitk_says_the_same_twice(path: Path) -> None:
    volume = sitk.ReadImage(str(path))
    volume.SetDirection(np.ravel(rotated(33) @ [[1, 0, 0], [0, 0, -1], [0, 1, 0]]).tolist())
    sitk.WriteImage(volume, str(path))
    geometry = geometry_of(path)
    assert geometry is not None
    assert geometry.size == (16, 16, 8)
    assert geometry.pixdim == (1, 1, 3)
    assert geometry.displacement < 1e-3
    assert geometry.skew < 1e-3
    assert warnings(path) == []


def test_other_formats_have_no_such_header(tmp_path: Path) -> None:
    assert geometry_of(write_volume(tmp_path / "a.mha", np.zeros((2, 3, 4)))) is None


@pytest.mark.parametrize("qform", [0, 1])
@pytest.mark.parametrize("scale", [(0.6, 0.6, 5), (1, 1, 1), (1, 1, 3.01)])
def test_two_voxel_sizes(path: Path, qform: int, scale: tuple[float, ...]) -> None:
    set_sform(path, np.column_stack([np.diag(scale), [-10, 20, 30]]), qform=qform)
    size = " x ".join(f"{length:g}" for length in scale)
    assert warnings(path) == [
        f"The header has two voxel sizes: 1 x 1 x 3 mm (pixdim), which WORC uses, and {size} mm "
        "(sform)."
    ]


def test_a_rounding_of_the_size_is_nothing(path: Path) -> None:
    set_sform(path, np.column_stack([np.diag((-1.0004, -1, 2.9996)), [-10, 20, 30]]), qform=1)
    assert warnings(path) == []


@pytest.mark.parametrize("shift", [0.4, 0.6, 40])
def test_two_places(path: Path, shift: float) -> None:
    geometry = geometry_of(path)
    assert geometry is not None
    assert geometry.sform is not None
    matrix = geometry.sform.copy()
    matrix[1, 3] += shift
    set_sform(path, matrix, qform=1)
    expected = [
        f"The header places the image twice, up to {shift:.1f} mm apart: by qform and by sform; "
        "WORC uses sform."
    ]
    assert warnings(path) == (expected if shift > 0.5 else [])


def test_a_sheared_sform_beside_a_qform_is_told(path: Path) -> None:
    set_sform(path, [[-1, 0, 0, -10], [0, -1, 0.6, 20], [0, 0, 3, 30]], qform=1)
    (what,) = warnings(path)
    assert "two voxel sizes" in what or "WORC uses qform" in what


@pytest.mark.parametrize("shear", [0.1, 0.6, 1.5])
def test_a_tilted_gantry_is_refused_with_its_angle(path: Path, shear: float) -> None:
    set_sform(path, [[-1, 0, 0, -10], [0, -1, shear, 20], [0, 0, 3, 30]])
    with pytest.raises(RuntimeError, match="orthonormal"):
        sitk.ReadImage(str(path))
    with pytest.raises(UnreadableImageError) as caught:
        read_volume(path, "image.nii")
    degrees = np.degrees(np.arctan(shear / 3))
    assert f"off by {degrees:.1f} degrees" in caught.value.problem.what
    assert "dcm2niix" in caught.value.problem.remedy


@pytest.mark.parametrize("decimals", [3, 4])
@pytest.mark.parametrize("degrees", [3.0, 17.0, 41.0])
def test_a_rounded_matrix_is_straightened(path: Path, tmp_path: Path, degrees, decimals) -> None:
    axes = rotated(degrees) @ rotated(degrees)[:, [2, 0, 1]][[2, 0, 1]] @ np.diag([1, 1, 3])
    set_sform(path, np.column_stack([np.round(axes, decimals), [-10, 20, 30]]))
    volume, found = read_volume(path, "image.nii")
    assert all("right angle" in problem.what or "sizes" in problem.what for problem in found)
    direction = np.reshape(volume.GetDirection(), (3, 3))
    np.testing.assert_allclose(direction @ direction.T, np.eye(3), atol=1e-4)  # what ITK takes
    expected = np.diag([-1, -1, 1]) @ axes / [1, 1, 3]
    np.testing.assert_allclose(direction, expected, atol=0.01)
    # What WORC is given has the same voxels in the same place, and needs no permission.
    given = sitk.ReadImage(str(linked(path, tmp_path, "given")))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(given), sitk.GetArrayFromImage(volume))
    np.testing.assert_allclose(given.GetDirection(), volume.GetDirection(), atol=1e-6)
    np.testing.assert_allclose(given.GetOrigin(), volume.GetOrigin(), atol=1e-5)
    assert given.GetSpacing() == volume.GetSpacing()


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_no_voxel_size(path: Path, axis: int) -> None:
    patch(path, PIXDIM + 4 * axis, "f", 0.0)
    with pytest.raises(UnreadableImageError, match="no voxel size"):
        read_volume(path, "image.nii")
