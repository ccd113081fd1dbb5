"""Whether a path leads to an ordinary file, which alone can be read from its start to its end."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

from lungmet_worc.basics.errors import Problem, ResultsError
from lungmet_worc.basics.sentences import Sentence

#: No file of ours that is read whole is larger than this, in bytes.
LARGEST = 2**30

_KINDS = (
    (stat.S_ISDIR, Sentence("a folder")),
    (stat.S_ISFIFO, Sentence("a named pipe (FIFO)")),
    (stat.S_ISSOCK, Sentence("a socket")),
    (stat.S_ISCHR, Sentence("a device")),
    (stat.S_ISBLK, Sentence("a device")),
)


def refuse_irregular(path: Path, entry: str) -> Problem | None:
    """Return what is wrong with a path that leads to something else than an ordinary file.

    Reading a named pipe or some devices never ends, so this is asked before anything is opened.

    Parameters
    ----------
    path : Path
        Links are followed.
    entry : str
        The path as the user wrote it, for the message.

    Returns
    -------
    Problem or None
        None for an ordinary file, and for a path that cannot be looked at: opening it says why.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    if stat.S_ISREG(mode):
        return None
    what = _what(mode)
    return Problem(what, Sentence("Give the path of an ordinary file."), file=entry)


def read_plain(path: Path) -> bytes:
    """Return the content of an ordinary file, as those of a run folder are.

    Parameters
    ----------
    path : Path
        Links are followed. It may lie in a folder of somebody else, where a named pipe would
        be waited for, and a device has no end.

    Raises
    ------
    OSError
        It is something else, larger than `LARGEST`, or cannot be read.
    """
    # A pipe is opened without waiting for its other end, so nothing can come in between.
    with io.FileIO(path, opener=_without_waiting) as stream:
        about = os.fstat(stream.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, _what(about.st_mode), str(path))
        if about.st_size > LARGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return stream.read()


def read_plain_text(path: Path) -> str:
    """Return the text of an ordinary file in UTF-8; see :func:`read_plain`."""
    return read_plain(path).decode()


def damaged(path: Path) -> ResultsError:
    """Return the error that names a file of a run folder that says nothing, and what to do."""
    message = Sentence(
        "{file} is damaged, or was written by an earlier version. Take it away: the same run "
        "command makes it again.",
        file=Path(*path.parts[-3:]),
    )
    return ResultsError(message)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _what(mode: int) -> Sentence:
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), Sentence("no ordinary file"))
    return Sentence("This is {kind}, not a file.", kind=kind)
