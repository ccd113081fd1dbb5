"""What a run leaves behind that nobody needs, and how it is known to be ours."""

from __future__ import annotations

import logging
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.stamped_files import half_written, write_text
from lungmet_worc.tasks.run_folder.mark import SCRATCH_MARK, inner_folders, is_our_scratch
from lungmet_worc.tasks.run_folder.paths import RunPaths

logger = logging.getLogger(__name__)

#: So often a folder is removed in which a job may still write, and seconds in between: jobs end
#: when they find that their files are gone.
_TRIES, _PAUSE = 20, 0.5

#: Where we write beside what is there, and what the files are called.
_WRITTEN = {
    "": re.compile(
        r"(run|inspections|made_from|report_files|lungmet)\.json|splits\.csv|report\.html"
    ),
    "features": re.compile(r".+\.(hdf5|npz|json|ini)"),
    "arms": re.compile(r".+\.(hdf5|npz|json|ini|csv)"),
}


def make_scratch(paths: RunPaths) -> Path:
    """Make the scratch folder of a run, and mark it as ours to delete."""
    make_folder(paths.scratch)
    write_text(paths.scratch / SCRATCH_MARK, "lungmet deletes this folder when it is done.\n")
    return paths.scratch


def remove_tree(folder: Path) -> None:
    """Remove a folder, also one in which a job of a killed run still writes for a moment."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(_PAUSE)


def remove_leftovers(paths: RunPaths) -> None:
    """Remove what processes that were killed left; call it with the folder locked."""
    scratch = paths.scratch
    if scratch.is_dir() and not scratch.is_symlink() and is_our_scratch(scratch):
        # The mark goes last: what is left by a process that is killed now is still ours.
        for path in scratch.iterdir():
            if path.is_dir() and not path.is_symlink():
                remove_tree(path)
            elif path.name != SCRATCH_MARK:
                path.unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)
    for left in list(_half_written(paths.folder)):
        left.unlink(missing_ok=True)
        logger.info("%s was half written and is removed", left.name)


def _half_written(folder: Path) -> Iterator[Path]:
    """Yield half-written files, only where we write and only of names that we write."""
    for place in (folder, *inner_folders(folder)):
        kind = place.relative_to(folder).parts[:1]
        ours = _WRITTEN.get(kind[0] if kind else "")
        if ours is None or place.is_symlink() or not place.is_dir():
            continue
        for path in place.glob(".*.partial*"):
            if ours.fullmatch(half_written(path.name)) and path.is_file():
                yield path
