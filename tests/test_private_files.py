"""Log and lock of a run folder: no paths, no names of machines and users."""

from __future__ import annotations

import getpass
import json
import logging
import os
import platform
from pathlib import Path

import pytest

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.tasks.run_folder import lock
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.log import logging_to
from lungmet_worc.tasks.run_folder.paths import RunPaths

logger = logging.getLogger("lungmet_worc.of_a_test")


def test_the_log_has_the_names_of_files_but_no_path(tmp_path: Path) -> None:
    with logging_to(tmp_path / "log.txt"):
        logger.warning("cannot read %s, P3", tmp_path / "images" / "P3.nii.gz")
        logger.error("C:\\Users\\jvos\\study\\P4.nii and /home/jvos/run are gone; 3/4 done")
        try:
            (tmp_path / "gone" / "P5.nii.gz").read_bytes()
        except OSError:
            logger.exception("a traceback")
    text = (tmp_path / "log.txt").read_text("utf-8")
    assert "cannot read P3.nii.gz, P3" in text
    assert "P4.nii and" in text
    assert "3/4 done" in text
    assert "FileNotFoundError" in text
    assert "P5.nii.gz" in text
    assert "pathlib.py" in text
    for private in (str(tmp_path), tmp_path.name, "jvos", str(Path(__file__).parent)):
        assert private not in text


def test_the_lock_names_process_and_time_only_and_is_emptied(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    with locked(paths):
        text = paths.lock.read_text()
        assert json.loads(text)["process"] == os.getpid()
        for private in (platform.node(), str(tmp_path), f'"{getpass.getuser()}"'):
            assert private not in text
    assert paths.lock.read_text() == ""


@pytest.mark.parametrize(
    ("held_by", "said"),
    [
        (None, "process {pid} on this machine, since 2"),
        ('{"process": 7, "machine": "0", "since": "2026"}', "process 7 on another machine, since"),
        ("process 7 on node3, since 2026", r"\(another process\)"),
        ("[]", r"\(another process\)"),
    ],
)
def test_who_holds_the_folder_is_said(
    held_by: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_LOOK", 0.0)
    paths = RunPaths(tmp_path)
    with locked(paths):
        if held_by is not None:
            paths.lock.write_text(held_by)
        with pytest.raises(RunFolderError, match=said.format(pid=os.getpid())):
            locked(paths).__enter__()
