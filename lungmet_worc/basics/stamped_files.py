"""Files written atomically, and the stamp in them of what they were made from."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.regular_file import read_plain_text

#: Under this name the stamp lies in every file.
STAMP = "lungmet_stamp"

#: No first line is longer than this, in bytes.
LONGEST_LINE = 4096

_HALF_WRITTEN = re.compile(r"\.(.+)\.\d+\.partial(\.\w+)?")


def read_stamp(path: Path) -> str | None:
    """Return the stamp of a file, or None if it has none or cannot be read."""
    try:
        if not path.is_file():  # a pipe would never end
            return None
        if path.suffix == ".json":
            return str(json.loads(read_plain_text(path))[STAMP])
        if path.suffix == ".hdf5":
            return stamp_in_front(path)
        with path.open(encoding="utf-8") as file:
            first = file.readline(LONGEST_LINE).rstrip("\n")
        return first.removeprefix(f"# {STAMP}: ") if STAMP in first else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def stamp_in_front(path: Path) -> str | None:
    """Return the stamp of an HDF5 file, None if it is not as we wrote it, or of an old version.

    Its first line is an object with the stamp and the size of the whole file.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            head = json.loads(file.readline(LONGEST_LINE))
            return str(head[STAMP]) if head["size"] == size else None
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def write_stamped_text(path: Path, text: str, *, stamp: str) -> None:
    """Write a text file atomically, its first line a comment with the stamp."""
    write_text(path, f"# {STAMP}: {stamp}\n{text}")


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically: a reader sees the old file or the new one."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically; see `write_text`."""
    with replaced(path) as partial, partial.open("wb") as file:
        file.write(content)
        to_the_disk(file)


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a file its place once the block has written it, under another name, to its end.

    Yields
    ------
    Path
        Where the block writes; it is gone afterwards, also if the block failed.
    """
    make_folder(path.parent)
    partial = _partial(path)
    partial.unlink(missing_ok=True)
    try:
        yield partial
        partial.replace(path)
    finally:
        # On a disk that is gone the failure of the block is the one to tell.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def to_the_disk(file: IO[bytes]) -> None:
    """Wait until what was written to a file is on the disk.

    A full network disk may tell only now; and a power cut must not leave a name without content.
    """
    file.flush()
    os.fsync(file.fileno())


def half_written(name: str) -> str:
    """Return what a file would have been called that a kill left half written; "" for others."""
    found = _HALF_WRITTEN.fullmatch(name)
    return found[1] if found else ""


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.partial{path.suffix}")
