"""Pictures of tumours: the right slice, true proportions, few bytes, none of a broken image."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk
from PIL import Image

from lungmet_worc.imaging.thumbnails import MOST_BYTES, OUTLINE_COLOUR, thumbnail, thumbnails
from lungmet_worc.imaging.volumes import UnreadableImageError

SPACING = (1.0, 2.0, 4.0)  # mm: column, row, slice
SHAPE = (7, 40, 90)  # slices, rows, columns
CENTRE = (3, 18, 50)


def ball(radius: float) -> npt.NDArray[np.bool_]:
    """Return a ball around CENTRE, round in mm."""
    places = np.indices(SHAPE).astype(float)
    mm = [(places[i] - CENTRE[i]) * SPACING[2 - i] for i in range(3)]
    return np.asarray(sum(each**2 for each in mm) <= radius**2)


def write(path: Path, voxels: npt.NDArray[Any], orientation: str = "LPS") -> Path:
    volume = sitk.GetImageFromArray(voxels)
    volume.SetSpacing(SPACING)
    sitk.WriteImage(sitk.DICOMOrient(volume, orientation), str(path))
    return path


def pair(folder: Path, image: npt.NDArray[Any], mask: npt.NDArray[Any]) -> tuple[Path, Path]:
    files = (folder / "image.nii.gz", folder / "mask.nii.gz")
    return write(files[0], image.astype(np.int16)), write(files[1], mask.astype(np.uint8))


def grey_ball(inside: int = 100, outside: int = 0) -> npt.NDArray[Any]:
    return np.where(ball(14), inside, outside)


def picture(png: bytes) -> npt.NDArray[Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def outline(pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.asarray((pixels == OUTLINE_COLOUR).all(axis=2))


def test_a_ball_is_round_whatever_the_voxels(tmp_path: Path) -> None:
    files = pair(tmp_path, grey_ball(), ball(14))
    pixels = picture(thumbnail(*files, label=None, image_type="MR"))
    assert pixels.shape == (180, 180, 3)
    rows, columns = (np.flatnonzero(outline(pixels).any(axis=axis)) for axis in (1, 0))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    # 28 mm of tumour and 10 mm around it on both sides: a square of about 49 mm.
    assert width == pytest.approx(180 * 29 / 49, abs=5)
    assert height == pytest.approx(width, abs=8)  # the rows are 2 mm wide
    assert rows.mean() == pytest.approx(89.5, abs=4)
    assert columns.mean() == pytest.approx(89.5, abs=4)


def test_it_is_the_slice_with_the_largest_area(tmp_path: Path) -> None:
    grey = np.zeros(SHAPE)
    grey[CENTRE[0]] = np.linspace(0, 100, SHAPE[2])  # the other slices are all black
    pixels = picture(thumbnail(*pair(tmp_path, grey, ball(14)), label=None, image_type="MR"))
    bright = pixels[~outline(pixels)]
    assert bright.max() == 255
    assert pixels[90, 150, 0] > pixels[90, 20, 0] + 100


def test_the_same_picture_however_the_file_lies(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    grey, mask = random.integers(0, 99, SHAPE).astype(np.int16), ball(14).astype(np.uint8)
    drawn = set()
    for orientation in ("LPS", "RAS", "LSP", "PIR"):
        files = (tmp_path / f"{orientation}.nii", tmp_path / f"{orientation}_mask.nii")
        write(files[0], grey, orientation)
        write(files[1], mask, orientation)
        drawn.add(thumbnail(*files, label=None, image_type="MR"))
    assert len(drawn) == 1


def test_the_mask_lies_as_the_image_does(tmp_path: Path) -> None:
    files = pair(tmp_path, grey_ball(), ball(14))
    expected = thumbnail(*files, label=None, image_type="MR")
    mask = sitk.ReadImage(str(files[1]))
    mask.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))
    sitk.WriteImage(mask, str(files[1]))
    assert thumbnail(*files, label=None, image_type="MR") == expected


def test_a_png_of_eight_bits_that_holds_nothing_else(tmp_path: Path) -> None:
    files = pair(tmp_path, grey_ball(), ball(14))
    first = thumbnail(*files, label=None, image_type="MR")
    assert first == thumbnail(*files, label=None, image_type="MR")
    opened = Image.open(io.BytesIO(first))
    opened.load()
    assert (opened.format, opened.mode, opened.info) == ("PNG", "P", {})
    chunks, place = [], 8
    while place < len(first):
        chunks.append(first[place + 4 : place + 8])
        place += 12 + int.from_bytes(first[place : place + 4], "big")
    assert set(chunks) == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
    assert first[24] == 8  # bits of a pixel


def test_ct_is_shown_in_the_window_of_soft_tissue(tmp_path: Path) -> None:
    files = pair(tmp_path, grey_ball(inside=240, outside=-160), ball(8))
    pixels = picture(thumbnail(*files, label=None, image_type="CT"))
    assert pixels[90, 90, 0] == 255
    assert pixels[5, 90, 0] == 0
    files = pair(tmp_path, grey_ball(inside=40, outside=-1000), ball(8))
    assert 120 <= picture(thumbnail(*files, label=None, image_type="CT"))[90, 90, 0] <= 135


def test_one_bright_voxel_does_not_darken_an_mri(tmp_path: Path) -> None:
    grey = grey_ball(inside=100, outside=0)
    grey[CENTRE[0], CENTRE[1] + 3, CENTRE[2]] = 30_000
    pixels = picture(thumbnail(*pair(tmp_path, grey, ball(8)), label=None, image_type="MR"))
    assert pixels[90, 60, 0] == 255


def test_only_the_label_of_the_tumour_counts(tmp_path: Path) -> None:
    mask = np.where(ball(14), 2, 0)
    mask[0, :4, :4] = 1
    files = pair(tmp_path, grey_ball(), mask)
    two = thumbnail(*files, label=2, image_type="MR")
    assert two == thumbnail(*pair(tmp_path, grey_ball(), mask == 2), label=None, image_type="MR")
    files = pair(tmp_path, grey_ball(), mask)
    assert two != thumbnail(*files, label=1, image_type="MR")


def test_noise_is_small_too(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(-1000, 1000, (3, 400, 400))
    mask = np.zeros_like(noise)
    mask[1, 150:300, 150:300] = 1
    assert len(thumbnail(*pair(tmp_path, noise, mask), label=None, image_type="MR")) <= MOST_BYTES


def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    files = pair(tmp_path, grey_ball(), np.zeros(SHAPE))
    with pytest.raises(UnreadableImageError, match="no tumour"):
        thumbnail(*files, label=None, image_type="MR")
    files = pair(tmp_path, grey_ball(), ball(14)[1:])
    with pytest.raises(UnreadableImageError, match="voxels"):
        thumbnail(*files, label=None, image_type="MR")


def test_a_broken_image_costs_its_own_picture_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image, mask = pair(tmp_path, grey_ball(), ball(14))
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(image.read_bytes()[:200])
    drawn = thumbnails(
        {
            ("MRI", "P1"): (image, mask, None, "MR"),
            ("MRI", "P2"): (broken, mask, None, "MR"),
            ("CT", "P1"): (tmp_path / "gone.nii.gz", mask, None, "CT"),
            ("CT", "P3"): (image, mask, 1, "CT"),
        }
    )
    assert set(drawn) == {("MRI", "P1"), ("CT", "P3")}
    assert "No picture of the MRI of P2: The file is cut off" in caplog.text
    assert "No picture of the CT of P1" in caplog.text


def test_real_tumours(real_cohort: Path) -> None:
    folder = real_cohort / "nifti" / "STS_001"
    for kind, image_type in (("MR_T1", "MR"), ("CT", "CT")):
        files = folder / f"{kind}_image.nii.gz", folder / f"{kind}_mask.nii.gz"
        png = thumbnail(*files, label=None, image_type=image_type)
        assert len(png) <= MOST_BYTES
        assert outline(picture(png)).sum() > 100
