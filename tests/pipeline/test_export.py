"""An arm as a plain WORC experiment. ``worc/test_check_worc.py`` runs one to its end."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Self

import numpy as np
import pytest
import SimpleITK as sitk

from lungmet_worc.basics.errors import CohortError, LungmetError
from lungmet_worc.checks.study import CheckReport
from lungmet_worc.cli import main
from lungmet_worc.imaging.plain_files import plain_image, plain_mask
from lungmet_worc.pipeline import export
from lungmet_worc.pipeline.export import export_worc
from lungmet_worc.study import worc_settings
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.splits import make_splits
from lungmet_worc.study.study_file import load_study
from lungmet_worc.tasks.task import Task, TaskResult
from lungmet_worc.worc import environment
from tests.synthetic import (
    change_cell,
    make_study,
    read_rows,
    read_splits,
    write_cohort,
    write_study,
    write_volume,
)

pytestmark = pytest.mark.worc

ARMS = """
[arms.both]
modalities = ["MRI", "CT"]
clinical = ["age", "grade"]
[arms.volume]
modalities = ["MRI"]
features = "volume"
[arms.imputed]
modalities = ["MRI", "CT"]
missing = "impute"
[arms.age]
clinical = ["age"]
"""
N_PATIENTS = 14


class HereEngine:
    """Runs tasks in this process, which imports WORC once for all tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        # WORC and the tools that fastr knows are those of all tests, see conftest.py.
        environment.import_worc()
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        for task in tasks:
            module, _, name = task.function.partition(":")
            function = getattr(import_module(module), name)
            function(**task.arguments, output=str(task.output), stamp=task.stamp)
            yield TaskResult(task, 0.0)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.setattr(export, "LocalEngine", lambda **options: HereEngine(folder))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    manifest = write_cohort(tmp_path_factory.mktemp("export"), N_PATIENTS)
    # P2 has no CT, so that the arms differ in their patients.
    change_cell(manifest, "P2", "ct_image", "")
    change_cell(manifest, "P2", "ct_mask", "")
    # MRI segmentations have the tumour as value 2.
    for row in read_rows(manifest):
        mask = manifest.parent / row["mri_mask"]
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(mask))) * 2
        voxels[0, :3, :3] = 1
        write_volume(mask, voxels)
    file = write_study(
        manifest,
        cohort='patients = "available"',
        arms=ARMS,
        search="splits = 3\ncandidates = 20",
        more='[worc.Resampling]\nUse = "0.1"',
    )
    text = file.read_text("utf-8").replace("[modalities.MRI]\n", "[modalities.MRI]\nlabel = 2\n")
    file.write_text(text, "utf-8")
    return load_study(file)


@pytest.fixture(scope="module")
def exported(study: StudyConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "experiment"
    written = export_worc(study, "both", folder)
    assert {path.name for path in written} == {
        "worc_MRI.ini", "worc_CT.ini", "labels.csv", "semantics.csv", "fixedsplits.csv",
        "sources.csv", "root.txt", "patients.csv", "run_worc.py", "evaluate_worc.py",
    }  # fmt: skip
    assert {path.name for path in folder.iterdir()} == {path.name for path in written} | {"masks"}
    return folder


def test_each_modality_has_settings_of_its_own(exported: Path) -> None:
    mri, ct = (
        worc_settings.from_ini((exported / f"worc_{name}.ini").read_text("utf-8"))
        for name in ("MRI", "CT")
    )
    assert mri["ImageFeatures"]["image_type"] == "MRI"
    assert ct["ImageFeatures"]["image_type"] == "CT"
    # Decided by WORC's Fingerprinter, which comes to the same again.
    assert mri["Preprocessing"]["Normalize"] == "True"
    assert ct["Preprocessing"]["Normalize"] == "False"
    assert mri["General"]["Fingerprint"] == ct["General"]["Fingerprint"] == "True"
    # The first modality's are those of the search.
    assert mri["SelectFeatGroup"]["semantic_features"] == "True"
    assert mri["HyperOptimization"]["N_iterations"] == "20"
    assert mri["Resampling"]["Use"] == "0.1"
    assert mri["Labels"]["label_names"] == "lung_met"
    assert mri.keys() == worc_settings.default_settings().keys()


def test_patients_have_safe_ids_and_their_own_beside(exported: Path, study: StudyConfig) -> None:
    patients = _rows(exported / "patients.csv")
    assert [row["patient_id"] for row in patients] == [
        f"P{number}" for number in range(1, N_PATIENTS + 1) if number != 2
    ]
    ids = [row["worc_id"] for row in patients]
    assert all(name.startswith("patient") for name in ids)
    labels = _rows(exported / "labels.csv")
    assert [(row["Patient"], row["lung_met"]) for row in labels] == [
        (row["worc_id"], row["outcome"]) for row in patients
    ]
    semantics = _rows(exported / "semantics.csv")
    assert [row["Patient"] for row in semantics] == ids
    assert semantics[0] == {"Patient": ids[0], "age": "40.0", "grade=low": "0.0"}


def test_splits_are_those_of_a_run(exported: Path, study: StudyConfig) -> None:
    """Drawn over the patients of all arms, with those left out who are not in this one."""
    rows = _rows(exported / "patients.csv")
    users = {row["worc_id"]: row["patient_id"] for row in rows}
    everyone = [f"P{number}" for number in range(1, N_PATIENTS + 1)]
    outcomes = [int(number % 2 == 1) for number in range(1, N_PATIENTS + 1)]
    expected = make_splits(everyone, outcomes, n_splits=3, test_size=0.2, seed=0)
    found = read_splits(exported / "fixedsplits.csv")
    assert len(found) == 3
    for split, drawn in zip(found, expected, strict=True):
        assert [users[name] for name in split.train] == [p for p in drawn.train if p != "P2"]
        assert [users[name] for name in split.test] == [p for p in drawn.test if p != "P2"]


def test_one_label_of_a_segmentation_becomes_a_mask(exported: Path, study: StudyConfig) -> None:
    sources = _rows(exported / "sources.csv")
    assert len(sources) == 2 * (N_PATIENTS - 1)
    for row in sources:
        # Images stay where they are; only the root says where on this machine.
        root = Path((exported / "root.txt").read_text("utf-8").strip())
        assert root == study.cohort.manifest.parent / "images"
        assert "/" not in row["image"]
        assert (root / row["image"]).is_file()
        label = row["modality"] == "MRI"
        mask = (exported if label else root) / row["segmentation"]
        voxels = sitk.GetArrayFromImage(sitk.ReadImage(str(mask)))
        assert set(np.unique(voxels)) == {0, 1}
        assert (row["modality"] == "MRI") == row["segmentation"].startswith("masks/MRI/")


def test_plain_worc_reads_what_we_read(tmp_path: Path) -> None:
    """Masks of any values, and files that ITK would confuse, are written into the export."""
    voxels = np.arange(8 * 6 * 4, dtype=np.int16).reshape(4, 6, 8)
    alone = write_volume(tmp_path / "alone.nii.gz", voxels)
    beside = write_volume(tmp_path / "beside.nii.gz", voxels)
    write_volume(tmp_path / "beside.nii", voxels + 1)
    tumour = (voxels % 3 == 0).astype(np.uint8)
    binary = write_volume(tmp_path / "binary.nii.gz", tumour)
    rounded = write_volume(tmp_path / "rounded.nii.gz", tumour * np.float32(0.9999))
    out = tmp_path / "out"
    assert plain_image(alone, out, Path("images/MRI/a")) == str(alone)
    assert plain_mask(binary, None, out, Path("masks/MRI/a")) == str(binary)
    assert not out.exists()
    image = plain_image(beside, out, Path("images/MRI/b"))
    mask = plain_mask(rounded, 1, out, Path("masks/MRI/b"))
    assert (image, mask) == ("images/MRI/b.nii.gz", "masks/MRI/b.nii.gz")
    for path, expected in ((out / image, voxels), (out / mask, tumour)):
        np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(path))), expected)


def test_script_is_python_and_names_the_arm(exported: Path) -> None:
    script = exported / "run_worc.py"
    text = script.read_text("utf-8")
    compile(text, "run_worc.py", "exec")
    assert "MODALITIES = ['MRI', 'CT']" in text
    assert "STUDY = 'test'\nARM = 'both'\nNAME = 'test_both'\n" in text
    assert "lungmet_worc" not in text.split('"""')[2]
    shown = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, check=True
    )
    assert "--cores" in shown.stdout
    assert not (exported / "home").exists()


def test_whoever_runs_it_hears_that_an_evaluation_may_end_with_an_error(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path / "cohort", 4, ["MRI"])
    said = export._warnings(make_study(manifest, ["MRI"], search='classifiers = ["QDA", "LR"]'))
    assert ["evaluate_worc.py" in note for note in said] == [True]
    assert (
        export._warnings(make_study(manifest, ["MRI"], search='classifiers = ["LDA", "LR"]')) == []
    )


def test_script_says_which_image_has_moved(exported: Path, tmp_path: Path) -> None:
    for path in exported.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, str(tmp_path / "run_worc.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("masks/MRI/")
    assert f"neither in {tmp_path} nor in " in done.stderr
    assert "Correct root.txt, or sources.csv." in done.stderr


def test_script_refuses_a_folder_that_has_a_patients_id_in_its_path(
    exported: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "copy_of_patient00001"
    moved.mkdir()
    (moved / "run_worc.py").write_bytes((exported / "run_worc.py").read_bytes())
    image = next(exported.glob("masks/MRI/*"))
    rows = ["patient,modality,image,segmentation", f"patient00001,MRI,{image},{image}"]
    (moved / "sources.csv").write_text("\n".join(rows), "utf-8")
    done = subprocess.run(
        [sys.executable, str(moved / "run_worc.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Move it." in done.stderr


def test_fingerprint_is_off_where_it_would_undo_the_study(here: None, tmp_path: Path) -> None:
    """Thin slices: WORC's Fingerprinter switches the slow features on again (errata E25)."""
    manifest = write_cohort(tmp_path / "cohort", 12, ["MRI"])
    for path in (manifest.parent / "images").iterdir():
        image = sitk.ReadImage(str(path))
        image.SetSpacing((1.0, 1.0, 1.0))
        sitk.WriteImage(image, str(path))
    study = make_study(manifest, ["MRI"], search="splits = 2")
    export_worc(study, "MRI_only", tmp_path / "plain")
    settings = worc_settings.from_ini((tmp_path / "plain" / "worc_MRI.ini").read_text("utf-8"))
    assert settings["General"]["Fingerprint"] == "False"
    assert settings["ImageFeatures"]["extraction_mode"] == "3D"
    assert settings["ImageFeatures"]["texture_Gabor"] == "False"


def test_ids_that_are_words_of_worcs_paths_are_replaced(here: None, tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path / "cohort", 12, ["MRI"])
    text = manifest.read_text("utf-8")
    for number in range(12, 0, -1):
        text = text.replace(f"\nP{number},", f"\n{'abcdefghijkl'[number - 1]}_x,")
    manifest.write_text(text.replace("\na_x,", "\npredict,"), "utf-8")
    study = make_study(manifest, ["MRI"], search="splits = 2")
    export_worc(study, "MRI_only", tmp_path / "plain")
    names = {row["patient_id"]: row["worc_id"] for row in _rows(tmp_path / "plain/patients.csv")}
    assert names["predict"].startswith("patient")


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ("bot", 'Did you mean "both"'),
        ("volume", "tumour volume"),
        ("imputed", "E4"),
        ("age", "WORC needs images"),
    ],
)
def test_what_plain_worc_cannot_do_is_refused(
    study: StudyConfig, tmp_path: Path, arm: str, message: str
) -> None:
    with pytest.raises(LungmetError, match=message):
        export_worc(study, arm, tmp_path / "plain")
    assert not (tmp_path / "plain").exists()


@pytest.mark.parametrize(
    ("search", "more", "message"),
    [
        ('scoring = "roc_auc"\nensemble = {method = "Caruana"}', "", "E19"),
        ("", '[worc.Ensemble]\nMetric = "generalization"', "E31"),
    ],
)
def test_searches_that_plain_worc_ends_with_an_error_are_refused(
    tmp_path: Path, search: str, more: str, message: str
) -> None:
    study = make_study(write_cohort(tmp_path, 2), search=search, more=more)
    with pytest.raises(LungmetError, match=message):
        export_worc(study, "combined", tmp_path / "plain")


def test_clinical_data_need_predict(tmp_path: Path) -> None:
    more = '[worc.General]\nFeatureCalculators = "[pyradiomics/Pyradiomics:1.0]"'
    study = make_study(write_cohort(tmp_path, 2), arms=ARMS, more=more)
    with pytest.raises(LungmetError, match="PREDICT"):
        export_worc(study, "both", tmp_path / "plain")


def test_nothing_is_written_over(study: StudyConfig, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept", "utf-8")
    with pytest.raises(LungmetError, match=r"is not empty \(mine.txt\)"):
        export_worc(study, "both", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_came_while_the_images_were_read_is_kept(
    study: StudyConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "plain" / "lungmet_scratch" / "mine.txt"
    check = export.check_study

    def slow_check(study: StudyConfig) -> CheckReport:
        mine.parent.mkdir(parents=True)
        mine.write_text("kept", "utf-8")
        return check(study)

    monkeypatch.setattr(export, "check_study", slow_check)
    with pytest.raises(LungmetError, match="Nothing can be written"):
        export_worc(study, "both", tmp_path / "plain")
    assert mine.read_text("utf-8") == "kept"


def test_a_study_with_errors_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    manifest = write_cohort(tmp_path / "cohort", 12, ["MRI"])
    (manifest.parent / "images" / "P3_MRI_image.nii.gz").write_bytes(b"no image")
    study = make_study(manifest, ["MRI"], search="splits = 2")
    with pytest.raises(CohortError) as error:
        export_worc(study, "MRI_only", tmp_path / "plain")
    assert {problem.patient for problem in error.value.problems} == {"P3"}
    assert not (tmp_path / "plain").exists()


def test_command(study: StudyConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study.path is not None
    command = ["export-worc", str(study.path), "--arm", "nobody", "--out", str(tmp_path / "plain")]
    assert main(command) == 1
    assert "no arm" in capsys.readouterr().err


def test_splits_that_plain_worc_cannot_run_are_left_out_and_said(
    here: None, tmp_path: Path
) -> None:
    manifest = write_cohort(tmp_path, N_PATIENTS)
    for patient in ("P2", "P5", "P7", "P12"):
        for column in ("ct_image", "ct_mask"):
            change_cell(manifest, patient, column, "")
    study = make_study(manifest, cohort='patients = "available"', search="splits = 20")
    said: list[str] = []
    folder = tmp_path / "experiment"
    written = export_worc(study, "CT_only", folder, note=said.append)
    assert said[:1] == [
        "Split 14 of the study is left out, since the arm cannot be tested there and plain WORC "
        "would end with an error; the others are numbered anew. See untested.csv."
    ]
    assert folder / "untested.csv" in written
    (left_out,) = _rows(folder / "untested.csv")
    assert (left_out["split"], left_out["reason"]) == ("13", "nobody")
    splits = read_splits(folder / "fixedsplits.csv")
    assert [split.index for split in splits] == list(range(19))
    assert all(split.test and split.train for split in splits)
    settings = worc_settings.from_ini((folder / "worc_CT.ini").read_text("utf-8"))
    assert settings["CrossValidation"]["N_iterations"] == "19"


def test_an_arm_that_is_tested_everywhere_says_nothing(
    study: StudyConfig, here: None, tmp_path: Path
) -> None:
    said: list[str] = []
    export_worc(study, "both", tmp_path / "experiment", note=said.append)
    assert [text for text in said if "left out" in text] == []
