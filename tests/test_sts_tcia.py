from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lungmet_worc import Study
from lungmet_worc.basics.errors import LungmetError
from lungmet_worc.study.study_file import load_study

ARMS = ["MRI", "CT", "combined", "clinical", "clinical_combined", "volume"]
SCRIPT = Path(__file__).parents[1] / "experiments" / "sts_tcia" / "sts_tcia.py"
# As in the table of the collection; what is below "Grade" leaks the outcome.
TABLE = {
    "Patient ID": ["STS_001", "STS_002", "STS_003", None, "NOTES", "Status: Dead (D)."],
    "Age": [59, 61, 17, None, None, None],
    "Sex": ["Male", "Female", "Male", None, None, None],
    "Histological type": ["a", "b", "c", None, None, None],
    "MSKCC type": ["Other", "MFH", "Other", None, None, None],
    "Site of primary STS": ["left thigh", "knee", "calf", None, None, None],
    "Grade": ["High", "N/A", "Low", None, None, None],
    "Treatment": ["Surgery + Chemotherapy"] * 3 + [None] * 3,
    "Outcome (recurrence, mets)": ["Mets – arms", "Mets – lungs", "--", None, None, None],
    "Time – diagnosis to outcome (days)": [266, 300, "--", None, None, None],
    "Status (NED, AWD, D)": ["D", "AWD", "NED", None, None, None],
    "Time – diagnosis to last follow-up (days)": [845, 900, 1000, None, None, None],
}
COLUMNS = [
    "patient_id",
    "lung_metastasis",
    "age",
    "sex",
    "mskcc_type",
    "site",
    "grade",
    "region",
    "mri_image",
    "mri_segmentation",
    "ct_image",
    "ct_segmentation",
]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sts_tcia", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_data(folder: Path, images: str) -> None:
    for patient in ("STS_001", "STS_002", "STS_003"):
        (folder / images / patient).mkdir(parents=True)
        for name in ("MR_T1_image", "MR_T1_mask", "CT_image", "CT_mask", "PET_image"):
            (folder / images / patient / f"{name}.nii.gz").touch()
    pd.DataFrame(TABLE).to_excel(folder / "INFOclinical_STS.xlsx", index=False)


@pytest.mark.parametrize("images", ["nifti", "ibsi_validation/nifti", "ibsi_1_validation/nifti"])
def test_layouts(script: ModuleType, tmp_path: Path, images: str) -> None:
    write_data(tmp_path / "data", images)
    (tmp_path / "data" / images / "STS_003" / "CT_image.nii.gz").unlink()
    study = load_study(
        script.prepare(tmp_path / "data", tmp_path / "out", "coarse", permutations=2)
    )
    assert study.search.preset == "coarse"
    assert study.statistics.permutations == 2
    manifest = pd.read_csv(study.cohort.manifest, dtype=str, keep_default_na=False)
    assert list(manifest.columns) == COLUMNS  # nothing that leaks
    assert list(manifest["patient_id"]) == ["STS_001", "STS_002", "STS_003"]
    assert list(manifest["lung_metastasis"]) == ["0", "1", "0"]
    assert list(manifest["grade"]) == ["High", "", "Low"]
    assert list(manifest["region"]) == ["thigh", "knee or lower leg", "knee or lower leg"]
    # The table of the collection does not say whose scanner it was.
    assert "mr_vendor" not in study.statistics.subgroups
    assert study.report.acquisition == ()
    first = tmp_path / "data" / images / "STS_001"
    assert manifest["mri_image"][0] == str(first / "MR_T1_image.nii.gz")
    assert manifest["ct_segmentation"][0] == str(first / "CT_mask.nii.gz")
    assert manifest["ct_image"][2] == ""


def test_says_what_is_missing(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(LungmetError, match="no images"):
        script.prepare(tmp_path, tmp_path / "out", "smoke")
    write_data(tmp_path, "nifti")
    (tmp_path / "INFOclinical_STS.xlsx").unlink()
    monkeypatch.setattr("sys.argv", ["sts_tcia", str(tmp_path), "--out", str(tmp_path / "out")])
    assert script.main() == 1
    assert "INFOclinical_STS.xlsx" in capsys.readouterr().err
    (tmp_path / "clinical.csv").write_text("name\nSTS_001\n")
    with pytest.raises(LungmetError, match="no column 'patient_id'"):
        script.prepare(tmp_path, tmp_path / "out", "smoke")


def test_main_runs_the_comparison(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_data(tmp_path / "data", "nifti")
    started: list[Any] = []

    def run(study: Study, out: Path, **_: Any) -> SimpleNamespace:
        started.append((study.config.name, list(study.config.arms), out))
        table = pd.DataFrame({"arm": ["MRI"]})
        return SimpleNamespace(performance=table, comparison=table, report=lambda: "report.html")

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr("sys.argv", ["x", str(tmp_path / "data"), "--out", str(tmp_path / "out")])
    assert script.main() == 0
    assert started == [("sts_tcia", ARMS, tmp_path / "out")]
    assert "Report: report.html" in capsys.readouterr().out


@pytest.mark.real
def test_public_cohort(script: ModuleType, real_cohort: Path, tmp_path: Path) -> None:
    study = load_study(script.prepare(real_cohort, tmp_path, "smoke"))
    manifest = pd.read_csv(study.cohort.manifest, dtype=str, keep_default_na=False)
    assert len(manifest) == 51
    assert (manifest["lung_metastasis"] == "1").sum() == 19
    assert (manifest["grade"] == "").sum() == 3
    images = manifest[["mri_image", "mri_segmentation", "ct_image", "ct_segmentation"]]
    assert images.map(lambda path: Path(path).is_file()).all(axis=None)


@pytest.mark.real
def test_the_original_table_gives_the_same_manifest(
    script: ModuleType, real_cohort: Path, tmp_path: Path
) -> None:
    (tmp_path / "INFOclinical_STS.xlsx").write_bytes(
        (real_cohort / "INFOclinical_STS.xlsx").read_bytes()
    )
    ours, original = script.read_clinical(real_cohort), script.read_clinical(tmp_path)
    # The scanner was read from the DICOM headers, which the original table does not have.
    ours = ours.drop(columns=list(script.SCANNER))
    ours["age"] = ours["age"].astype(float)
    original["age"] = original["age"].astype(float)
    pd.testing.assert_frame_equal(ours.reset_index(drop=True), original.reset_index(drop=True))
