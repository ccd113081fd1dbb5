"""Whether an error comes from a disk that is full, or takes nothing, and what a user is told."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lungmet_worc.basics.errors import StorageError
from lungmet_worc.basics.sentences import Sentence

#: Number -> what it means, and what to do before the run goes on.
_MEANINGS = {
    errno.ENOSPC: (Sentence("the disk is full"), Sentence("make room")),
    errno.EDQUOT: (Sentence("the disk quota is used up"), Sentence("make room")),
    errno.EROFS: (Sentence("the disk can only be read"), Sentence("make it writable")),
    errno.EFBIG: (
        Sentence("a file may not grow further"),
        Sentence("raise the limit of file sizes (ulimit -f)"),
    ),
}

#: HDF5 and ITK tell the cause in their text alone.
_IN_TEXT = {os.strerror(number): number for number in _MEANINGS}

#: What is written to see whether anything can be, in bytes.
_PROBE = 2**22


def disk_cause(error: BaseException) -> str:
    """Return in a few words why nothing can be written; empty if that is not the cause."""
    for each in with_causes(error):
        if isinstance(each, OSError) and each.errno in _MEANINGS:
            return _MEANINGS[each.errno][0]
        if isinstance(each, RuntimeError | OSError):
            text = str(each)
            for words, number in _IN_TEXT.items():
                if words in text or re.search(rf"errno = {number}\b", text):
                    return _MEANINGS[number][0]
    return ""


@contextmanager
def blaming_a_full_disk(folder: Path) -> Iterator[None]:
    """Let a failure be the disk's where nothing can be written to a folder.

    Libraries that write HDF5 do not notice it, and fail on what they read back.

    Raises
    ------
    OSError
        Something failed in the block, and the disk is full.
    """
    try:
        yield
    # It is raised again in any case.
    except Exception as error:
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            try:
                probe.write(bytes(_PROBE))
                probe.flush()
            except OSError as full:
                raise full from error
        raise


def disk_error(cause: str, folder: Path, needed: int = 0) -> StorageError:
    """Return the error that tells a user that nothing can be written.

    Parameters
    ----------
    cause : str
        See `disk_cause`.
    folder : Path
        The run folder.
    needed : int
        About how much the tasks still to do will write, in bytes; 0 if unknown.
    """
    said, remedy = next(each for each in _MEANINGS.values() if each[0] == cause)
    message = Sentence(
        'Nothing more can be written to "{folder}": {cause}{space}. What is finished is kept; '
        "{remedy}, and the same command goes on from there.",
        folder=folder,
        cause=said,
        space=_space(folder, needed),
        remedy=remedy,
    )
    return StorageError(message)


def as_disk_error(error: BaseException, folder: Path) -> StorageError | None:
    """Return what a user is told of an error where nothing can be written, None if it is another.

    The first that was told stands: on a full disk the state of the run cannot be written either.
    """
    for each in with_causes(error):
        if isinstance(each, StorageError):
            return each
    cause = disk_cause(error)
    return disk_error(cause, folder) if cause else None


def with_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it came from."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _space(folder: Path, needed: int) -> str:
    """Return what room there is and what is needed, in brackets, as far as it is known."""
    try:
        free = _megabytes(shutil.disk_usage(folder).free)
    except OSError:
        return ""
    if not needed:
        return Sentence(" ({free} free)", free=free)
    return Sentence(
        " ({free} free, about {needed} more needed)", free=free, needed=_megabytes(needed)
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:,.1f} MB"
