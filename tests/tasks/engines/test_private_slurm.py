"""The private Slurm does what tests of the engine rely on."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.tasks.engines import private_slurm
from tests.tasks.engines.private_slurm import PrivateSlurm, SlurmNotReadyError

pytestmark = pytest.mark.slurm

#: What is not so after this time will not be, in seconds.
HANGS = 60.0


def until(is_so: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < HANGS
        time.sleep(0.1)


def submit(slurm: PrivateSlurm, script: str, folder: Path) -> str:
    """Submit a job that works in the folder, and return its id."""
    arguments = ("--parsable", "--mem=100", f"--chdir={folder}", f"--output={folder}/%j.txt")
    return slurm.run("sbatch", *arguments, stdin=f"#!/bin/sh\n{script}\n").strip()


def uses(process: psutil.Process, folder: Path) -> bool:
    """Return whether a process has to do with the folder, as far as the kernel knows."""
    with contextlib.suppress(psutil.Error):
        words = [process.cwd(), *process.cmdline(), *process.environ().values()]
        return any(str(folder) in word for word in words)
    return False


@pytest.fixture
def own_slurm(slurm: PrivateSlurm, short_folder: Path) -> Iterator[PrivateSlurm]:
    """Return a Slurm to be started beside the one that all tests share."""
    own = PrivateSlurm(Path(tempfile.mkdtemp(dir=short_folder)), memory_mb=1000, cpus=3)
    yield own
    own.stop()


def test_a_job_runs(slurm: PrivateSlurm, tmp_path: Path) -> None:
    job = submit(slurm, "echo $SLURM_JOB_ID > done", tmp_path)
    until(lambda: slurm.jobs()[job] == "COMPLETED")
    assert (tmp_path / "done").read_text() == f"{job}\n"


def test_a_job_that_fails_is_seen(slurm: PrivateSlurm, tmp_path: Path) -> None:
    job = submit(slurm, "exit 5", tmp_path)
    until(lambda: slurm.jobs()[job] == "FAILED")


def test_a_cancelled_job_is_gone(slurm: PrivateSlurm, tmp_path: Path) -> None:
    job = submit(slurm, "touch started; sleep 1000; touch done", tmp_path)
    until((tmp_path / "started").exists)
    working = {process for process in slurm.processes() if uses(process, tmp_path)}
    assert working
    slurm.run("scancel", job)
    until(lambda: slurm.jobs()[job] == "CANCELLED")
    until(lambda: not any(process.is_running() for process in working))
    assert not (tmp_path / "done").exists()


def test_the_node_is_what_was_asked_for(own_slurm: PrivateSlurm) -> None:
    own_slurm.start()
    assert own_slurm.run("sinfo", "--noheader", "--format=%m %c %D").split() == ["1000", "3", "1"]


def test_nothing_is_left_after_it_stops(
    slurm: PrivateSlurm, own_slurm: PrivateSlurm, tmp_path: Path
) -> None:
    """Jobs that wait, work, ignore signals or hide; and the other Slurm goes on."""
    others = {process for process in slurm.processes() if process.name() in private_slurm.DAEMONS}
    assert len(others) == 3
    own_slurm.start()
    scripts = [
        "touch works; sleep 1001",
        "trap '' TERM INT HUP; touch stubborn; while true; do sleep 1; done",
        "setsid sh -c 'touch hidden; sleep 1002' & exit",
    ]
    for script in scripts:
        submit(own_slurm, script, tmp_path)
    for name in ("works", "stubborn", "hidden"):
        until((tmp_path / name).exists)
    submit(own_slurm, "sleep 1003", tmp_path)
    processes = own_slurm.processes()
    names = {process.name() for process in processes}
    assert {"munged", "slurmctld", "slurmd", "slurmstepd", "sleep"} <= names

    own_slurm.stop()

    assert not own_slurm.processes()
    assert not [process for process in psutil.process_iter() if uses(process, own_slurm.folder)]
    assert others <= slurm.processes()
    own_slurm.stop()


@pytest.mark.slow
def test_jobs_outlive_the_controller(slurm: PrivateSlurm, tmp_path: Path) -> None:
    """One ends while the controller is away, one goes on, one has waited."""
    script = "touch {0}-started; while [ ! -e {0}-end ]; do sleep 0.1; done; touch {0}-done"
    first, second = (submit(slurm, script.format(name), tmp_path) for name in ("a", "b"))
    third = submit(slurm, script.format("c"), tmp_path)
    until(lambda: (tmp_path / "a-started").exists() and (tmp_path / "b-started").exists())

    slurm.stop_controller()
    with pytest.raises(subprocess.CalledProcessError) as caught:
        slurm.jobs()
    assert "Unable to contact slurm controller" in caught.value.stderr
    (tmp_path / "a-end").touch()
    until((tmp_path / "a-done").exists)

    slurm.start_controller()
    jobs = slurm.jobs()
    assert {first, second, third} <= set(jobs)
    assert jobs[second] == "RUNNING"
    until(lambda: slurm.jobs()[first] == "COMPLETED")
    (tmp_path / "b-end").touch()
    (tmp_path / "c-end").touch()
    until(lambda: slurm.jobs()[second] == slurm.jobs()[third] == "COMPLETED")
    assert (tmp_path / "c-done").exists()


def test_one_that_does_not_start_says_why(
    own_slurm: PrivateSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = private_slurm.CONFIGURATION.replace("select/cons_tres", "select/nonsense")
    monkeypatch.setattr(private_slurm, "CONFIGURATION", broken)
    with pytest.raises(SlurmNotReadyError, match=r"slurmctld ended(.|\n)*nonsense"):
        own_slurm.start()
    assert not own_slurm.processes()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(private_slurm, "SYSTEM_FOLDERS", str(tmp_path))
    monkeypatch.setattr(private_slurm.os, "geteuid", lambda: 0)
    reason = private_slurm.why_not()
    assert reason is not None
    assert "munged" in reason
    assert "apt install" in reason
    monkeypatch.setattr(private_slurm.os, "geteuid", lambda: 1000)
    assert "root" in str(private_slurm.why_not())


def test_a_folder_that_sockets_cannot_lie_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too long"):
        PrivateSlurm(tmp_path / ("x" * 100)).start()
