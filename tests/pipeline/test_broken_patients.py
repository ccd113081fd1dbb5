"""Patients with broken files are left out, and the others give what they give without them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc import Run, Study
from tests.faults.disturbed import table_bytes
from tests.faults.small_studies import write_real_study
from tests.synthetic import Array, change_cell, read_rows, write_cohort, write_study

pytestmark = [pytest.mark.worc, pytest.mark.slow]

#: Coarse voxels, so that a tumour of a few voxels is sound at first and gone when resampled.
RESAMPLED = """
[worc.Preprocessing]
Resampling = "True"
Resampling_spacing = "3, 3, 3"
"""
SEARCH = """
splits = 2
candidates = 4
inner_splits = 2
ensemble = {method = "top_N", size = 1}
classifiers = ["LDA", "GaussianNB"]
"""


def empty(path: Path, voxels: Array, volume: sitk.Image) -> None:
    _write(path, voxels * 0, volume)


def of_another_grid(path: Path, voxels: Array, volume: sitk.Image) -> None:
    _write(path, voxels[:-1], volume)


def no_number(path: Path, voxels: Array, volume: sitk.Image) -> None:
    voxels = voxels.astype(np.float32)
    voxels[0, 0, :3] = np.nan
    _write(path, voxels, volume)


def cut_off(path: Path, voxels: Array, volume: sitk.Image) -> None:
    _write(path, voxels, volume)
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[: len(content) // 2]))


def four_voxels(path: Path, voxels: Array, volume: sitk.Image) -> None:
    inside = np.argwhere(voxels)
    z, y, x = inside[len(inside) // 2]
    voxels = voxels * 0
    voxels[z, y : y + 2, x : x + 2] = 1
    _write(path, voxels, volume)


def _write(path: Path, voxels: Array, volume: sitk.Image) -> None:
    written = sitk.GetImageFromArray(voxels)
    written.SetOrigin(volume.GetOrigin())
    written.SetSpacing(volume.GetSpacing())
    written.SetDirection(volume.GetDirection())
    sitk.WriteImage(written, str(path), True)


#: What is done to a file, whether it is a mask, in which modality, and what the digest says.
FAULTS: tuple[tuple[Callable[[Path, Array, sitk.Image], None], bool, str, str], ...] = (
    (empty, True, "MRI", "The mask is empty"),
    (of_another_grid, True, "CT", "The mask does not lie on the image's voxels"),
    (no_number, False, "CT", "3 voxels of the image are no number or infinite"),
    (cut_off, False, "MRI", "The file is cut off"),
    # Nothing is wrong with it before it is resampled.
    (four_voxels, True, "MRI", "too little of the mask is left after WORC's preprocessing"),
)


def test_of_a_synthetic_cohort(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path / "study", 20, shape=(10, 28, 28), effect=3.0)
    study = write_study(manifest, search=SEARCH, more=RESAMPLED)
    compare(study, "mask", ["P3", "P4", "P7", "P8", "P11"], tmp_path)


@pytest.mark.real
def test_of_the_public_cohort(real_cohort: Path, tmp_path: Path) -> None:
    study = write_real_study(tmp_path / "study", real_cohort, more=RESAMPLED)
    broken = ["STS_012", "STS_015", "STS_028", "STS_043", "STS_050"]
    compare(study, "segmentation", broken, tmp_path)


def compare(study: Path, mask: str, broken: list[str], folder: Path) -> None:
    """Run a study with broken patients, and one in whose file they are excluded."""
    text = study.read_text("utf-8")
    excluded = str(broken).replace("'", '"')
    study.write_text(text.replace("[cohort]", f"[cohort]\nexclude = {excluded}"), "utf-8")
    without = Study.from_toml(study).run(folder / "without", cores=2)

    for patient, (spoil, of_mask, modality, _) in zip(broken, FAULTS, strict=True):
        column = f"{modality.lower()}_{mask if of_mask else 'image'}"
        spoil_file(study.with_name("manifest.csv"), patient, column, spoil)
    study.write_text(f'{text}\n[run]\non_error = "exclude-patient"\n', "utf-8")
    run = Study.from_toml(study).run(folder / "broken", cores=2)

    assert set(broken).isdisjoint(run.patients["patient_id"])
    assert table_bytes(run.paths.folder) == table_bytes(without.paths.folder)
    say_why(run, broken)
    # It is known where they fail: all but one before anything is computed.
    failed = [key for key, task in tasks(run).items() if "error" in task]
    assert failed == []
    assert f"extraction/MRI/{broken[-1]} failed" in run.paths.log.read_text("utf-8")
    assert f"extraction/MRI/{broken[0]}" not in run.paths.log.read_text("utf-8")


def tasks(run: Run) -> dict[str, dict[str, object]]:
    import json

    found: dict[str, dict[str, object]] = json.loads(run.paths.run_json.read_text())["tasks"]
    return found


def spoil_file(
    manifest: Path, patient: str, column: str, spoil: Callable[[Path, Array, sitk.Image], None]
) -> None:
    [row] = [row for row in read_rows(manifest) if row["patient_id"] == patient]
    volume = sitk.ReadImage(str(manifest.parent / row[column]))
    path = manifest.parent / f"broken_{patient}_{column}.nii.gz"
    spoil(path, sitk.GetArrayFromImage(volume), volume)
    change_cell(manifest, patient, column, path.name)


def say_why(run: Run, broken: list[str]) -> None:
    """The digest names each patient with the cause and what to do, in text and report."""
    digest = run.digest()
    assert digest.ending == "complete"
    assert {arm.n_left_out for arm in digest.arms} == {len(broken)}
    lines = digest.to_text().splitlines()
    report = run.report().read_text("utf-8")
    assert len(digest.left_out) == len(broken)
    for patient, (_, _, modality, cause) in zip(broken, FAULTS, strict=True):
        [line] = [line for line in lines if f"{patient}, {modality}: " in line]
        assert cause in line
        assert line.rstrip().endswith(".")
        [found] = [each for each in digest.left_out if each.patients == (patient,)]
        assert found.remedy
        assert patient in report
    assert "Traceback" not in digest.to_text()
