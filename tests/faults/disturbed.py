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

from lungmet_worc.tasks.run_folder.lock import is_locked
from lungmet_worc.tasks.run_folder.paths import RunPaths

#: A run that takes longer than this hangs, in seconds; it takes some 25 on an idle machine.
HANGS = 600.0

#: What a run may leave behind it for this long, in seconds.
WORKERS_END = 5.0

FINISHED = ("features/*/*.hdf5", "features/*/*.ini", "arms/*/features.hdf5", "arms/*/splits/*.hdf5",
            "arms/*/performance_all_0.json")  # fmt: skip


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

    def told_its_results(self) -> bool:
        """Return whether it came to its last line."""
        return "\nReport: " in self.text()

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


@dataclass(frozen=True)
class Resumed:
    """What the same command made of a run that was disturbed.

    Parameters
    ----------
    seconds : float
        How long it took.
    finished : int
        Outputs that were there before.
    repeated : tuple of str
        Those of them that were made again.
    identical : bool
        The tables are those of the undisturbed run, byte for byte.
    left : tuple of str
        What was left behind.
    """

    seconds: float
    finished: int
    repeated: tuple[str, ...]
    identical: bool
    left: tuple[str, ...]


def resumed(study: Path, folder: Path, tables: Mapping[str, bytes]) -> Resumed:
    """Run the same command again, to its end."""
    before = finished_outputs(folder)
    started = time.monotonic()
    run = Disturbed.start(study, folder)
    assert run.wait() == 0, run.text()
    seconds = time.monotonic() - started
    after = finished_outputs(folder)
    return Resumed(
        seconds,
        len(before),
        tuple(str(path) for path, made in before.items() if after.get(path) != made),
        table_bytes(folder) == tables,
        tuple(map(str, leftovers(folder))),
    )


def assert_goes_on(study: Path, folder: Path, tables: Mapping[str, bytes]) -> None:
    """The same command ends the run: same tables, nothing repeated, nothing left behind."""
    again = resumed(study, folder, tables)
    assert again.repeated == ()
    assert again.identical
    assert again.left == ()


#: Stage -> the files that it writes; a stage goes on as long as some are missing.
STAGES = {
    "start": "run.json",
    "check": "inspections.json",
    "fingerprint": "features/*/worc.ini",
    "extraction": "features/*/[!.]*.hdf5",
    "settings": "arms/*/features.hdf5",
    "search": "arms/*/splits/[!.]*.hdf5",
    "evaluation": "arms/*/performance_all_0.json",
    "report": "report_files.json",
}


def stage_of(folder: Path, whole: Path) -> str:
    """Return the stage that a run is in, by what the undisturbed run wrote."""
    for stage, pattern in STAGES.items():
        if len(list(folder.glob(pattern))) < len(list(whole.glob(pattern))):
            return stage
    return "end"


def leftovers(folder: Path) -> list[Path]:
    """Return what should not be in the folder of a run that ended."""
    return [*folder.rglob("*.partial*"), *folder.glob("scratch")]


def table_bytes(folder: Path) -> dict[str, bytes]:
    """Return the tables."""
    return {path.name: path.read_bytes() for path in sorted((folder / "tables").iterdir())}
