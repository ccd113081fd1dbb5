"""Each fault once, on real runs; many random ones are in test_random_faults.py."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.disturbed import (
    Disturbed,
    assert_goes_on,
    finished_outputs,
    leftovers,
    table_bytes,
)

pytestmark = [pytest.mark.slow, pytest.mark.worc]

FEATURES = "features/MRI/*.hdf5"


def test_a_run_that_is_stopped_again_and_again_is_finished(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """One folder: three kinds of kill -9, SIGTERM and Ctrl-C, each a little further on."""
    study, folder = undisturbed.study, tmp_path / "run"
    run = Disturbed.start(study, folder)
    run.until(FEATURES, 1)
    assert run.stop(signal.SIGKILL) == -signal.SIGKILL
    done = finished_outputs(folder)
    (folder / "features" / "MRI" / ".P9.hdf5.77.partial.hdf5").write_bytes(b"half")

    run = Disturbed.start(study, folder)
    run.until(FEATURES, 5)
    assert run.stop(signal.SIGKILL, group=True) == -signal.SIGKILL

    run = Disturbed.start(study, folder)
    run.until(FEATURES, 8)
    assert run.stop(signal.SIGTERM) == 143
    assert_said_how_to_go_on(run)

    run = Disturbed.start(study, folder)
    run.until(FEATURES, 11)
    os.killpg(run.process.pid, signal.SIGINT)
    time.sleep(0.05)
    assert run.stop(signal.SIGINT, group=True) == 130  # the second Ctrl-C
    assert_said_how_to_go_on(run)

    run = Disturbed.start(study, folder)
    run.until(FEATURES, 14)
    run.workers()[0].kill()
    assert run.wait() == 0, run.text()
    assert table_bytes(folder) == undisturbed.tables
    assert leftovers(folder) == []
    after = finished_outputs(folder)
    assert {path: after[path] for path in done} == done


def assert_said_how_to_go_on(run: Disturbed) -> None:
    assert "Stopped. What is finished is kept; the same command goes on from there." in run.text()
    assert "Traceback" not in run.text()
    assert (run.folder / "run.json").exists()
    assert leftovers(run.folder) == []


@pytest.fixture
def half(undisturbed: Undisturbed, tmp_path: Path) -> Path:
    """Return a run folder in which half of the features, and what comes after, are missing."""
    folder = tmp_path / "run"
    shutil.copytree(undisturbed.folder, folder)
    for path in [*sorted(folder.glob(FEATURES))[8:], folder / "report_files.json"]:
        path.unlink()
    shutil.rmtree(folder / "arms")
    shutil.rmtree(folder / "tables")
    return folder


@pytest.mark.parametrize("size", [600, 6_000, 700_000])
def test_a_file_that_may_not_grow(undisturbed: Undisturbed, half: Path, size: int) -> None:
    """A limit of file sizes stands for a full disk: for the log, the state, and features."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    run = Disturbed.start(undisturbed.study, half, before=limit)
    assert run.wait() == 3
    assert_told_of_the_disk(run, "may not grow further")


def assert_told_of_the_disk(run: Disturbed, cause: str) -> None:
    said = run.text()
    assert "Traceback" not in said
    assert "Logging error" not in said
    line = next(line for line in said.splitlines() if line.startswith("Error: Nothing more"))
    assert str(run.folder) in line
    assert cause in line
    assert "free" in line


def test_a_full_disk(undisturbed: Undisturbed, half: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    held = sum(path.stat().st_size + 4096 for path in half.rglob("*"))
    size = f"size={held + 3_000_000}"
    mount = ["mount", "-t", "tmpfs", "-o", size, "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        folder = disk / "run"
        shutil.copytree(half, folder)
        run = Disturbed.start(undisturbed.study, folder)
        assert run.wait() == 3, run.text()
        assert_told_of_the_disk(run, "the disk is full")
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        assert_goes_on(undisturbed.study, folder, undisturbed.tables)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


CLOCK = """
import random, time
_real, _real_ns, _draw = time.time, time.time_ns, random.Random(1)
time.time = lambda: _real() - 86400 * (_draw.random() < 0.5)
time.time_ns = lambda: _real_ns() - 86400 * 10**9 * (_draw.random() < 0.5)
"""


def test_a_clock_that_jumps_back_a_day(undisturbed: Undisturbed, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    run = Disturbed.start(undisturbed.study, tmp_path / "run", environment={"PYTHONPATH": path})
    assert run.wait() == 0, run.text()
    assert table_bytes(tmp_path / "run") == undisturbed.tables
