"""Earlier results that are made again: moved to old/<time of the run>/, never written over.

An output is replaced by renaming a new file over it, so the old one gets a second name (a hard
link) in time: nothing is copied, and a run that is cut short leaves what it did not replace
where it is. What turns out not to be replaced loses its second name again.
"""

from __future__ import annotations

import filecmp
import logging
import os
import re
from collections.abc import Iterable
from pathlib import Path

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.tasks.run_folder.paths import RunPaths

logger = logging.getLogger(__name__)


class KeptAside:
    """The earlier results that one run replaces.

    Parameters
    ----------
    paths : RunPaths
        The run folder.
    started : str
        When the run started, in UTC, as run.json writes it.
    """

    def __init__(self, paths: RunPaths, started: str) -> None:
        self.paths = paths
        self._name = _folder_name(started)
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """Return the folder of this run, another one than that of any run before."""
        if self._folder is None:
            number, self._folder = 1, self.paths.old / self._name
            while self._folder.exists():
                number += 1
                self._folder = self.paths.old / f"{self._name}-{number}"
        return self._folder

    def keep(self, files: Iterable[Path], *, rewritten: bool = False) -> int:
        """Keep what other files may take the place of.

        Parameters
        ----------
        files : iterable of Path
            In the run folder, whoever wrote them; those that do not exist are passed over.
        rewritten : bool
            Nothing is renamed over them, so they are moved now.

        Returns
        -------
        int
            How many there were.
        """
        return sum(self._take(file, move=rewritten) for file in files)

    def settle(self) -> int:
        """Forget what was not replaced in the end, and return how many files are kept."""
        return 0 if self._folder is None else _settle(self.paths.folder, self._folder)

    def _take(self, file: Path, *, move: bool) -> bool:
        if not os.path.lexists(file):
            return False
        # A link or a folder cannot have a second name.
        move = move or file.is_symlink() or not file.is_file()
        target = self.folder / file.relative_to(self.paths.folder)
        # Replaced twice in one run: the first one is the earlier result.
        if os.path.lexists(target):
            return False
        make_folder(target.parent)
        if not move:
            try:
                target.hardlink_to(file)
            except OSError:  # a file system without hard links
                move = True
        if move:
            file.replace(target)
        return True


def settle_last(paths: RunPaths, started: str | None) -> None:
    """Do what a run that was killed could not: forget what it did not replace.

    Parameters
    ----------
    paths : RunPaths
        The run folder.
    started : str, optional
        When that run started, as run.json writes it; None if there was none.
    """
    if started is None:
        return
    ours = re.compile(rf"{re.escape(_folder_name(started))}(-\d+)?")
    folders = [path for path in paths.old.glob("*") if ours.fullmatch(path.name)]
    for folder in folders:
        if folder.is_dir() and not folder.is_symlink():
            _settle(paths.folder, folder)


def _folder_name(started: str) -> str:
    # A colon cannot be part of a file name on shares of Windows machines.
    return started.removesuffix("+00:00").replace(":", "-") + "Z"


def _settle(run: Path, folder: Path) -> int:
    kept = 0
    # The deepest first, so that a folder comes after everything in it.
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            _remove_if_empty(path)
            continue
        if _is_same(path, run / path.relative_to(folder)):
            path.unlink()
        else:
            logger.info("an earlier result is kept as %s", path.relative_to(run))
            kept += 1
    for path in (folder, folder.parent):
        _remove_if_empty(path)
    return kept


def _is_same(kept: Path, now: Path) -> bool:
    plain = kept.is_file() and not kept.is_symlink() and now.is_file()
    return plain and (now.samefile(kept) or filecmp.cmp(now, kept, shallow=False))


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
