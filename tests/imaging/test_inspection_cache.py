"""Kept inspections: what is read again, what is not, and that both say the same."""

from __future__ import annotations

import gzip
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.basics import versions
from lungmet_worc.basics.errors import Problem
from lungmet_worc.checks.study import CheckReport, check_study
from lungmet_worc.display.language import language
from lungmet_worc.imaging import inspection_cache, scans
from lungmet_worc.imaging.inspection import PairInspection, Scan
from lungmet_worc.pipeline.estimate import plan_summary
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.tasks.run_folder.mark import MARK, claim
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import write_state
from tests.synthetic import (
    change_cell,
    make_study,
    read_rows,
    write_cohort,
    write_rows,
    write_volume,
)

#: Stands for the two seconds, so that tests need not wait; well above the step of file times.
SETTLED = 20_000_000


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cohort of six patients whose files are old enough to be trusted."""
    monkeypatch.setattr(inspection_cache, "SETTLED", SETTLED)
    return write_cohort(tmp_path / "cohort", 6)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "inspections.json"


def check(manifest: Path, kept: Path | None, **parts: str) -> tuple[CheckReport, int]:
    """Return the report, and how many scans were read for it."""
    time.sleep(1.5 * SETTLED / 1e9)
    return counted(make_study(manifest, **parts), kept)


def counted(study: StudyConfig, kept: Path | None) -> tuple[CheckReport, int]:
    read = inspection_cache.inspect_scans
    with patch.object(inspection_cache, "inspect_scans", wraps=read) as reading:
        report = check_study(study, kept=kept)
    return report, len(reading.call_args.args[0])


def image(manifest: Path, name: str = "P3_CT_image") -> Path:
    return manifest.parent / "images" / f"{name}.nii.gz"


def of_patients(report: CheckReport) -> list[Problem]:
    return [problem for problem in report.problems if problem.patient]


def same(one: CheckReport, other: CheckReport) -> bool:
    return (one.problems, one.digests, one.unusable) == (
        other.problems,
        other.digests,
        other.unusable,
    )


def test_nothing_is_read_twice(manifest: Path, kept: Path) -> None:
    first, read = check(manifest, kept)
    assert read == 12
    written = kept.stat().st_mtime_ns
    second, read = check(manifest, kept)
    assert read == 0
    assert same(first, second)
    assert len(second.digests) == 24
    assert kept.stat().st_mtime_ns == written  # nothing new, nothing written


def test_without_a_file_everything_is_read(manifest: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert check(manifest, None)[1] == check(manifest, None)[1] == 12
    assert {path.name for path in set(tmp_path.rglob("*")) - set(before)} == {"study.toml"}


def test_problems_are_the_same_as_at_first(manifest: Path, kept: Path) -> None:
    """Warnings, errors and duplicates, of files named in two ways."""
    change_cell(manifest, "P5", "mri_image", str(image(manifest, "P4_MRI_image")))
    mask = image(manifest, "P1_CT_mask")
    voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(mask)))
    write_volume(mask, voxels, origin=(10.1, -20.0, 30.0))
    write_volume(image(manifest, "P2_CT_mask"), 0 * voxels)
    voxels[:] = 0
    voxels[4, 8, 8:12] = 1
    write_volume(image(manifest, "P6_CT_mask"), voxels)
    plain, _ = check(manifest, None)
    check(manifest, kept)
    again, read = check(manifest, kept)
    assert read == 0
    assert same(plain, again)
    images = [problem for problem in again.problems if problem.column in again.image_columns]
    assert {"P1", "P2", "P4", "P5", "P6"} <= {problem.patient for problem in images}
    assert {problem.severity for problem in images} == {"error", "warning"}
    assert str(manifest.parent) not in kept.read_text()


def overwritten(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def overwritten_with_its_old_time(path: Path, content: bytes) -> None:
    before = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def replaced(path: Path, content: bytes) -> None:
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(content)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("name", ["P3_CT_image", "P3_CT_mask"])
@pytest.mark.parametrize("change", [overwritten, overwritten_with_its_old_time, replaced])
def test_a_change_is_seen(
    manifest: Path, kept: Path, change: Callable[[Path, bytes], None], name: str
) -> None:
    assert check(manifest, kept)[0].unusable == {}
    path = image(manifest, name)
    whole = path.read_bytes()
    change(path, whole[:-4] + b"\0\0\0\0")  # as long as before; the checksums no longer fit
    report, read = check(manifest, kept)
    assert read == 1
    assert report.unusable.keys() == {("P3", "CT")}
    change(path, whole)
    report, read = check(manifest, kept)
    assert read == 1
    assert report.unusable == {}


def test_a_file_beside_an_image_is_seen_to_come_and_go(manifest: Path, kept: Path) -> None:
    assert of_patients(check(manifest, kept)[0]) == []
    beside = image(manifest).with_suffix("")
    beside.write_bytes(gzip.decompress(image(manifest).read_bytes()))
    report, read = check(manifest, kept)
    assert read == 1
    (problem,) = of_patients(report)
    assert problem.patient == "P3"
    assert beside.name in problem.what
    beside.unlink()
    report, read = check(manifest, kept)
    assert read == 1
    assert of_patients(report) == []


def test_what_is_kept_can_be_said_in_dutch(manifest: Path, kept: Path) -> None:
    write_volume(image(manifest, "P2_CT_mask"), np.zeros((8, 16, 16), np.uint8))
    check(manifest, kept)
    report, read = check(manifest, kept)
    assert read == 0
    assert "Het masker is leeg." in [language("nl").of(found.what) for found in report.problems]


def test_a_deleted_file_is_seen(manifest: Path, kept: Path) -> None:
    check(manifest, kept)
    image(manifest).unlink()
    report, read = check(manifest, kept)
    assert read == 0
    assert report.unusable.keys() == {("P3", "CT")}


def test_a_file_that_changes_while_it_is_read_is_read_again(
    manifest: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect = scans.inspect_scan

    def disturbed(scan: Scan) -> PairInspection:
        found = inspect(scan)
        if scan.pair.image == image(manifest):
            image(manifest).write_bytes(b"no image")
        return found

    monkeypatch.setattr(scans, "inspect_scan", disturbed)
    assert check(manifest, kept)[0].unusable == {}
    monkeypatch.setattr(scans, "inspect_scan", inspect)
    report, read = check(manifest, kept)
    assert read == 1
    assert report.unusable.keys() == {("P3", "CT")}


def test_a_file_of_this_moment_is_not_trusted(
    manifest: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection_cache, "SETTLED", 3_600_000_000_000)
    assert check(manifest, kept)[1] == check(manifest, kept)[1] == 12
    monkeypatch.setattr(inspection_cache, "SETTLED", SETTLED)
    assert check(manifest, kept)[1] == 12
    assert check(manifest, kept)[1] == 0
    monkeypatch.setattr(inspection_cache, "SETTLED", 3_600_000_000_000)
    image(manifest).touch()
    assert check(manifest, kept)[1] == check(manifest, kept)[1] == 1


def test_another_label_or_rule_reads_the_modality_again(manifest: Path, kept: Path) -> None:
    mask = image(manifest, "P3_CT_mask")
    write_volume(mask, sitk.GetArrayFromImage(sitk.ReadImage(str(mask))), origin=(10.1, -20, 30))
    assert check(manifest, kept)[0].unusable.keys() == {("P3", "CT")}
    rule = '[modalities.CT.worc.General]\nAssumeSameImageAndMaskMetadata = "True"'
    report, read = check(manifest, kept, more=rule)
    assert (read, report.unusable) == (6, {})
    assert check(manifest, kept, more=rule)[1] == 0
    study = make_study(manifest)
    config = study.modalities["MRI"].model_copy(update={"label": 2})
    other = study.model_copy(update={"modalities": {**study.modalities, "MRI": config}})
    report, read = counted(other, kept)
    assert read == 12  # the CT's rule is gone again
    assert {modality for _, modality in report.unusable} == {"MRI", "CT"}
    assert same(report, check_study(other))


def test_another_checker_reads_everything_again(
    manifest: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(manifest, kept)
    monkeypatch.setattr(inspection_cache, "REVISION", inspection_cache.REVISION + 1)
    assert check(manifest, kept)[1] == 12
    monkeypatch.setattr(versions, "of", lambda packages: dict.fromkeys(packages, "0"))
    assert check(manifest, kept)[1] == 12
    assert check(manifest, kept)[1] == 0


def test_what_cannot_be_read_is_tried_every_time(manifest: Path, kept: Path) -> None:
    image(manifest).write_bytes(b"no image")
    first, _ = check(manifest, kept)
    second, read = check(manifest, kept)
    assert read == 1
    assert same(first, second)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\x00", b'{"a": {}}', b'{"a": {"image": 1}}', b"null", b'"a"'],
)
def test_a_damaged_file_counts_for_nothing(manifest: Path, kept: Path, content: bytes) -> None:
    first, _ = check(manifest, kept)
    whole = kept.read_bytes()
    kept.write_bytes(content)
    second, read = check(manifest, kept)
    assert read == 12
    assert same(first, second)
    assert kept.read_bytes() == whole


@pytest.mark.parametrize("blocked", ["kept is a folder", "the folder is a file"])
def test_what_cannot_be_kept_is_no_error(manifest: Path, kept: Path, blocked: str) -> None:
    if blocked == "kept is a folder":
        (kept / "inside").mkdir(parents=True)
    else:
        kept.touch()
        kept = kept / "inspections.json"
    assert check(manifest, kept)[1] == check(manifest, kept)[1] == 12


def test_patients_who_leave_are_forgotten_and_who_come_are_read(manifest: Path, kept: Path) -> None:
    rows = read_rows(manifest)
    write_rows(manifest, rows[:4])
    assert check(manifest, kept)[1] == 8
    write_rows(manifest, rows[1:])
    assert check(manifest, kept)[1] == 4
    write_rows(manifest, rows)
    assert check(manifest, kept)[1] == 2


def test_an_origin_that_is_no_number_does_not_spoil_the_file(manifest: Path, kept: Path) -> None:
    for kind in ("image", "mask"):
        path = image(manifest, f"P3_CT_{kind}")
        content = bytearray(gzip.decompress(path.read_bytes()))
        for place in (268, 272, 276, 292, 308, 324):  # qoffset and srow of NIfTI-1
            struct.pack_into("<f", content, place, float("nan"))
        path.write_bytes(gzip.compress(bytes(content)))
    assert check(manifest, kept)[1] == 12
    assert check(manifest, kept)[1] == 1


@pytest.mark.parametrize(("suffix", "again"), [(".mha", 0), (".nrrd", 0), (".mhd", 1)])
def test_images_in_two_files_are_read_every_time(
    manifest: Path, kept: Path, suffix: str, again: int
) -> None:
    other = manifest.parent / f"images/other{suffix}"
    sitk.WriteImage(sitk.ReadImage(str(image(manifest))), str(other))
    change_cell(manifest, "P3", "ct_image", f"images/other{suffix}")
    assert check(manifest, kept)[1] == 12
    assert check(manifest, kept)[1] == again


def test_a_plan_reads_and_keeps_inspections_only_in_a_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection_cache, "SETTLED", SETTLED)
    manifest = write_cohort(tmp_path / "cohort", 8, ["MRI"])
    study, paths = make_study(manifest, ["MRI"]), RunPaths(tmp_path / "run")
    time.sleep(1.5 * SETTLED / 1e9)
    plan_summary(study, paths, cores=1)
    assert not paths.folder.exists()
    claim(paths.folder, "run")
    write_state(paths, {})
    first = plan_summary(study, paths, cores=1)
    names = {path.name for path in paths.folder.iterdir()}
    assert names == {MARK, "run.json", "inspections.json"}
    written = paths.inspections.stat().st_mtime_ns
    assert plan_summary(study, paths, cores=1) == first
    assert paths.inspections.stat().st_mtime_ns == written
