from __future__ import annotations

import csv
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from lungmet_worc import Study
from lungmet_worc.basics.errors import LungmetError
from lungmet_worc.checks.study import check_study
from lungmet_worc.cli.init import init_study
from lungmet_worc.study import config
from lungmet_worc.study.run_config import RunConfig
from lungmet_worc.study.search_config import SearchConfig
from lungmet_worc.study.sources.images import ImageSource
from lungmet_worc.study.study_file import load_study


def test_writes_a_study_that_loads(tmp_path: Path) -> None:
    written = init_study(tmp_path / "new" / "study")
    assert [path.name for path in written] == ["manifest.csv", "study.toml", "run_study.py"]
    study = load_study(tmp_path / "new" / "study" / "study.toml")
    assert list(study.arms) == ["MRI", "CT", "combined"]
    assert study.cohort.manifest == written[0]


def test_check_says_what_to_fill_in(tmp_path: Path) -> None:
    init_study(tmp_path)
    report = check_study(load_study(tmp_path / "study.toml"))
    assert not report.ok
    missing = {problem.file for problem in report.problems if problem.patient == "EXAMPLE_1"}
    assert "images/EXAMPLE_1/mri.nii.gz" in missing
    assert "images/EXAMPLE_1/ct_tumour.nii.gz" in missing


def test_defaults_in_the_comments_are_the_defaults(tmp_path: Path) -> None:
    init_study(tmp_path)
    plain = tmp_path / "study.toml"
    text, changed = re.subn(r"(?m)^#(?=[a-z_]+ = )", "", plain.read_text())
    assert changed >= 12
    (tmp_path / "spelled_out.toml").write_text(text)
    without = {"path": None}
    spelled_out = load_study(tmp_path / "spelled_out.toml").model_copy(update=without)
    assert spelled_out == load_study(plain).model_copy(update=without)


def fields(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


@pytest.mark.parametrize(
    ("table", "model"),
    [
        ("cohort", config.CohortConfig),
        ("modalities", ImageSource),
        ("arms", config.ArmConfig),
        ("search", SearchConfig),
        ("clinical", config.ClinicalConfig),
        ("statistics", config.StatisticsConfig),
        ("report", config.ReportConfig),
        ("run", RunConfig),
    ],
)
def test_every_key_is_explained(tmp_path: Path, table: str, model: type[BaseModel]) -> None:
    init_study(tmp_path)
    text = (tmp_path / "study.toml").read_text()
    sections = re.split(r"(?m)^#?\s*\[(?=[a-z])", text)
    own = "".join(section for section in sections if section.startswith(table))
    assert {key for key in fields(model) if not re.search(rf"\b{key}\b", own)} == set()


def test_never_writes_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("mine")
    with pytest.raises(LungmetError) as caught:
        init_study(tmp_path)
    assert [problem.file for problem in caught.value.problems] == ["study.toml"]
    assert (tmp_path / "study.toml").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(LungmetError, match="cannot be written"):
        init_study(tmp_path / "taken")


def test_manifest_columns_are_those_of_the_study_file(tmp_path: Path) -> None:
    manifest, study_file, _ = init_study(tmp_path)
    study = load_study(study_file)
    with manifest.open(newline="") as file:
        columns = set(next(csv.reader(file)))
    named = {study.outcome, study.cohort.patient_id}
    for modality in study.modalities.values():
        named |= {modality.image, modality.segmentation}
    assert named <= columns


def test_script_runs_the_study_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = init_study(tmp_path)[2]
    started: list[Any] = []

    def run(study: Study, out: Path) -> SimpleNamespace:
        started.append((study.config.path, out))
        return SimpleNamespace(performance="P", comparison="C", report=lambda: "report.html")

    monkeypatch.setattr(Study, "run", run)
    runpy.run_path(str(script), run_name="__main__")
    assert started == [(tmp_path / "study.toml", tmp_path / "run")]
    assert capsys.readouterr().out == "P\nC\nReport: report.html\n"
