"""What was found in images before, kept in the run folder so that they are not read again.

An inspection counts as long as image and mask are the same files by size, times and inode, and
the modality, the mask rules and the checker are the same. The times include that of the last
change of the inode, which nobody can put back. The file holds no path: a key is a hash.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from lungmet_worc.basics import versions
from lungmet_worc.basics.regular_file import read_plain
from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.imaging.files import in_one_file
from lungmet_worc.imaging.inspection import PairInspection, Scan
from lungmet_worc.imaging.private_name import neighbours
from lungmet_worc.imaging.scans import inspect_scans
from lungmet_worc.tasks.task import content_hash

logger = logging.getLogger(__name__)

#: Bump when our own code changes what is found in an image.
REVISION = 4

#: Packages whose version decides what is found in an image.
PACKAGES = ("SimpleITK", "numpy")

#: The coarsest file systems tell times in steps of 2 s. A file that changed less than this before
#: it was read may change again and look the same, so its inspection is not kept (nanoseconds).
SETTLED = 2_000_000_000


@dataclass(frozen=True)
class FileState:
    """What tells whether a file is still the one that was read; times in nanoseconds."""

    size: int
    mtime: int
    ctime: int
    inode: int


@dataclass(frozen=True)
class KeptInspection:
    """An inspection, and the files as they were before they were read."""

    image: FileState
    segmentation: FileState
    inspection: PairInspection


_FILE = TypeAdapter(dict[str, KeptInspection])


def inspect_changed(scans: Sequence[Scan], cores: int, kept: Path | None) -> list[PairInspection]:
    """Inspect scans, and take from the file what was found in those that are the same.

    Parameters
    ----------
    scans : sequence of Scan
        All scans of the study.
    cores : int
        How many processes read images.
    kept : Path, optional
        The file of earlier inspections, read and written; it need not exist, and one that is
        damaged counts for nothing. Without it all scans are read.

    Raises
    ------
    CohortError
        A process that read images was killed, most likely for want of memory.
    """
    if kept is None:
        return inspect_scans(scans, cores)
    before = _read(kept)
    started = time.time_ns()
    # Before anything is read: a file that changes meanwhile is another one the next time.
    now = [_states(scan) for scan in scans]
    keys = [_key(scan) for scan in scans]
    entries = {
        key: entry
        for key, states in zip(keys, now, strict=True)
        if (entry := before.get(key)) is not None and (entry.image, entry.segmentation) == states
    }
    changed = [n for n, key in enumerate(keys) if key not in entries]
    new = inspect_scans([scans[n] for n in changed], cores)
    inspections = dict(zip(changed, new, strict=True))
    for n, inspection in inspections.items():
        states = now[n]
        if states is not None and _can_be_kept(scans[n], states, inspection, started):
            entries[keys[n]] = KeptInspection(*states, _without_files(inspection))
    if entries != before or not kept.exists():
        _write(kept, entries)
    return [
        inspections[n] if n in inspections else _with_files(entries[key].inspection, scans[n])
        for n, key in enumerate(keys)
    ]


def kept_inspections(scans: Sequence[Scan], kept: Path) -> list[PairInspection | None]:
    """Return what was found in scans before, None for those of which nothing is kept.

    Nothing is read but the file itself, and it is not written.

    Parameters
    ----------
    scans : sequence of Scan
        Any scans of the study.
    kept : Path
        The file of earlier inspections; it need not exist.
    """
    before = _read(kept)
    found: list[PairInspection | None] = []
    for scan in scans:
        entry = before.get(_key(scan))
        same = entry is not None and (entry.image, entry.segmentation) == _states(scan)
        found.append(_with_files(entry.inspection, scan) if entry is not None and same else None)
    return found


def _read(kept: Path) -> dict[str, KeptInspection]:
    try:
        return _FILE.validate_json(read_plain(kept))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.info("%s cannot be used, all images are read: %s", kept.name, error)
        return {}


def _write(kept: Path, entries: dict[str, KeptInspection]) -> None:
    try:
        write_text(kept, _FILE.dump_json(entries).decode() + "\n")
    except OSError as error:
        # Somebody else's run folder can be planned, but not written to.
        logger.info("%s cannot be written: %s", kept.name, error)


def _key(scan: Scan) -> str:
    """Return a hash of everything that an inspection depends on but for the files' contents."""
    return content_hash(
        REVISION,
        versions.ours_and(PACKAGES),
        [str(path.absolute()) for path in _files(scan)],
        [[other.name for other in neighbours(path)] for path in _files(scan)],
        scan.modality,
        scan.config.model_dump(mode="json"),
        asdict(scan.rules),
    )


def _files(scan: Scan) -> list[Path]:
    return list(scan.pair.files.values())


def _states(scan: Scan) -> tuple[FileState, FileState] | None:
    """Return how image and mask are now, None if they cannot be looked at."""
    try:
        found = [path.stat() for path in _files(scan)]
    except (OSError, ValueError):
        return None
    image, segmentation = [
        FileState(each.st_size, each.st_mtime_ns, each.st_ctime_ns, each.st_ino) for each in found
    ]
    return image, segmentation


def _can_be_kept(
    scan: Scan,
    states: tuple[FileState, FileState],
    inspection: PairInspection,
    started: int,
) -> bool:
    """Return whether the files can tell that they changed, and both could be read.

    What cannot be read may have its cause outside the file: it is tried again every time.
    """
    if not all(map(math.isfinite, (*inspection.spacing, *inspection.origin))):
        return False  # JSON has no such numbers
    settled = all(max(state.mtime, state.ctime) + SETTLED < started for state in states)
    try:
        return settled and bool(inspection.image_content) and all(map(in_one_file, _files(scan)))
    except OSError:  # gone since it was read
        return False


def _without_files(inspection: PairInspection) -> PairInspection:
    """Take out the names of the files, which may be whole paths."""
    problems = tuple(replace(problem, file="") for problem in inspection.problems)
    return replace(inspection, problems=problems)


def _with_files(inspection: PairInspection, scan: Scan) -> PairInspection:
    """Put the names of the files back, as the manifest has them."""
    entries = {
        scan.config.image: scan.pair.image_entry,
        scan.config.segmentation: scan.pair.segmentation_entry,
    }
    problems = tuple(
        replace(problem, file=entries.get(problem.column, "")) for problem in inspection.problems
    )
    return replace(inspection, problems=problems)
