"""The whole path on tiny images: run, resume, stages, failures, other numbers of cores."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk

from lungmet_worc import Run, Study
from lungmet_worc.basics.errors import (
    CohortError,
    ResultsError,
    RunFolderError,
    StorageError,
    TaskFailedError,
)
from lungmet_worc.basics.stamped_files import read_stamp
from lungmet_worc.cli.run_summary import summary_text
from lungmet_worc.tasks.engines.local import LocalEngine
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.stage import Part, Stage
from lungmet_worc.worc.acceleration import checked
from lungmet_worc.worc.storage import read_features, read_matrix, read_result
from tests.synthetic import change_cell

pytestmark = [pytest.mark.worc, pytest.mark.slow]

TABLES = ("performance", "splits", "patients", "comparison")


class Recorder:
    """Remembers what a run told."""

    def __init__(self) -> None:
        self.ran: dict[str, int] = {}
        self.notes: list[str] = []
        self._stage = ""

    def start(self, stage: Stage, total: int, fresh: int) -> None:
        self._stage = stage.name
        self.ran.setdefault(stage.name, 0)

    def advance(self, label: str) -> None:
        self.ran[self._stage] += 1

    def finish(self) -> None:
        pass

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def copied(small_study: Path, small_run: Run, tmp_path: Path) -> tuple[Path, Path]:
    """Return a study and a finished run that a test may change."""
    shutil.copytree(small_study.parent, tmp_path / "study")
    shutil.copytree(small_run.paths.folder, tmp_path / "run")
    return tmp_path / "study" / small_study.name, tmp_path / "run"


def table_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "tables").iterdir())}


def results(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return when each result was written, and what it holds."""
    files = [
        folder / "report.html",
        *(folder / "tables").iterdir(),
        *(folder / "figures").iterdir(),
    ]
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_every_promised_file_is_there(small_run: Run) -> None:
    paths = small_run.paths
    written = {path.name for path in paths.tables.iterdir()}
    kinds = ("csv", "xlsx", "md", "tex")
    assert {f"{name}.{kind}" for name in TABLES for kind in kinds} < written
    # What has no rows, such as permutations that were not asked for, has no file.
    given = {"thresholds", "confusion", "calibration", "features", "paper"}
    assert {f"{name}.{kind}" for name in given for kind in kinds} < written
    assert {"study_tables.xlsx"} < written
    assert "permutations.csv" not in written
    assert paths.report.exists()
    assert paths.log.exists()
    assert paths.splits.exists()
    assert paths.features("MRI", "P1").exists()
    for arm in ("MRI_only", "CT_only", "combined"):
        assert paths.labels(arm).exists()
        assert json.loads(paths.performance(arm).read_text())["Statistics"]
        assert [paths.split(arm, index).exists() for index in range(3)] == [True] * 3
    assert paths.settings("combined", "MRI").exists()
    assert paths.settings("combined", "CT").exists()
    assert not paths.scratch.exists()


def test_tables_have_the_promised_columns(small_run: Run) -> None:
    assert list(small_run.performance.columns) == [
        "arm", "metric", "mean", "ci_low", "ci_high", "n_splits", "n_patients", "n_events",
    ]  # fmt: skip
    assert list(small_run.comparison.columns) == [
        "arm_a", "arm_b", "metric", "difference", "ci_low", "ci_high", "p_value", "p_adjusted",
        "test", "n_patients",
    ]  # fmt: skip
    assert set(small_run.splits["arm"]) == {"MRI_only", "CT_only", "combined"}


def test_run_json_says_what_was_run(small_run: Run, small_study: Path) -> None:
    state = json.loads(small_run.paths.run_json.read_text())
    assert state["study"]["search"]["splits"] == 3
    assert state["versions"]["WORC"] == "3.7.0"
    assert len(set(state["seeds"]["searches"].values())) == 3
    image = small_study.parent / "images" / "P1_MRI_image.nii.gz"
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    assert state["inputs"]["MRI"]["P1"]["image"] == digest
    assert [number for number, _ in state["errata"]][:2] == ["E1", "E2"]
    assert list(state["order"]) == ["MRI_only", "CT_only", "combined"]
    task = state["tasks"]["search/combined/2"]
    assert task["without_score"] == read_result(small_run.paths.split("combined", 2))["causes"]
    assert task["state"] == "done"
    assert task["seconds"] > 0
    assert task["stamp"] == read_stamp(small_run.paths.split("combined", 2))


def test_arms_share_their_splits(small_run: Run) -> None:
    for index in range(3):
        results = [
            read_result(small_run.paths.split(arm, index))
            for arm in ("MRI_only", "CT_only", "combined")
        ]
        assert results[0]["test"] == results[1]["test"] == results[2]["test"]
        assert not set(results[0]["train"]) & set(results[0]["test"])


def test_features_of_an_arm_name_toolbox_feature_and_modality(small_run: Run) -> None:
    mri = read_features(small_run.paths.features("MRI", "P1"))
    ct = read_features(small_run.paths.features("CT", "P1"))
    row = read_matrix(small_run.paths.matrix("combined")).loc["P1"]
    assert len(row) == len(mri) + len(ct)
    name = "PREDICT_original_hf_mean"
    assert row[f"{name}_MRI"] == mri[name]
    assert row[f"{name}_CT"] == ct[name]


def test_modalities_have_settings_of_their_own(small_run: Run) -> None:
    """Errata E1: MRI is normalised, CT is not."""
    mri = small_run.paths.settings("combined", "MRI").read_text()
    ct = small_run.paths.settings("combined", "CT").read_text()
    assert "Normalize = True" in mri
    assert "Normalize = False" in ct
    assert "image_type = CT" in ct


def test_users_ids_are_everywhere(small_run: Run) -> None:
    """Errata E5: P1 and P10 are told apart inside, and keep their names outside."""
    assert set(small_run.patients["patient_id"]) <= {f"P{number}" for number in range(1, 21)}
    assert "patient00001" in small_run.paths.labels("combined").read_text()
    rankings = json.loads(small_run.paths.performance("combined").read_text())["Rankings"]
    assert set(rankings["Percentages"]) == set(small_run.patients["patient_id"])


def test_worcs_evaluation_agrees_with_the_tables(small_run: Run) -> None:
    worc = json.loads(small_run.paths.performance("MRI_only").read_text())["All_performances"]
    splits = small_run.splits[small_run.splits["arm"] == "MRI_only"]
    assert worc["AUC"] == pytest.approx(list(splits["auc"]), abs=1e-6)
    assert worc["BCA"] == pytest.approx(list(splits["bca"]), abs=1e-6)
    assert worc["F1-score"] == pytest.approx(list(splits["f1_weighted"]), abs=1e-6)


def test_nothing_private_is_written(small_run: Run, small_study: Path) -> None:
    files = [
        small_run.paths.run_json,
        small_run.paths.report,
        *small_run.paths.tables.glob("*.csv"),
    ]
    for path in files:
        text = path.read_text("utf-8")
        assert str(small_study.parent) not in text
        assert str(small_run.paths.folder) not in text
    page = small_run.paths.report.read_text("utf-8")
    assert "http" not in page.replace("https://doi.org", "").replace("http-equiv", "")


def test_a_run_folder_holds_what_is_promised_and_no_more(small_run: Run) -> None:
    """Errata E14: what WORC and fastr write on import went with the scratch folder."""
    written = {path.name for path in small_run.paths.folder.iterdir()}
    assert written == {
        "run.json", "log.txt", "splits.csv", "features", "arms", "tables", "figures",
        "report.html", "report_files.json", "inspections.json", "made_from.json", "lungmet.json",
        "patients.json", ".lock",
    }  # fmt: skip


@pytest.mark.parametrize("only", [None, "report"])
def test_second_run_does_nothing_and_changes_nothing(
    copied: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, only: Part | None
) -> None:
    study, run = copied
    before, recorder = results(run), Recorder()
    monkeypatch.delattr(LocalEngine, "_start")  # no process is needed
    Study.from_toml(study).run(run, cores=1, progress=recorder, only=only)
    stages = ("fingerprint", "extraction", "settings", "search") if only is None else ()
    assert recorder.ran == {"check": 1} | dict.fromkeys((*stages, "evaluation", "report"), 0)
    assert results(run) == before


def test_other_versions_than_were_checked_are_said(
    copied: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, run = copied
    monkeypatch.setattr(checked, "CHECKED", {"search": {"WORC": "3.6.3"}})
    recorder = Recorder()
    Study.from_toml(study).run(run, cores=1, progress=recorder)
    said = "The search runs at WORC's own speed"
    assert [note.startswith(said) for note in recorder.notes] == [True]
    assert "WORC 3.7.0, not 3.6.3" in recorder.notes[0]
    assert said in RunPaths(run).log.read_text("utf-8")


def test_nothing_to_do_loads_nothing_heavy(copied: tuple[Path, Path]) -> None:
    study, run = copied
    code = (
        "import sys; from lungmet_worc.imaging import inspection_cache\n"
        "from lungmet_worc.cli import main\n"
        "inspection_cache.SETTLED = 0  # the images are new\n"
        "assert main(['run', *sys.argv[1:], '--cores', '1']) == 0\n"
        "heavy = {'WORC', 'fastr', 'PREDICT', 'radiomics', 'SimpleITK', 'matplotlib', 'jinja2',"
        " 'openpyxl', 'loky'}\n"
        "print('heavy:', heavy & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(study), "--out", str(run)]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)
    )
    assert "SimpleITK" in first.stdout  # the copies of the images had to be read
    assert "heavy: set()" in second.stdout
    shown, _, _ = second.stdout.partition("heavy:")
    answer = summary_text(Run(run))
    assert answer in first.stdout
    assert answer in shown
    assert 'Study "test": Complete.' in shown
    assert "Report: " in shown
    assert "1 of 1, already done" in second.stderr


@pytest.mark.parametrize("name", ["tables/performance.md", "figures/roc.png", "report.html"])
@pytest.mark.parametrize("change", ["altered", "missing"])
def test_an_altered_or_missing_result_is_written_again(
    copied: tuple[Path, Path], name: str, change: str
) -> None:
    study, run = copied
    before, recorder = (run / name).read_bytes(), Recorder()
    if change == "altered":
        (run / name).write_bytes(before + b" ")
    else:
        (run / name).unlink()
    Study.from_toml(study).run(run, cores=1, progress=recorder)
    assert (recorder.ran["search"], recorder.ran["report"]) == (0, 1)
    assert (run / name).read_bytes() == before
    kept = [path for path in (run / "old").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == ([Path(name).name] if change == "altered" else [])
    assert all(path.read_bytes() == before + b" " for path in kept)


def test_another_name_changes_the_report_alone(copied: tuple[Path, Path]) -> None:
    study, run = copied
    study.write_text(study.read_text().replace('name = "test"', 'name = "renamed study"'))
    recorder = Recorder()
    Study.from_toml(study).run(run, cores=1, progress=recorder)
    assert (recorder.ran["extraction"], recorder.ran["search"], recorder.ran["report"]) == (0, 0, 1)
    assert "renamed study" in (run / "report.html").read_text("utf-8")
    assert [path.name for path in (run / "old").glob("*/*")] == ["report.html"]


def test_only_what_is_missing_is_done_again(copied: tuple[Path, Path]) -> None:
    study, run = copied
    before, recorder = table_bytes(run), Recorder()
    RunPaths(run).split("CT_only", 1).unlink()
    RunPaths(run).features("MRI", "P3").unlink()
    Study.from_toml(study).run(run, cores=1, progress=recorder)
    assert (recorder.ran["extraction"], recorder.ran["search"]) == (1, 1)
    assert table_bytes(run) == before


def test_other_number_of_cores_gives_the_same_tables(
    copied: tuple[Path, Path], small_run: Run
) -> None:
    study, run = copied
    shutil.rmtree(run)
    Study.from_toml(study).run(run, cores=1)
    assert table_bytes(run) == table_bytes(small_run.paths.folder)


def test_acceleration_changes_no_table(copied: tuple[Path, Path], small_run: Run) -> None:
    study, run = copied
    study.write_text(study.read_text() + "\n[run]\naccelerate = false\n")
    recorder = Recorder()
    Study.from_toml(study).run(run, cores=1, progress=recorder)
    assert recorder.ran["extraction"] == recorder.ran["search"] == 0  # it is in no stamp
    assert recorder.ran["evaluation"] == 0
    shutil.rmtree(run / "features")
    shutil.rmtree(run / "arms")
    Study.from_toml(study).run(run, cores=2, progress=recorder)
    assert recorder.ran["search"] == 9
    assert table_bytes(run) == table_bytes(small_run.paths.folder)


def test_a_changed_mask_makes_only_its_arms_stale(copied: tuple[Path, Path]) -> None:
    study, run = copied
    images = study.parent / "images"
    other = read_stamp(RunPaths(run).split("MRI_only", 0))
    before = table_bytes(run)
    recorder = Recorder()
    mask = sitk.ReadImage(str(images / "P2_CT_mask.nii.gz"))
    grown = sitk.BinaryDilate(mask, [1, 1, 0])
    sitk.WriteImage(sitk.Cast(grown, mask.GetPixelID()), str(images / "P2_CT_mask.nii.gz"))
    planned = [each.sentence for each in Study.from_toml(study).plan(run, cores=1).stale]
    assert "search, 6 tasks (CT_only, combined): the CT mask of P2 changed" in planned
    Study.from_toml(study).run(run, cores=2, progress=recorder)
    assert recorder.ran["extraction"] == 1
    assert recorder.ran["search"] == 6  # CT_only and combined, three splits each
    assert read_stamp(RunPaths(run).split("MRI_only", 0)) == other
    (old,) = (run / "old").iterdir()
    assert [note for note in recorder.notes if f"kept in old/{old.name}" in note]
    assert {path.name for path in (old / "arms").iterdir()} == {"CT_only", "combined"}
    assert len(list(old.glob("arms/*/splits/*.hdf5"))) == 6
    assert [path.name for path in old.glob("features/*/*.hdf5")] == ["P2.hdf5"]
    assert (old / "tables" / "performance.csv").read_bytes() == before["performance.csv"]
    assert (old / "report.html").exists()
    record = json.loads((run / "made_from.json").read_text())
    tasks = json.loads((run / "run.json").read_text())["tasks"]
    assert set(record["stamps"]) == {entry["stamp"] for entry in tasks.values()}


@pytest.mark.parametrize("stage", ["search", "report"])
def test_one_stage_needs_the_ones_before(small_study: Path, tmp_path: Path, stage: str) -> None:
    with pytest.raises(ResultsError, match="extraction is not complete"):
        Study.from_toml(small_study).run(tmp_path / "run", only=stage, cores=2)  # type: ignore[arg-type]


def test_stages_one_by_one(copied: tuple[Path, Path], small_run: Run) -> None:
    study, run = copied
    shutil.rmtree(run / "arms")
    shutil.rmtree(run / "tables")
    recorder = Recorder()
    Study.from_toml(study).run(run, only="search", cores=2, progress=recorder)
    assert recorder.ran["search"] == 9
    assert not (run / "tables").exists()
    Study.from_toml(study).run(run, only="report", cores=2)
    assert table_bytes(run) == table_bytes(small_run.paths.folder)


def test_a_locked_folder_is_refused(copied: tuple[Path, Path]) -> None:
    study, run = copied
    with locked(RunPaths(run)), pytest.raises(RunFolderError, match="Another run works"):
        Study.from_toml(study).run(run, cores=1)


def broken_extraction(copied: tuple[Path, Path], more: str) -> tuple[Study, Path]:
    """Return a study with a setting that WORC fails on for every patient of one modality."""
    study, run = copied
    text = study.read_text().replace(
        'image_type = "CT"', 'image_type = "CT"\nworc.ImageFeatures.GLCM_levels = "1.5"'
    )
    study.write_text(text + more)
    shutil.rmtree(run)
    return Study.from_toml(study), run


def test_a_failed_extraction_stops_with_its_cause(copied: tuple[Path, Path]) -> None:
    study, run = broken_extraction(copied, "")
    with pytest.raises(TaskFailedError) as caught:
        study.run(run, cores=2)
    assert caught.value.exit_code == 3
    assert "invalid literal for int() with base 10: '1.5'" in str(caught.value)
    assert "on_error" in str(caught.value)
    digest = Run(run).digest()
    assert digest.ending == "failed"
    assert [arm.n_patients for arm in digest.arms] == [20, 20, 20]
    assert "'1.5'" in digest.failed[0].what
    assert "Traceback" in (run / "log.txt").read_text()


def test_all_failures_are_told_at_once_and_nothing_else_is_lost(
    copied: tuple[Path, Path],
) -> None:
    study, run = broken_extraction(copied, "")
    with pytest.raises(TaskFailedError) as caught:
        study.run(run, cores=2)
    assert caught.value.message.startswith("20 tasks of the stage extraction failed.")
    assert len(caught.value.problems) == 1  # each cause once
    assert all(f"P{number} CT" in caught.value.problems[0].what for number in range(1, 21))
    assert len(list((run / "features" / "MRI").glob("*.hdf5"))) == 20


class Changing(Recorder):
    """Changes an image when the extraction begins."""

    def __init__(self, image: Path, content: bytes) -> None:
        super().__init__()
        self.image, self.content = image, content

    def start(self, stage: Stage, total: int, fresh: int) -> None:
        super().start(stage, total, fresh)
        if stage.name == "extraction":
            self.image.write_bytes(self.content)


def test_an_image_that_changes_during_the_run_is_no_bad_patient(
    copied: tuple[Path, Path],
) -> None:
    study, run = copied
    study.write_text(study.read_text() + '\n[run]\non_error = "exclude-patient"\n')
    images = study.parent / "images"
    for name in ("P3", "P4"):
        RunPaths(run).features("MRI", name).unlink()
    before = read_stamp(RunPaths(run).features("MRI", "P5"))
    image = images / "P3_MRI_image.nii.gz"
    sitk.WriteImage(sitk.ReadImage(str(image)) + 7, str(images / "new.nii.gz"))
    changing = Changing(image, (images / "new.nii.gz").read_bytes())
    with pytest.raises(TaskFailedError) as caught:
        Study.from_toml(study).run(run, cores=2, progress=changing)
    assert caught.value.exit_code == 3
    assert "MRI image of P3 changed while the study ran; run again" in str(caught.value)
    assert not RunPaths(run).features("MRI", "P3").exists()
    assert RunPaths(run).features("MRI", "P4").exists()
    recorder = Recorder()
    finished = Study.from_toml(study).run(run, cores=2, progress=recorder)
    assert recorder.ran["extraction"] == 1
    assert "P3" in read_matrix(finished.paths.matrix("combined")).index
    assert finished.digest().left_out == ()
    assert read_stamp(RunPaths(run).features("MRI", "P5")) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_fills_up_in_the_main_process(
    copied: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    study, run = copied
    before = table_bytes(run)

    def full(*args: object, **options: object) -> None:
        raise OSError(number, os.strerror(number), str(run / "x"))

    RunPaths(run).report.unlink()
    with monkeypatch.context() as patched:
        patched.setattr("lungmet_worc.pipeline.results.write_results", full)
        with pytest.raises(StorageError, match="Nothing more can be written") as caught:
            Study.from_toml(study).run(run, cores=1)
    assert str(run) in caught.value.message
    with monkeypatch.context() as patched:
        patched.setattr("lungmet_worc.pipeline.pipeline.write_state", full)
        with pytest.raises(StorageError):
            Study.from_toml(study).run(run, cores=1)
    Study.from_toml(study).run(run, cores=1)
    assert table_bytes(run) == before


def test_errors_of_images_stop_before_anything_is_computed(copied: tuple[Path, Path]) -> None:
    study, run = copied
    change_cell(study.parent / "manifest.csv", "P5", "mri_image", "images/nowhere.nii.gz")
    shutil.rmtree(run)
    with pytest.raises(CohortError) as caught:
        Study.from_toml(study).run(run, cores=1)
    assert "nowhere.nii.gz" in str(caught.value)
    assert not (run / "features").exists()


def test_a_broken_patient_is_left_out_when_asked(copied: tuple[Path, Path]) -> None:
    study, run = copied
    (study.parent / "images" / "P5_MRI_image.nii.gz").write_bytes(b"broken")
    study.write_text(study.read_text() + '\n[run]\non_error = "exclude-patient"\n')
    finished = Study.from_toml(study).run(run, cores=2)
    assert "P5" not in set(finished.patients["patient_id"])
    digest = finished.digest()
    assert digest.ending == "complete"
    assert {(arm.n_patients, arm.n_left_out) for arm in digest.arms} == {(19, 1)}
    (cause,) = digest.left_out
    assert cause.patients == ("P5",)
    assert cause.what.startswith("P5, MRI: ")
    assert "P5" in finished.report().read_text("utf-8")


def test_how_far_a_finished_run_is(small_run: Run) -> None:
    digest = small_run.digest()
    assert digest.ending == "complete"
    assert {arm.arm: (arm.n_patients, arm.n_events, arm.n_left_out) for arm in digest.arms}[
        "combined"
    ] == (20, 10, 0)
    (search,) = (pace for pace in small_run.paces() if pace.stage == "search")
    assert (search.done, search.to_do, search.failed) == (9, 0, 0)
