from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from sklearn.metrics import roc_auc_score

from lungmet_worc.checks.study import check_study
from lungmet_worc.cli.demo_cohort import make_demo_cohort
from lungmet_worc.study.study_file import load_study


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_demo_cohort(tmp_path / name, n_patients=3, seed=seed)
    first, again, other = (digests(tmp_path / name) for name in "abc")
    assert len(first) == 3 * 4 + 2 + 2  # manifest and study file; mark and lock
    assert first == again
    images = [name for name in first if name.endswith("_image.nii.gz")]
    assert all(first[name] != other[name] for name in images)


def test_a_second_call_repairs_a_truncated_file(tmp_path: Path) -> None:
    make_demo_cohort(tmp_path, n_patients=2)
    before = digests(tmp_path)
    image = next(tmp_path.rglob("*_image.nii.gz"))
    image.write_bytes(image.read_bytes()[:100])
    make_demo_cohort(tmp_path, n_patients=2)
    kept = list((tmp_path / "old").rglob("*_image.nii.gz"))
    assert [path.stat().st_size for path in kept] == [100]
    shutil.rmtree(tmp_path / "old")
    assert digests(tmp_path) == before


def test_a_study_file_that_was_played_with_is_kept(tmp_path: Path) -> None:
    study = make_demo_cohort(tmp_path, n_patients=2)
    before = study.read_text()
    study.write_text("mine")
    make_demo_cohort(tmp_path, n_patients=2)
    assert study.read_text() == before
    assert [path.read_text() for path in tmp_path.glob("old/*/study.toml")] == ["mine"]


def test_cohort_is_complete_and_has_no_problem(demo_study: Path) -> None:
    report = check_study(load_study(demo_study))
    assert report.problems == ()
    assert {arm: len(ids) for arm, ids in report.cohort.arms.items()} == {
        "MRI": 24,
        "CT": 24,
        "combined": 24,
    }
    manifest = pd.read_csv(demo_study.parent / "manifest.csv")
    assert manifest["lung_metastasis"].sum() == 10
    assert manifest["age"].between(18, 90).all()
    assert set(manifest["sex"]) == {"female", "male"}
    assert set(manifest["grade"]) == {"high", "intermediate"}


def test_signal_is_clear_in_mri_weaker_in_ct_and_absent_in_volume(demo_study: Path) -> None:
    manifest = pd.read_csv(demo_study.parent / "manifest.csv")
    auc = {}
    for modality in ("mri", "ct"):
        spread, volume = [], []
        for _, row in manifest.iterrows():
            image, mask = (
                sitk.GetArrayFromImage(
                    sitk.ReadImage(demo_study.parent / row[f"{modality}_{kind}"])
                )
                for kind in ("image", "segmentation")
            )
            voxels = image[mask == 1].astype(float)
            # The gain of an MRI scanner is arbitrary, so only the relative spread can tell.
            spread.append(voxels.std() / voxels.mean() if modality == "mri" else voxels.std())
            volume.append(mask.sum())
        auc[modality] = roc_auc_score(manifest["lung_metastasis"], spread)
        auc["volume"] = roc_auc_score(manifest["lung_metastasis"], volume)
    assert 0.8 < auc["mri"] < 0.97
    assert 0.6 < auc["ct"] < auc["mri"] - 0.1
    assert 0.3 < auc["volume"] < 0.7


def test_ct_is_in_hounsfield_units(demo_study: Path) -> None:
    folder = demo_study.parent / "images" / "P1"
    ct, mask = (
        sitk.GetArrayFromImage(sitk.ReadImage(folder / f"CT_{kind}.nii.gz"))
        for kind in ("image", "segmentation")
    )
    assert ct.dtype == np.int16
    assert ct.min() == -1000
    assert 0 < ct[mask == 1].mean() < 80


def test_one_patient_is_no_cohort(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2 patients, got 1"):
        make_demo_cohort(tmp_path, n_patients=1)
    assert list(tmp_path.iterdir()) == []
