"""The study files of configs/ and the scripts of experiments/."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lungmet_worc import Study
from lungmet_worc.checks.study import check_study
from lungmet_worc.config import StudyConfig
from lungmet_worc.study_file import load_study

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


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiment_builds_its_study_and_shows_the_result(
    name: str,
    demo_study: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started: list[tuple[StudyConfig, Path]] = []

    def run(study: Study, out: Path) -> SimpleNamespace:
        started.append((study.config, out))
        table = pd.DataFrame({"arm": list(study.config.arms)})
        return SimpleNamespace(performance=table, comparison=table, report=lambda: "report.html")

    monkeypatch.setattr(Study, "run", run)
    manifest = demo_study.parent / "manifest.csv"
    arguments = [name, str(manifest), "--preset", "smoke", "--out", "somewhere"]
    monkeypatch.setattr("sys.argv", arguments)
    runpy.run_path(str(ROOT / "experiments" / f"{name}.py"), run_name="__main__")
    (study, out) = started[0]
    assert list(study.arms) == EXPERIMENTS[name]
    assert study.cohort.manifest == manifest.resolve()
    assert study.search.preset == "smoke"
    assert out == Path("somewhere")
    assert check_study(study).problems == ()
    assert capsys.readouterr().out.endswith("Report: report.html\n")
