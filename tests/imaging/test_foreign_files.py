"""Files that hold an image or a mask in another form: what they are, and the way out."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.basics.errors import Problem
from lungmet_worc.display.language import language
from lungmet_worc.imaging.foreign_files import Kind
from lungmet_worc.imaging.volumes import UnreadableImageError, read_volume
from tests.synthetic import write_volume

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
MR = "1.2.840.10008.5.1.4.1.1.4"


def problem_of(path: Path, kind: Kind = "mask") -> Problem:
    with pytest.raises(UnreadableImageError) as caught:
        read_volume(path, f"img/{path.name}", kind)
    problem = caught.value.problem
    assert problem.file == f"img/{path.name}"
    assert problem.severity == "error"
    assert language("nl").of(problem.what) != problem.what
    assert language("nl").of(problem.remedy) != problem.remedy
    return problem


def dicom(path: Path, sop_class: str, *, preamble: bool = True) -> Path:
    uid = sop_class.encode() + b"\0" * (len(sop_class) % 2)
    element = b"UI" + len(uid).to_bytes(2, "little") + uid
    start = b"\0" * 128 + b"DICM" + b"\x02\x00\x02\x00" if preamble else b"\x08\x00\x16\x00"
    path.write_bytes(start + element + b"\0" * 500)
    return path


@pytest.mark.parametrize("name", ["contour.dcm", "RS.1.2.3", "mask.nii.gz"])
def test_rtstruct_as_mask(tmp_path: Path, name: str) -> None:
    problem = problem_of(dicom(tmp_path / name, RTSTRUCT))
    assert "RTSTRUCT" in problem.what
    assert all(tool in problem.remedy for tool in ("dcmrtstruct2nii", "platipy", "plastimatch"))
    assert "dcm2niix" not in problem.remedy


@pytest.mark.parametrize("preamble", [True, False])
def test_dicom_segmentation_as_mask(tmp_path: Path, preamble: bool) -> None:
    problem = problem_of(dicom(tmp_path / "seg.dcm", SEG, preamble=preamble))
    assert "(SEG)" in problem.what
    assert "segimage2itkimage" in problem.remedy


@pytest.mark.parametrize("sop_class", [RTSTRUCT, SEG])
def test_a_mask_where_the_image_should_be(tmp_path: Path, sop_class: str) -> None:
    problem = problem_of(dicom(tmp_path / "x.dcm", sop_class), "image")
    assert "Give the image that it was drawn on" in problem.remedy


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_an_image_in_dicom(tmp_path: Path, kind: Kind) -> None:
    problem = problem_of(dicom(tmp_path / "x.IMA", MR), kind)
    assert "dcm2niix (whole series)" in problem.remedy
    assert "RTSTRUCT" not in problem.remedy


def test_dicom_of_which_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 200)
    assert all(word in problem_of(path).remedy for word in ("RTSTRUCT", "SEG", "dcm2niix"))
    assert "RTSTRUCT" not in problem_of(path, "image").remedy


@pytest.fixture
def nifti(tmp_path: Path) -> bytes:
    path = write_volume(tmp_path / "source.nii", np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("P1.nii", "P1.nii.gz"),
        ("P1.Nii", "P1.nii.gz"),
        ("P1.NII", "P1.nii.gz"),
        ("P1.nii.GZ", "P1.nii.gz"),
        ("P1.Nii.gz", "P1.nii.gz"),
        ("P1.x.nii", "P1.x.nii.gz"),
        ("P1.gz", "P1.nii.gz"),
        ("P1", "P1.nii.gz"),
        ("P1.mha", "P1.mha.nii.gz"),
    ],
)
def test_gzip_by_another_name(tmp_path: Path, nifti: bytes, name: str, right: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(nifti))
    problem = problem_of(path)
    assert "gzip" in problem.what
    assert f'"{right}"' in problem.remedy
    path.rename(tmp_path / right)
    assert read_volume(tmp_path / right, right)[0].GetSize() == (5, 4, 3)


@pytest.mark.parametrize(("name", "right"), [("P1.Nii", "P1.nii"), ("P1.img1", "P1.img1.nii")])
def test_nifti_by_another_name(tmp_path: Path, nifti: bytes, name: str, right: str) -> None:
    (tmp_path / name).write_bytes(nifti)
    assert f'"{right}"' in problem_of(tmp_path / name).remedy


@pytest.mark.parametrize("name", ["P1.nii", "P1.NII", "P1.nii.gz"])
def test_plain_nifti_by_names_that_itk_takes(tmp_path: Path, nifti: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(nifti)
    assert read_volume(tmp_path / name, name)[1] == []


@pytest.mark.parametrize("names", [("tumour", "oedema"), ()])
def test_segments_that_overlap(tmp_path: Path, names: tuple[str, ...]) -> None:
    mask = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.uint8))
    both = sitk.Compose(mask, mask + 1)
    for number, name in enumerate(names):
        both.SetMetaData(f"Segment{number}_Name", name)
    path = tmp_path / "P1.seg.nrrd"
    sitk.WriteImage(both, str(path))
    problem = problem_of(path)
    assert f"The segments overlap ({', '.join(names) or '?'})" in problem.what
    assert "3D Slicer" in problem.remedy
    assert "Export the original grey values" in problem_of(path, "image").remedy


def test_a_mask_of_vectors(tmp_path: Path) -> None:
    mask = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.uint8))
    path = tmp_path / "P1.mha"
    sitk.WriteImage(sitk.Compose(mask, mask, mask), str(path))
    assert "3 values" in problem_of(path).what


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", "b")
    return stream.getvalue()


def array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(), "zip archive"),
        (array(), "NumPy"),
        (b"MATLAB 5.0 MAT-file, Platform" + b"\0" * 500, "MATLAB"),
        (b"<!DOCTYPE html>" + b" " * 500, "markup"),
        (b"\x1c\x02\0\0n+2\0\r\n\x1a\n" + b"\0" * 600, "NIfTI-2"),
        (gzip.compress(b"nothing at all" * 60, mtime=0), "no image"),
    ],
    ids=["zip", "numpy", "matlab", "markup", "nifti-2", "gzip"],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "P1.nii.gz"
    path.write_bytes(content)
    assert said in problem_of(path).what
