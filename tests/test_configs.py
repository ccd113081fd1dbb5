"""The study files of configs/ and the scripts of experiments/."""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lungmet_worc import Study
from lungmet_worc.checks.study import check_study
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.study_file import load_study
from tests.synthetic import read_rows, write_cohort, write_rows, write_study

ROOT = Path(__file__).parents[1]
# File -> arms and preset.
CONFIGS = {
    "mri": (["MRI"], "coarse"),
    "ct": (["CT"], "coarse"),
    "combined": (["combined"], "coarse"),
    "compare": (["MRI", "CT", "combined"], "coarse"),
    "clinical": (["clinical", "MRI", "MRI_clinical"], "coarse"),
    "smoke": (["MRI", "CT", "combined"], "smoke"),
    "overnight": (["MRI", "CT", "combined"], "full"),
}
EXPERIMENTS = {
    "mri_only": ["MRI"],
    "ct_only": ["CT"],
    "combined": ["combined"],
    "compare": ["MRI", "CT", "combined"],
}


def test_every_file_is_listed_here() -> None:
    assert {path.stem for path in (ROOT / "configs").iterdir()} == set(CONFIGS)
    assert {path.stem for path in (ROOT / "experiments").glob("*.py")} == {
        *EXPERIMENTS,
        "overnight",  # see test_overnight.py
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_config_fits_a_cohort_without_a_change(name: str, demo_study: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_study.parent, tmp_path / "cohort")
    path = tmp_path / "cohort" / f"{name}.toml"
    shutil.copy(ROOT / "configs" / f"{name}.toml", path)
    study = load_study(path)
    assert study.name == name
    assert (list(study.arms), study.search.preset) == CONFIGS[name]
    report = check_study(study)
    assert report.problems == ()
    assert all(len(patients) == 24 for patients in report.cohort.arms.values())


def test_overnight_goes_on_without_a_patient() -> None:
    assert load_study(ROOT / "configs" / "overnight.toml").run.on_error == "exclude-patient"


def test_compare_and_smoke_ask_the_same_question() -> None:
    def question(study: StudyConfig) -> Any:
        return study.modalities, study.arms, study.outcome

    studies = [load_study(ROOT / "configs" / f"{name}.toml") for name in ("compare", "smoke")]
    assert question(studies[0]) == question(studies[1])


def started(
    name: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[object, StudyConfig, Path]:
    """Run a script up to its run; return its exit status and what it would run where."""
    runs: list[tuple[StudyConfig, Path]] = []

    def run(study: Study, out: Path) -> SimpleNamespace:
        runs.append((study.config, out))
        table = pd.DataFrame({"arm": list(study.config.arms)})
        return SimpleNamespace(performance=table, comparison=table, report=lambda: "report.html")

    monkeypatch.setattr(Study, "run", run)
    monkeypatch.setattr("sys.argv", [name, *words])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "experiments" / f"{name}.py"), run_name="__main__")
    return (ended.value.code, *runs[0])


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment_builds_its_study_and_shows_the_result(
    name: str,
    demo_study: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = demo_study.parent / "manifest.csv"
    words = [str(manifest), "--preset", "smoke", "--out", "somewhere"]
    code, study, out = started(name, words, monkeypatch)
    assert code == 0
    assert list(study.arms) == EXPERIMENTS[name]
    assert study.cohort.manifest == manifest.resolve()
    assert study.search.preset == "smoke"
    assert out == Path("somewhere")
    assert check_study(study).problems == ()
    assert capsys.readouterr().out.endswith("Report: report.html\n")


OWN_TABLE = [
    *("--outcome", "meta", "--id", "pat", "--mri-image", "T1", "--mri-segmentation", "tumour"),
]


def test_experiment_on_a_table_with_other_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = read_rows(write_cohort(tmp_path, 12, ["MRI"]))
    names = {"patient_id": "pat", "lung_met": "meta", "mri_image": "T1", "mri_mask": "tumour"}
    renamed = [{names.get(column, column): text for column, text in row.items()} for row in rows]
    manifest = write_rows(tmp_path / "table.csv", renamed)
    _, study, _ = started("mri_only", [str(manifest), *OWN_TABLE], monkeypatch)
    report = check_study(study)
    assert report.ok
    assert [len(ids) for ids in report.cohort.arms.values()] == [12]


def test_experiment_takes_all_but_its_question_from_a_study_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_study(write_cohort(tmp_path, 12), search="splits = 7")
    text = path.read_text().replace("[modalities.MRI]", "[modalities.T1]")
    path.write_text(text.replace("'MRI'", "'T1'"))
    _, study, _ = started("compare", ["--study", str(path)], monkeypatch)
    assert {name: arm.modalities for name, arm in study.arms.items()} == {
        "MRI": ("T1",),
        "CT": ("CT",),
        "combined": ("T1", "CT"),
    }
    assert (study.outcome, study.search.splits) == ("lung_met", 7)
    _, study, _ = started("ct_only", ["--study", str(path)], monkeypatch)
    assert list(study.modalities) == ["CT"]
    assert check_study(study).ok


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["none.csv"], 1, "There is no such file."),
        (["--study", "none.toml"], 1, "There is no study file"),
        (["a.csv", "--study", "b.toml", "--id", "pat"], 2, "in place of: manifest, id"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    words: list[str], code: int, said: str, tmp_path: Path
) -> None:
    script = ROOT / "experiments" / "mri_only.py"
    ran = subprocess.run(
        [sys.executable, str(script), *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == code
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_study_file_without_such_a_modality(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_study(write_cohort(tmp_path, 12, ["CT"]), ["CT"])
    monkeypatch.setattr("sys.argv", ["mri_only", "--study", str(path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "experiments" / "mri_only.py"), run_name="__main__")
    assert ended.value.code == 1
    assert "0 modalities that may be MRI" in capsys.readouterr().err
