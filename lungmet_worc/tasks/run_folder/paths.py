"""A run folder: where everything lies, what is known of it, and who works in it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.file_names import file_name
from lungmet_worc.basics.held_folder import holding
from lungmet_worc.basics.regular_file import read_plain_text
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.run_folder.mark import Kind, claim, not_writable
from lungmet_worc.tasks.run_folder.state import run_state

logger = logging.getLogger(__name__)

#: "lungmet status" holds the lock for less than this while it looks at it, in seconds.
_LOOK = 0.5

#: Bump when a run folder of an older version can no longer be gone on with.
FORMAT = 1


@dataclass(frozen=True)
class RunPaths:
    """Every path of a run folder.

    Parameters
    ----------
    folder : Path
        The run folder, absolute.
    """

    folder: Path

    @property
    def run_json(self) -> Path:
        """Return the file that says what was run and how each task went."""
        return self.folder / "run.json"

    @property
    def log(self) -> Path:
        """Return the log."""
        return self.folder / "log.txt"

    @property
    def lock(self) -> Path:
        """Return the file that the process that works in the folder has locked."""
        return self.folder / ".lock"

    @property
    def console(self) -> Path:
        """Return what a detached run says."""
        return self.folder / "console.txt"

    @property
    def splits(self) -> Path:
        """Return the splits that all arms share, in WORC's fixed-splits format."""
        return self.folder / "splits.csv"

    @property
    def patients(self) -> Path:
        """Return outcome and clinical values of the patients of all arms."""
        return self.folder / "patients.json"

    @property
    def inspections(self) -> Path:
        """Return what was found in the images, so that they need not be read again."""
        return self.folder / "inspections.json"

    @property
    def scratch(self) -> Path:
        """Return where workers, WORC and fastr may write what nobody needs afterwards."""
        return self.folder / "scratch"

    @property
    def tables(self) -> Path:
        """Return the folder of the study tables."""
        return self.folder / "tables"

    @property
    def figures(self) -> Path:
        """Return the folder of the figures."""
        return self.folder / "figures"

    @property
    def report(self) -> Path:
        """Return the report."""
        return self.folder / "report.html"

    @property
    def report_files(self) -> Path:
        """Return the record of tables, figures and report: from what they were made."""
        return self.folder / "report_files.json"

    @property
    def made_from(self) -> Path:
        """Return the record of what each output was made from."""
        return self.folder / "made_from.json"

    @property
    def old(self) -> Path:
        """Return where earlier results are kept that were made again."""
        return self.folder / "old"

    def features(self, modality: str, patient_id: str) -> Path:
        """Return the feature file of a patient in a modality."""
        return self.folder / "features" / modality / f"{file_name(patient_id)}.hdf5"

    def harmonised(self, modality: str) -> Path:
        """Return the features of a modality after ComBat, of all patients together."""
        return self.folder / "features" / modality / "combat" / "features.hdf5"

    def fingerprint(self, modality: str) -> Path:
        """Return WORC's settings of a modality, after fingerprinting."""
        return self.folder / "features" / modality / "worc.ini"

    def arm(self, arm: str) -> Path:
        """Return the folder of an arm."""
        return self.folder / "arms" / arm

    def matrix(self, arm: str) -> Path:
        """Return the features of an arm, all modalities side by side."""
        return self.arm(arm) / "features.hdf5"

    def settings(self, arm: str, modality: str) -> Path:
        """Return WORC's settings of an arm for one modality."""
        return self.arm(arm) / f"worc_{modality}.ini"

    def labels(self, arm: str) -> Path:
        """Return the outcomes of an arm in WORC's label format."""
        return self.arm(arm) / "labels.csv"

    def semantics(self, arm: str) -> Path:
        """Return the clinical features of an arm in WORC's semantics format."""
        return self.arm(arm) / "semantics.csv"

    def split(self, arm: str, index: int) -> Path:
        """Return the result of one split of an arm."""
        return self.arm(arm) / "splits" / f"{index}.hdf5"

    def permuted(self, arm: str, permutation: int, index: int) -> Path:
        """Return the result of one split of an arm with permuted outcomes."""
        return self.arm(arm) / "permutations" / str(permutation) / f"{index}.json"

    def performance(self, arm: str) -> Path:
        """Return WORC's own evaluation of an arm."""
        return self.arm(arm) / "performance_all_0.json"


def found_run(folder: Path | str) -> RunPaths | None:
    """Return the paths of a run folder as the user named it, None if there is no run in it.

    Raises
    ------
    RunFolderError
        The folder cannot be looked at.
    """
    try:
        paths = RunPaths(Path(folder).resolve())
        return paths if paths.run_json.exists() else None
    # Links that lead round in a circle, or a name that no disk can have: nothing is there.
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, PermissionError):
            message = Sentence(
                'The folder "{folder}" cannot be looked at: {cause}.',
                folder=folder,
                cause=error.strerror or error,
            )
            raise RunFolderError(message) from error
        return None


def read_state(paths: RunPaths) -> dict[str, Any]:
    """Return what ``run.json`` says; empty if there is none.

    Raises
    ------
    RunFolderError
        The file is damaged, or of another version's format.
    """
    try:
        state = run_state(read_plain_text(paths.run_json))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        message = Sentence(
            '"{file}" in this run folder cannot be read: {error}. Use another folder for --out, or '
            "take the file away: results that are complete are found again.",
            file=paths.run_json.name,
            error=getattr(error, "strerror", None) or error,
        )
        raise RunFolderError(message) from error
    tasks = state.get("tasks", {}) if isinstance(state, dict) else {}
    if (
        not isinstance(state, dict)
        or state.get("format") != FORMAT
        or any("stamp" not in task for task in tasks.values())
    ):
        message = Sentence(
            "This folder was made by another version of lungmet_worc. Use another folder for --out."
        )
        raise RunFolderError(message)
    return state


def write_state(paths: RunPaths, state: dict[str, Any]) -> None:
    """Write ``run.json`` atomically."""
    from lungmet_worc.worc.storage import write_text

    text = json.dumps({"format": FORMAT, **state}, indent=1, sort_keys=True)
    write_text(paths.run_json, text + "\n")


def now() -> str:
    """Return the time, in UTC, as run.json writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def locked(paths: RunPaths, kind: Kind = "run") -> Iterator[None]:
    """Keep a folder that is ours to this process, and hold it; the lock ends with the process.

    Parameters
    ----------
    paths : RunPaths
        The folder.
    kind : {"run", "comparison", "demo", "night"}
        What lies in it.

    Raises
    ------
    RunFolderError
        The folder is not ours, or another process works in it, which is named.
    """
    claim(paths.folder, kind)
    try:
        opened = paths.lock.open("a+", encoding="utf-8")
    except PermissionError as error:
        raise not_writable(paths.folder, error) from error
    with opened as file, holding(paths.folder):
        try:
            _lock(file)
        except BlockingIOError as error:
            file.seek(0)
            message = Sentence(
                "Another run works in this folder ({holder}). Wait for it, or use another folder "
                'for --out. "lungmet status" shows how far it is.',
                holder=_holder(file.read()),
            )
            raise RunFolderError(message) from error
        file.truncate(0)
        file.write(json.dumps({"process": os.getpid(), "machine": _machine(), "since": now()}))
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _holder(text: str) -> str:
    """Return who holds a lock, as far as the lock says it."""
    try:
        holder = json.loads(text)
        process, since, here = holder["process"], holder["since"], holder["machine"] == _machine()
    except (ValueError, KeyError, TypeError):
        return Sentence("another process")
    if here:
        return Sentence("process {n} on this machine, since {since}", n=process, since=since)
    return Sentence("process {n} on another machine, since {since}", n=process, since=since)


def _machine() -> str:
    """Return what tells this machine from others, without its name."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _lock(file: IO[str]) -> None:
    """Lock a file for this process alone; wait a moment for one that only looks at it."""
    give_up = time.monotonic() + _LOOK
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(_LOOK / 20)
        else:
            return


def is_locked(paths: RunPaths) -> bool:
    """Return whether a process works in the run folder."""
    if not paths.lock.is_file():
        return False
    with paths.lock.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
