"""Earlier results that are made again: moved to old/<time of the run>/, never written over.

An output is replaced by renaming a new file over it, so the old one gets a second name (a hard
link) in time: nothing is copied, and a run that is cut short leaves what it did not replace
where it is. What turns out not to be replaced loses its second name again.
"""

from __future__ import annotations

import filecmp
import logging
from collections.abc import Iterable
from pathlib import Path

from lungmet_worc.runs import RunPaths

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
        # A colon cannot be part of a file name on shares of Windows machines.
        self._name = started.removesuffix("+00:00").replace(":", "-") + "Z"
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

    def keep(self, files: Iterable[Path]) -> int:
        """Keep files that may be replaced by renaming others over them.

        Parameters
        ----------
        files : iterable of Path
            Files in the run folder; those that do not exist are passed over.

        Returns
        -------
        int
            How many there were.
        """
        return sum(self._take(file, move=False) for file in files)

    def move(self, files: Iterable[Path]) -> int:
        """Take files away that are written anew; see :meth:`keep`."""
        return sum(self._take(file, move=True) for file in files)

    def settle(self) -> int:
        """Forget what was not replaced in the end, and return how many files are kept."""
        return 0 if self._folder is None else _settle(self.paths.folder, self._folder)

    def _take(self, file: Path, *, move: bool) -> bool:
        if not file.is_file():
            return False
        target = self.folder / file.relative_to(self.paths.folder)
        if target.exists():  # replaced twice in one run: the first one is the earlier result
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        if not move:
            try:
                target.hardlink_to(file)
            except OSError:  # a file system without hard links
                move = True
        if move:
            file.replace(target)
        return True


def settle_last(paths: RunPaths) -> None:
    """Do what a run that was killed could not: forget what it did not replace."""
    folders = sorted(path for path in paths.old.glob("*") if path.is_dir())
    if folders:
        _settle(paths.folder, folders[-1])


def _settle(run: Path, folder: Path) -> int:
    kept = 0
    # The deepest first, so that a folder comes after everything in it.
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            _remove_if_empty(path)
            continue
        now = run / path.relative_to(folder)
        if now.is_file() and (now.samefile(path) or filecmp.cmp(now, path, shallow=False)):
            path.unlink()
        else:
            logger.info("an earlier result is kept as %s", path.relative_to(run))
            kept += 1
    for path in (folder, folder.parent):
        _remove_if_empty(path)
    return kept


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
