"""Paths to no ordinary file, and disks that fail while they are read: one patient's problem."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from lungmet_worc.checks.study import check_study
from lungmet_worc.imaging import files, nifti
from lungmet_worc.imaging.files import file_digest
from tests.synthetic import change_cell, make_study, write_cohort


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_cohort(tmp_path / "cohort", 6, ["MRI"])


def errors(manifest: Path) -> dict[str, list[str]]:
    """Return what is wrong with images and masks, by patient."""
    report = check_study(make_study(manifest, modalities=["MRI"]))
    found: dict[str, list[str]] = {}
    for problem in report.errors:
        if problem.column in report.image_columns:
            assert problem.row is not None
            found.setdefault(problem.patient, []).append(f"{problem.column}: {problem.what}")
    return found


def image(manifest: Path, name: str) -> Path:
    return manifest.parent / "images" / f"{name}.nii.gz"


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_what_is_no_file_is_not_read(manifest: Path, kind: str) -> None:
    for number in range(1, 4):
        image(manifest, f"P{number}_MRI_{kind}").unlink()
    os.mkfifo(image(manifest, f"P1_MRI_{kind}"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(image(manifest, f"P2_MRI_{kind}")))
        image(manifest, f"P3_MRI_{kind}").mkdir()
        change_cell(manifest, "P4", f"mri_{kind}", "/dev/zero")
        found = errors(manifest)
    assert found == {
        "P1": [f"mri_{kind}: This is a named pipe (FIFO), not a file."],
        "P2": [f"mri_{kind}: This is a socket, not a file."],
        "P3": [
            f"mri_{kind}: This is a folder, not an image file; DICOM folders are not read directly."
        ],
        "P4": [f"mri_{kind}: This is a device, not a file."],
    }


@pytest.mark.parametrize("named", ["scan.hdr", "scan.img", "scan.mhd"])
def test_a_pipe_for_the_voxels(manifest: Path, named: str) -> None:
    folder = manifest.parent
    (folder / "scan.mhd").write_text("ObjectType = Image\nElementDataFile = scan.raw\n")
    content = nifti.content_start(image(manifest, "P1_MRI_image"))
    (folder / "scan.hdr").write_bytes(content[:344] + b"ni1\0" + content[348:])
    os.mkfifo(folder / "scan.img")
    os.mkfifo(folder / "scan.raw")
    change_cell(manifest, "P2", "mri_image", named)
    assert errors(manifest) == {"P2": ["mri_image: This is a named pipe (FIFO), not a file."]}
    with pytest.raises(OSError, match="not a file"):
        file_digest(folder / named)


@pytest.mark.parametrize("reads", [*range(1, 8)])
@pytest.mark.parametrize("kind", ["image", "mask"])
def test_a_disk_that_fails_is_one_patients_problem(
    manifest: Path, monkeypatch: pytest.MonkeyPatch, kind: str, reads: int
) -> None:
    """The file is opened this many times, and then it cannot be read any more."""
    failing = image(manifest, f"P3_MRI_{kind}")
    seen: list[Path] = []
    opened = Path.open

    def open_file(path: Path, *rest: object, **more: object) -> object:
        if path == failing:
            seen.append(path)
            if len(seen) > reads:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return opened(path, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", open_file)
    found = errors(manifest)
    if len(seen) <= reads:
        assert found == {}
    else:
        assert list(found) == ["P3"]
        assert all("Input/output error" in what for what in found["P3"])


def test_a_disk_that_fails_is_seen_in_the_digest(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = image(manifest, "P2_MRI_mask")

    def read(path: Path) -> str:
        if path == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return files.file_digest(path)

    monkeypatch.setattr("lungmet_worc.imaging.inspection.file_digest", read)
    assert errors(manifest) == {
        "P2": ["mri_mask: The file can no longer be read (Input/output error)."]
    }
