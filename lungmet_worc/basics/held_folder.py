"""The folder that a process works in, held so that it is noticed when it is moved or deleted.

A path says only where the folder was. Whoever goes on writing to it would make a second, half
folder in the old place, so every file and folder of a run is made by way of this module.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from lungmet_worc.basics.errors import FolderMovedError
from lungmet_worc.basics.sentences import Sentence

#: What the system says where the path of a folder leads nowhere, or its server forgot it.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)


class HeldFolder:
    """A folder, known by itself and not by its path.

    Parameters
    ----------
    folder : Path
        Absolute; it must be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._handle)

    def is_in_place(self) -> bool:
        """Return whether the path still leads to this folder."""
        try:
            there = self.folder.stat()
        except OSError as error:
            if error.errno in _GONE:
                return False
            raise
        return os.path.samestat(there, os.fstat(self._handle))

    def require(self) -> None:
        """Raise if the folder is no longer where it was.

        Raises
        ------
        FolderMovedError
            It was moved, renamed or deleted.
        """
        if not self.is_in_place():
            message = Sentence(
                'The folder "{folder}" was moved, renamed or deleted while it was written to, so '
                "the run stopped. What is finished lies where the folder is now; the same command "
                "with that folder for --out goes on from there.",
                folder=self.folder,
            )
            raise FolderMovedError(message)


_HELD: ContextVar[HeldFolder | None] = ContextVar("held folder", default=None)


@contextmanager
def holding(folder: Path) -> Iterator[HeldFolder]:
    """Hold a folder while this process writes to it.

    Parameters
    ----------
    folder : Path
        Absolute; it must be there.

    Raises
    ------
    FolderMovedError
        Something failed in the block, and the folder is no longer where it was.
    """
    held = HeldFolder(folder)
    before = _HELD.set(held)
    try:
        yield held
    # Whatever fails where the folder was: that it is gone is the cause.
    except Exception:
        held.require()
        raise
    finally:
        _HELD.reset(before)
        held.close()


def hold(folder: Path) -> None:
    """Hold a folder as long as this process lives, as a worker does."""
    _HELD.set(HeldFolder(folder))


def is_in_place() -> bool:
    """Return whether the folder that is held, if any, is still where it was."""
    held = _HELD.get()
    return held is None or held.is_in_place()


def require_in_place() -> None:
    """Raise `FolderMovedError` if the folder that is held is no longer where it was."""
    held = _HELD.get()
    if held is not None:
        held.require()


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, but never the one that is held.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    FolderMovedError
        It would lie in the folder that is held, which is no longer there.
    """
    held = _HELD.get()
    if held is None or not folder.is_relative_to(held.folder):
        folder.mkdir(parents=True, exist_ok=True)
        return
    held.require()
    # One by one: if the folder is moved only now, the first of them cannot be made.
    inside = folder.relative_to(held.folder)
    for part in reversed([inside, *inside.parents][:-1]):
        (held.folder / part).mkdir(exist_ok=True)
