"""The file that is named is the file that is read, whatever lies beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.imaging.files import file_digest
from lungmet_worc.imaging.private_name import linked, neighbours
from lungmet_worc.imaging.volumes import read_volume, stored_type
from tests.synthetic import write_volume

SHAPE = (4, 5, 6)
FORMATS = ("nii", "nii.gz", "hdr", "nrrd", "mha", "mhd", "NII", "NII.GZ")


def value_of(path: Path) -> int:
    volume, _ = read_volume(path, path.name)
    found = np.unique(sitk.GetArrayFromImage(volume))
    assert len(found) == 1
    return int(found[0])


def write(folder: Path, ending: str, value: int) -> Path:
    path = folder / f"scan.{ending}"
    if not ending.isupper():
        return write_volume(path, np.full(SHAPE, value, np.int16))
    plain = write_volume(folder / f"other.{ending.lower()}", np.full(SHAPE, value, np.int16))
    return plain.rename(path)


@pytest.mark.parametrize("ending", FORMATS)
def test_all_formats_side_by_side(tmp_path: Path, ending: str) -> None:
    written = {each: write(tmp_path, each, number) for number, each in enumerate(FORMATS, 1)}
    assert value_of(written[ending]) == FORMATS.index(ending) + 1


def test_itk_itself_reads_the_neighbour(tmp_path: Path) -> None:
    # Why files are read under a name of their own.
    path = write(tmp_path, "nii.gz", 1)
    write(tmp_path, "nii", 2)
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(path))).max() == 2
    assert value_of(path) == 1


def test_neighbours_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "nii.gz", 1)
    write(tmp_path, "mha", 1)
    assert neighbours(path) == []
    plain = write(tmp_path, "nii", 2)
    assert neighbours(path) == [plain]
    assert neighbours(plain) == [path]
    header = write(tmp_path, "hdr", 3)
    assert set(neighbours(path)) == {plain, header, header.with_suffix(".img")}
    assert set(neighbours(header)) == {path, plain}
    assert neighbours(tmp_path / "scan.mha") == []


@pytest.mark.parametrize("named", ["scan.hdr", "scan.img"])
@pytest.mark.parametrize("changed", ["scan.hdr", "scan.img"])
def test_both_files_of_a_pair_are_hashed(tmp_path: Path, named: str, changed: str) -> None:
    write(tmp_path, "hdr", 1)
    path = tmp_path / named
    assert value_of(path) == 1
    before = file_digest(path)
    content = bytearray((tmp_path / changed).read_bytes())
    content[-1] ^= 1
    (tmp_path / changed).write_bytes(content)
    assert file_digest(path) != before


def test_a_disk_without_links_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "nii.gz", 1)
    (tmp_path / "own").mkdir()

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "symlink_to", refuse)
    found = linked(path, tmp_path / "own", "image")
    assert not found.is_symlink()
    assert found.read_bytes() == path.read_bytes()


def test_type_of_the_named_file(tmp_path: Path) -> None:
    path = write(tmp_path, "nii.gz", 1)
    write_volume(tmp_path / "scan.nii", np.zeros(SHAPE, np.float32))
    assert stored_type(path) == "16-bit signed integer"
    path.unlink()
    assert stored_type(path) is None


@pytest.mark.parametrize("suffix", ["mhd", "nhdr"])
def test_voxels_in_many_files_are_refused(tmp_path: Path, suffix: str) -> None:
    from lungmet_worc.imaging.volumes import UnreadableImageError

    path = write(tmp_path, suffix, 1)
    text = path.read_text("latin-1")
    (name,) = (file.name for file in tmp_path.iterdir() if file != path)
    shutil.copy(tmp_path / name, tmp_path / f"1{name}")
    path.write_text(text.replace(name, "LIST" if suffix == "mhd" else "%d.raw 1 4 1"), "latin-1")
    with pytest.raises(UnreadableImageError, match="several files"):
        read_volume(path, path.name)
