"""Whether a path leads to an ordinary file, which alone can be read from its start to its end."""

from __future__ import annotations

import stat
from pathlib import Path

from lungmet_worc.errors import Problem
from lungmet_worc.sentences import Sentence

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
    kind = next((name for is_kind, name in _KINDS if is_kind(mode)), Sentence("no ordinary file"))
    what = Sentence("This is {kind}, not a file.", kind=kind)
    return Problem(what, Sentence("Give the path of an ordinary file."), file=entry)
