"""Runs of the command line that are disturbed, and what must hold afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from lungmet_worc.runs import RunPaths, is_locked
from tests.synthetic import write_cohort, write_study

SEARCH = """
splits = 2
candidates = 3
inner_splits = 2
ensemble = {method = "top_N", size = 1}
classifiers = ["LDA", "GaussianNB"]
"""

#: A run that takes longer than this hangs, in seconds; it takes some 15 on an idle machine.
HANGS = 240.0

#: What a run may leave behind it for this long, in seconds.
WORKERS_END = 5.0

FINISHED = ("features/*/*.hdf5", "features/*/*.ini", "arms/*/features.hdf5", "arms/*/splits/*.hdf5",
            "arms/*/performance_all_0.json")  # fmt: skip


def write_small_study(folder: Path, more: str = "") -> Path:
    """Write a study of one modality that runs in seconds."""
    return write_study(
        write_cohort(folder, 16, ["MRI"], effect=3.0), ["MRI"], search=SEARCH, more=more
    )


@dataclass
class Disturbed:
    """A run in a process of its own, in a session of its own."""

    process: subprocess.Popen[bytes]
    folder: Path
    said: Path

    @classmethod
    def start(
        cls,
        study: Path,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        before: Callable[[], None] | None = None,
    ) -> Disturbed:
        """Start ``lungmet run``."""
        said = folder.with_suffix(".txt")

        def prepare() -> None:
            # A test that was itself started in the background ignores Ctrl-C.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if before is not None:
                before()

        words = ["run", str(study), "--out", str(folder), "--cores", "2"]
        with said.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "lungmet_worc", *words],
                stdout=file,
                stderr=file,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
                preexec_fn=prepare,
            )
        return cls(process, folder, said)

    def wait(self) -> int:
        """Return the exit status; a run that hangs is killed, and fails the test."""
        try:
            return self.process.wait(HANGS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def text(self) -> str:
        """Return what it printed."""
        return self.said.read_text("utf-8", errors="replace")

    def until(self, pattern: str, number: int) -> None:
        """Wait until there are so many files."""
        give_up = time.monotonic() + HANGS
        while len(list(self.folder.glob(pattern))) < number:
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < give_up, self.text()
            time.sleep(0.02)

    def workers(self) -> list[psutil.Process]:
        """Return the processes that work for it."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [each for each in children if "popen_loky_posix" in " ".join(each.cmdline())]
        except psutil.NoSuchProcess:
            return []

    def stop(self, number: signal.Signals, *, group: bool = False) -> int:
        """Send a signal, and see that nothing works on in the folder; return the status."""
        workers = self.workers()
        sent = time.monotonic()
        (os.killpg if group else os.kill)(self.process.pid, number)
        status = self.wait()
        _, alive = psutil.wait_procs(workers, max(sent + WORKERS_END - time.monotonic(), 1.0))
        assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
        assert not is_locked(RunPaths(self.folder))
        return status


def finished_outputs(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return inode and time of every output of a task."""
    found = [path for pattern in FINISHED for path in folder.glob(pattern)]
    outputs = [path for path in found if not path.name.startswith(".")]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in outputs}


def assert_goes_on(study: Path, folder: Path, tables: Mapping[str, bytes]) -> None:
    """The same command ends the run: same tables, nothing repeated, nothing left behind."""
    before = finished_outputs(folder)
    run = Disturbed.start(study, folder)
    assert run.wait() == 0, run.text()
    after = finished_outputs(folder)
    assert {path: after.get(path) for path in before} == before
    assert table_bytes(folder) == tables
    assert leftovers(folder) == []


def leftovers(folder: Path) -> list[Path]:
    """Return what should not be in the folder of a run that ended."""
    return [*folder.rglob("*.partial*"), *folder.glob("scratch")]


def table_bytes(folder: Path) -> dict[str, bytes]:
    """Return the tables."""
    return {path.name: path.read_bytes() for path in sorted((folder / "tables").iterdir())}
