"""A record of files that were written together: from what, and what is in them.

Such files cannot hold a stamp themselves, as the output of a task does; they are fresh while the
record has the right stamp and every file is as it was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from lungmet_worc.worc.storage import STAMP, read_stamp, write_text


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
    if read_stamp(record) != stamp:
        return False
    try:
        digests = json.loads(record.read_text("utf-8"))["files"]
        return bool(digests) and all(
            _digest(record.parent / name) == digest for name, digest in digests.items()
        )
    # A file of the record that is gone, or a record of another shape.
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def files_to_replace(record: Path, stamp: str) -> list[Path] | None:
    """Return the files that other ones will take the place of, None without a usable record.

    With the same stamp these are only the files that were altered since they were written.
    """
    try:
        digests = json.loads(record.read_text("utf-8"))["files"].items()
        files = [(record.parent / name, digest) for name, digest in digests]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    same = read_stamp(record) == stamp
    there = [(path, digest) for path, digest in files if path.is_file()]
    return [path for path, digest in there if not same or _digest(path) != digest]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
