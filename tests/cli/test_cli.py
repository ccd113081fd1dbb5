"""The commands as a user meets them: what they print and their exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lungmet_worc import Run
from lungmet_worc.basics.errors import Problem, TaskFailedError
from lungmet_worc.cli import COMMANDS, main
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import write_state
from tests.analyses.run.test_digest import make_state
from tests.synthetic import change_cell, write_cohort, write_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(write_cohort(tmp_path, 20), search="splits = 3\ncandidates = 6")


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from lungmet_worc.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'WORC', 'fastr', 'PREDICT', 'numpy', 'pandas', 'matplotlib', 'sklearn'}\n"
        "print('heavy:', heavy & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert all(f"    {name}" in printed for name in COMMANDS)
    assert "heavy: set()" in printed


@pytest.mark.parametrize(
    "words", [["chekc"], ["run", "study.toml"], ["demo", "--cores", "0"], ["compare"]]
)
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_no_command_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "lungmet init" in capsys.readouterr().out


def test_check_of_a_good_study_is_0(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(study), "--cores", "1"]) == 0
    assert "20 patients" in capsys.readouterr().out


def test_check_lists_all_problems_and_is_1(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change_cell(study.parent / "manifest.csv", "P3", "lung_met", "perhaps")
    change_cell(study.parent / "manifest.csv", "P7", "ct_image", "images/gone.nii.gz")
    assert main(["check", str(study), "--cores", "1", "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    errors = {(p["patient"], p["row"], p["column"]) for p in problems if p["severity"] == "error"}
    assert {("P3", 4, "lung_met"), ("P7", 8, "ct_image")} <= errors
    assert all(p["remedy"] for p in problems)


def test_check_of_a_broken_study_file_is_json_too(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study.write_text(study.read_text().replace("candidates", "candidate"))
    assert main(["check", str(study), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert report["problems"][0]["remedy"] == 'Did you mean "candidates"?'


def test_errors_are_sentences_and_no_tracebacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tmp_path / "no.toml"), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "There is no study file" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_run_refuses_a_broken_study_before_anything_runs(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_cell(study.parent / "manifest.csv", "P7", "ct_image", "images/gone.nii.gz")
    assert main(["run", str(study), "--out", str(tmp_path / "out"), "--cores", "1"]) == 1
    said = capsys.readouterr().err
    assert "gone.nii.gz" in said
    assert "P7" in said
    assert not (tmp_path / "out" / "features").exists()


def test_plan_says_what_is_missing(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(study), "--out", str(tmp_path / "out"), "--cores", "1"]) == 0
    printed = capsys.readouterr().out
    lines = {line.split()[0]: line.split() for line in printed.splitlines() if line}
    assert lines["extraction"][1:4] == ["0", "40", "0"]
    assert lines["search"][1:4] == ["0", "9", "0"]
    assert "In all about" in printed
    assert not (tmp_path / "out").exists()


def test_plan_needs_no_folder(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["plan", str(study), "--cores", "1"]) == 0
    printed = capsys.readouterr().out
    assert "on 1 core." in printed
    assert "This is a new run." in printed
    assert sorted(tmp_path.rglob("*")) == before


def test_plan_of_what_cannot_run_lists_what_is_wrong(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_cell(study.parent / "manifest.csv", "P3", "lung_met", "perhaps")
    assert main(["plan", str(study), "--cores", "1"]) == 1
    said = capsys.readouterr().err
    assert "The study cannot be run: 1 problem." in said
    assert "perhaps" in said


@pytest.mark.worc
@pytest.mark.slow
def test_status_plan_and_compare_of_a_finished_run(
    small_study: Path, small_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(small_run.paths.folder)
    assert main(["status", folder]) == 0
    assert 'Study "test": Complete.' in capsys.readouterr().out
    assert main(["status", folder, "--watch"]) == 0  # it ends, since the run has
    assert "search 9 0 0" in " ".join(capsys.readouterr().out.split())
    assert main(["plan", str(small_study), "--out", folder, "--cores", "1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert ["search", "9", "0", "0"] in [line[:4] for line in lines]
    assert main(["compare", folder]) == 0
    assert "AUC" in capsys.readouterr().out
    assert main(["compare", folder, "--out", str(small_run.paths.folder)]) == 1
    assert "is the folder of a run" in capsys.readouterr().err


def test_status_of_no_run_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(tmp_path)]) == 1
    assert "no run in" in capsys.readouterr().err


def test_compare_of_an_unfinished_run_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_state(RunPaths(tmp_path), {})
    assert main(["compare", str(tmp_path)]) == 1
    assert "no table performance yet" in capsys.readouterr().err


def test_init_lays_out_a_study_and_does_not_overwrite_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert main(["init", str(folder)]) == 0
    assert {path.name for path in folder.iterdir()} >= {"manifest.csv", "study.toml"}
    capsys.readouterr()
    assert main(["init", str(folder)]) == 1
    assert "manifest.csv" in capsys.readouterr().err


def test_an_unexpected_error_is_said_as_a_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(folder: Path, **options: str) -> None:
        message = "boom"
        raise KeyError(message)

    monkeypatch.setattr("lungmet_worc.cli.init.init_study", broken)
    assert main(["init", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "defect of lungmet_worc" in said
    assert "Traceback" not in said
    with pytest.raises(KeyError):
        main(["init", str(tmp_path), "--debug"])


def test_a_failed_run_prints_its_digest_and_is_3(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    failed = {"state": "failed", "stamp": "", "error": "OSError: No space left on device"}
    tasks = {f"extraction/CT/P{number}": failed for number in range(1, 6)}
    write_state(RunPaths(out), make_state(tasks=tasks, finished=None))

    def fail(*_: object, **__: object) -> None:
        problems = [Problem(f"P{number} CT: No space left", "Make room.") for number in range(1, 6)]
        message = "5 tasks of the stage extraction failed."
        raise TaskFailedError(message, problems)

    monkeypatch.setattr("lungmet_worc.pipeline.study.Study.run", fail)
    assert main(["run", str(study), "--out", str(out)]) == 3
    said = capsys.readouterr().err
    assert "CT features of 5 patients (P1, P2, P3 and 2 more) failed: the disk is full" in said
    assert "Error: 5 tasks of the stage extraction failed." in said
    assert said.count("Make room") == 1
