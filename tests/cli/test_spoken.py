"""In which language the command line speaks, and that all of it does."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pytest

from lungmet_worc.cli import build_parser, main
from lungmet_worc.cli.spoken import spoken, width
from tests.synthetic import change_cell, write_cohort, write_study

DUTCH = '[report]\nlanguage = "nl"'


def language_of(**options: object) -> str:
    return spoken(argparse.Namespace(**options)).code


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(write_cohort(tmp_path, 12, ["MRI"]), ["MRI"], more=DUTCH)


class TestSpoken:
    def test_the_study_says_it(self, study: Path) -> None:
        assert language_of(study=str(study), language=None) == "nl"

    def test_what_is_asked_for_goes_before_it(self, study: Path) -> None:
        assert language_of(study=str(study), language="en") == "en"

    def test_a_study_file_that_is_wrong_elsewhere(self, tmp_path: Path) -> None:
        path = tmp_path / "study.toml"
        path.write_text(f"nonsense = 1\n{DUTCH}")
        assert language_of(study=str(path), language=None) == "nl"

    @pytest.mark.parametrize(
        "text", ["report = 3", '[report]\nlanguage = "de"', "[report]\nlanguage = 1", "[", "\0"]
    )
    def test_without_a_language_it_is_english(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "study.toml"
        path.write_text(text)
        assert language_of(study=str(path), language=None) == "en"

    def test_what_is_no_file_is_not_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "study.toml")
        os.mkfifo(tmp_path / "run.json")
        for name in ("study.toml", "nowhere", "a\0b", ""):
            path = str(tmp_path / name)
            assert language_of(study=path, out=path, language=None) == "en"
        assert language_of(out=str(tmp_path)) == "en"

    def test_a_run_folder_speaks_as_its_study(self, tmp_path: Path) -> None:
        state = {"study": {"report": {"language": "nl"}}}
        (tmp_path / "run.json").write_text(json.dumps(state))
        assert language_of(out=str(tmp_path)) == "nl"
        assert language_of(runs=[str(tmp_path)], out=None) == "nl"

    @pytest.mark.parametrize("text", ["[]", "{", '{"study": 1}', '{"study": {"report": []}}'])
    def test_a_run_folder_that_says_nothing(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "run.json").write_text(text)
        assert language_of(out=str(tmp_path)) == "en"


@pytest.mark.parametrize(("columns", "fits"), [("90", 90), ("200", 118), ("1", 60)])
def test_lines_are_as_long_as_the_terminal_is_wide(
    monkeypatch: pytest.MonkeyPatch, columns: str, fits: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width() == 118  # a file or a pipe
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert width() == fits


class TestCommands:
    def test_check_in_the_language_of_the_study(
        self, study: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["check", str(study), "--cores", "1"]) == 0
        printed = capsys.readouterr().out
        assert "12 patiënten in het manifest: 6 met lung_met, 6 zonder." in printed
        assert "Wat te verwachten is: 12 patiënten zitten in elke arm" in printed

    def test_check_in_another(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(study), "--cores", "1", "--language", "en"]) == 0
        assert "12 patients in the manifest" in capsys.readouterr().out

    def test_patients(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        change_cell(study.parent / "manifest.csv", "P3", "mri_mask", "")
        assert main(["check", str(study), "--cores", "1", "--patients"]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].split()[:3] == ["patiënt", "rij", "lung_met"]
        assert len([line for line in lines if line.startswith("P")]) == 12
        assert "zonder masker" in next(line for line in lines if line.startswith("P3 "))

    def test_errors(self, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
        missing = str(study.parent / "nowhere.toml")
        assert main(["run", missing, "--out", str(study.parent / "run"), "--language", "nl"]) == 1
        assert capsys.readouterr().err.startswith("Fout: ")

    def test_an_error_that_nobody_expected(
        self, study: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(options: argparse.Namespace) -> int:
            raise ZeroDivisionError

        monkeypatch.setattr("lungmet_worc.cli.check.run", broken)
        assert main(["check", str(study)]) == 3
        assert "Dit is een fout in lungmet_worc." in capsys.readouterr().err

    @pytest.mark.parametrize(
        "words",
        [
            ["demo"], ["init", "x"], ["check", "x"], ["plan", "x", "--out", "y"], ["status", "x"],
            ["run", "x", "--out", "y"], ["compare", "x"],
            ["export-worc", "x", "--arm", "a", "--out", "y"], ["features", "x", "--out", "y.csv"],
        ],
    )  # fmt: skip
    def test_every_command_has_the_option(self, words: list[str]) -> None:
        assert build_parser().parse_args([*words, "--language", "nl"]).language == "nl"
        with pytest.raises(SystemExit):
            build_parser().parse_args([*words, "--language", "de"])
