"""Run folders and paths in which something is not what lungmet writes: a sentence, never a hang."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lungmet_worc import Run
from lungmet_worc.analyses.all_tables import TABLES
from lungmet_worc.basics.errors import ResultsError, RunFolderError
from lungmet_worc.basics.regular_file import LARGEST, read_plain
from lungmet_worc.basics.stamped_files import read_stamp, write_stamped_text
from lungmet_worc.cli import main
from lungmet_worc.display.table_files import csv_text, read_table
from lungmet_worc.imaging.inspection_cache import kept_inspections
from lungmet_worc.pipeline.stale import stale_tasks
from lungmet_worc.study.worc_settings import default_settings, read_ini, to_ini
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.run_folder.paths import RunPaths, found_run
from lungmet_worc.tasks.run_folder.record import recorded
from lungmet_worc.tasks.run_folder.state import read_state
from lungmet_worc.tasks.task import Task, TaskKey

UNEXPECTED = "did not expect"

READERS: dict[str, Callable[[Path], object]] = {
    "run.json": lambda path: read_state(RunPaths(path.parent)),
    "made_from.json": lambda path: MadeFrom(path).of("s"),
    "report_files.json": recorded,
    "inspections.json": lambda path: kept_inspections([], path),
    "worc.ini": read_ini,
    "performance.csv": lambda path: read_table(path, TABLES["performance"]),
    "0.json": read_stamp,
}


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    try:
        assert not READERS[name](tmp_path / name)
    except (ResultsError, RunFolderError) as error:
        assert name in str(error)


def test_only_ordinary_files_of_some_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert read_plain(tmp_path / "a") == b"x"
    os.truncate(tmp_path / "a", LARGEST + 1)  # holes take no place on the disk
    with pytest.raises(OSError, match="too large"):
        read_plain(tmp_path / "a")
    with pytest.raises(OSError, match="This is a device"):
        read_plain(Path("/dev/zero"))
    with pytest.raises(IsADirectoryError):
        read_plain(tmp_path)


def test_a_large_study_file_is_not_read_for_its_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tmp_path / "study.toml"
    study.touch()
    os.truncate(study, 2**40)
    assert main(["check", str(study)]) == 1
    assert "more than 1 MB" in capsys.readouterr().err


NAMES = {"circle": "circle", "long": "中" * 300, "longer": "x" * 5000, "nul": "a\0b"}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("command", ["status", "compare", "compare two", "features"])
def test_a_name_that_leads_nowhere_is_no_run(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "circle").symlink_to("circle")
    folder = str(tmp_path / NAMES[kind])
    words = {
        "status": ["status", folder],
        "compare": ["compare", folder],
        "compare two": ["compare", folder, str(tmp_path)],
        "features": ["features", folder, "--out", str(tmp_path / "f.csv")],
    }
    assert main(words[command]) == 1
    assert "There is no run in" in capsys.readouterr().err


def test_a_folder_that_may_not_be_looked_at_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(RunFolderError, match=r"cannot be looked at: Permission denied\."):
        found_run(tmp_path)


@pytest.mark.parametrize("kind", ["long", "longer", "nul"])
def test_a_study_is_not_laid_out_under_such_a_name(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / NAMES[kind])]) == 1
    assert "lungmet met an error" not in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# --- What a table, a record or settings say -----------------------------------------------------


@pytest.mark.parametrize("text", ['arm,"metric\n', "", "\0", "a,b\n1,2,3\n", '"\n\n'])
def test_a_damaged_table_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "performance.csv").write_text(text)
    with pytest.raises(ResultsError, match=r"performance\.csv"):
        read_table(tmp_path / "performance.csv", TABLES["performance"])


def test_a_table_that_somebody_changed_is_shown_as_it_is(tmp_path: Path) -> None:
    rows = [(arm, "auc", 0.5, 0.4, 0.6, 3, 8, 4) for arm in ("MRI", "CT")]
    rows[1] = ("CT", "bca", *rows[1][2:])
    (tmp_path / "performance.csv").write_text(csv_text(TABLES["performance"].frame(rows)))
    shown = TABLES["performance"].readable(
        read_table(tmp_path / "performance.csv", TABLES["performance"])
    )
    assert shown["CT"].to_list()[-2:] == ["not defined", "0.50 (0.40 to 0.60)"] or shown[
        "CT"
    ].to_list()[-2:] == ["0.50 (0.40 to 0.60)", "not defined"]


@pytest.mark.parametrize(
    "text", ["[A]\nb=1\n[A]\nb=2\n", "no section", "[General]\nx = 1\n", "", "\xff[A"]
)
def test_settings_that_are_none_are_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "worc.ini").write_text(text, "latin-1")
    with pytest.raises(ResultsError, match=r"worc\.ini is damaged"):
        read_ini(tmp_path / "worc.ini")


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_stamped_text(tmp_path / "worc.ini", to_ini(default_settings()), stamp="s")
    assert read_ini(tmp_path / "worc.ini") == {
        section: dict(values) for section, values in default_settings().items()
    }


STRANGE: list[Any] = [None, 7, "x", [], [[1]], [{}], {"a": 1}, {"a": [1]}, True, -1.5]


@pytest.mark.parametrize("part", ["patients", "settings", "features_of", "harmonised", "versions"])
def test_a_record_that_says_nonsense_explains_nothing(part: str, tmp_path: Path) -> None:
    output = tmp_path / "0.json"
    output.write_text('{"lungmet_stamp": "old"}')
    new: dict[str, Any] = {
        "patients": ["P1"],
        "settings": {"General": {"a": "1"}},
        "features_of": {"MRI/P1": "new"},
        "harmonised": {"MRI": "new"},
        "versions": {"WORC": "3.7.0"},
    }
    task = Task(TaskKey("search", arm="MRI", split=0), "MRI 0", "f", {}, output, "new", new)
    for strange in STRANGE:
        text = json.dumps({"parts": {"k": strange}, "stamps": {"old": {part: {"part": "k"}}}})
        (tmp_path / "made_from.json").write_text(text)
        record = MadeFrom(tmp_path / "made_from.json")
        assert {found.stage for found in stale_tasks([task], record)} == {"search"}


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "7", '{"parts": [], "stamps": {}}', '{"parts": {}, "stamps": {"old": [1]}}',
     '{"parts": {}, "stamps": {"old": {"a": {"part": []}}}}'],
)  # fmt: skip
def test_a_record_of_another_shape_counts_for_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "made_from.json").write_text(text)
    assert MadeFrom(tmp_path / "made_from.json").of("old") is None


# --- The patients of a run, as features are written ---------------------------------------------

PATIENTS: dict[str, Any] = {"patient_id": ["P1"], "outcome": [1], "clinical": {"age": [60.0]}}


@pytest.mark.parametrize(
    "said",
    [
        "[" * 100_000,
        *(
            json.dumps({**PATIENTS, **part})
            for part in (
                {"patient_id": [["P1"]]}, {"patient_id": ["P1", "P2"]}, {"outcome": [10**400]},
                {"outcome": ["\ud800"]}, {"patient_id": ["\ud800"]}, {"clinical": {"age": [{}]}},
                {"clinical": [1]}, {"outcome": 1},
            )
        ),
    ],
    ids=range(9),
)  # fmt: skip
def test_patients_of_another_shape_are_said(
    said: str, small_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(small_run.paths.run_json, tmp_path / "run.json")
    (tmp_path / "patients.json").write_text(said)
    assert main(["features", str(tmp_path), "--out", str(tmp_path / "f.csv")]) == 1
    assert "patients.json of this run is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["long", "nul"])
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".sav"])
def test_features_under_an_impossible_name_are_refused(
    kind: str, ending: str, small_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / NAMES[kind]) + ending
    assert main(["features", str(small_run.paths.folder), "--out", out]) == 1
    assert "Nothing can be written to" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
