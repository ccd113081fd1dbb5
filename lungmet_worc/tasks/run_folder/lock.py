"""Who works in a run folder: one process at a time."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.held_folder import holding
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.tasks.run_folder.mark import Kind, claim, not_writable
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import now

#: "lungmet status" holds the lock for less than this while it looks at it, in seconds.
_LOOK = 0.5


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
