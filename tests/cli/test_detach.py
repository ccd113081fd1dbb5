"""``lungmet run --detach``: problems are found before, and the run goes on without us."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lungmet_worc import Run
from lungmet_worc.cli import detach, main
from lungmet_worc.tasks.run_folder.lock import is_locked, locked
from lungmet_worc.tasks.run_folder.paths import RunPaths
from tests.synthetic import change_cell, write_cohort, write_study


def test_problems_are_found_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = write_study(write_cohort(tmp_path, 20))
    change_cell(study.parent / "manifest.csv", "P7", "ct_image", "images/gone.nii.gz")
    out = tmp_path / "out"
    assert main(["run", str(study), "--out", str(out), "--detach", "--cores", "1"]) == 1
    assert "gone.nii.gz" in capsys.readouterr().err
    assert not RunPaths(out).console.exists()
    assert not RunPaths(out).run_json.exists()


def test_a_locked_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = write_study(write_cohort(tmp_path, 20))
    out = tmp_path / "out"
    with locked(RunPaths(out)):
        assert main(["run", str(study), "--out", str(out), "--detach", "--cores", "1"]) == 1
    assert "Another run works in this folder" in capsys.readouterr().err
    assert not RunPaths(out).console.exists()


@pytest.mark.worc
@pytest.mark.slow
def test_it_goes_on_after_its_parent_and_its_group_are_gone(
    small_study: Path, small_run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "a run"
    words = ["run", str(small_study), "--out", str(out), "--detach", "--cores", "2"]
    parent = subprocess.Popen(
        [sys.executable, "-m", "lungmet_worc", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said, _ = parent.communicate(timeout=120)
    assert parent.returncode == 0
    found = re.search(r"as process (\d+)", said)
    assert found
    assert f"kill {found[1]}" in said
    assert "--watch" in said
    try:
        # What happens at a logout: the whole group of the terminal is hung up.
        subprocess.run(["kill", "-HUP", "--", f"-{parent.pid}"], capture_output=True, check=False)
        paths, end = RunPaths(out), time.monotonic() + 200
        while is_locked(paths) and time.monotonic() < end:
            time.sleep(0.3)
        finished = Run(out)
        assert finished.digest().ending == "complete"
        assert (paths.tables / "performance.csv").read_bytes() == (
            small_run.paths.tables / "performance.csv"
        ).read_bytes()
        while 'Study "test": Complete.' not in paths.console.read_text():
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        if is_locked(RunPaths(out)):
            subprocess.run(["kill", f"-{signal.SIGKILL}", found[1]], check=False)


def test_what_ends_at_once_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = write_study(write_cohort(tmp_path, 20))
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho the machine has no room\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(detach.sys, "executable", str(broken))
    out = tmp_path / "out"
    assert main(["run", str(study), "--out", str(out), "--detach", "--cores", "1"]) == 3
    assert "the machine has no room" in capsys.readouterr().out
    assert main(["run", str(study), "--out", str(out), "--detach", "--cores", "1"]) == 3
    assert capsys.readouterr().out.count("the machine has no room") == 1
