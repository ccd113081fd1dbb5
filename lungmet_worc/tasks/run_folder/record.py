"""A record of files that were written together: from what, and what is in them.

Such files cannot hold a stamp themselves, as the output of a task does; they are fresh while the
record has the right stamp and every file is as it was written.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Protocol

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.regular_file import read_plain_text
from lungmet_worc.basics.stamped_files import STAMP, read_stamp, write_text


class Keep(Protocol):
    """Keeps earlier files before other ones take their place."""

    def __call__(self, files: Iterable[Path], *, rewritten: bool = False) -> object:
        """Keep files; see `lungmet_worc.tasks.run_folder.kept_aside.KeptAside.keep`."""


def write_record(record: Path, files: Iterable[Path], *, stamp: str) -> None:
    """Write the stamp of files and the SHA-256 of each.

    Parameters
    ----------
    record : Path
        A JSON file.
    files : iterable of Path
        In the record's folder or below.
    stamp : str
        Content hash of everything that the files depend on.
    """
    digests = {path.relative_to(record.parent).as_posix(): _digest(path) for path in sorted(files)}
    write_text(record, json.dumps({STAMP: stamp, "files": digests}, indent=1) + "\n")


def is_fresh(record: Path, stamp: str) -> bool:
    """Return whether all files of a record are as written, and were made from the same."""
    files = recorded(record)
    return (
        bool(files)
        and read_stamp(record) == stamp
        and all(_digest(record.parent / name) == digest for name, digest in files.items())
    )


def recorded(record: Path) -> dict[str, str]:
    """Return file -> SHA-256 as a record has them, none if it cannot be used.

    The record may have come with a folder of somebody else: it names nothing outside of its
    own folder, and nothing but what is written there.
    """
    try:
        files = json.loads(read_plain_text(record))["files"]
        return {
            name: digest
            for name, digest in files.items()
            if isinstance(digest, str) and _is_written(name)
        }
    # Not there, or of another shape.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def put_in_place(staged: Path, record: Path, keep: Keep, *, stamp: str) -> None:
    """Give files that were written elsewhere their places, and write the record of them.

    What lies there and is not the same, whoever wrote it, is kept, and so is what the record names
    and is no longer made. Everything else stays as it is.

    Parameters
    ----------
    staged : Path
        Where the files lie, on the disk of the record.
    record : Path
        See :func:`write_record`; the files come to lie in its folder.
    keep : callable
        See `lungmet_worc.tasks.run_folder.kept_aside.KeptAside.keep`.
    stamp : str
        Content hash of everything that the files depend on.
    """
    folder = record.parent
    earlier = {folder / name for name in recorded(record)}
    placed = give_places(staged, folder, keep)
    keep(sorted(earlier.difference(placed)), rewritten=True)
    write_record(record, placed, stamp=stamp)


def give_places(staged: Path, folder: Path, keep: Keep) -> list[Path]:
    """Give files that were written elsewhere their places in a folder; see `put_in_place`.

    Returns
    -------
    list of Path
        The files in their places.
    """
    new = sorted(path.relative_to(staged) for path in staged.rglob("*") if path.is_file())
    for path in new:
        if _digest(staged / path) != _digest(folder / path):
            keep([folder / path])
            make_folder((folder / path).parent)
            (staged / path).replace(folder / path)
    return [folder / path for path in new]


def _is_written(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name == "report.html" or (
        len(parts) == 2 and parts[0] in ("tables", "figures") and parts[1] not in ("..", ".")
    )


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, nothing if there is none (a link to one is none)."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
