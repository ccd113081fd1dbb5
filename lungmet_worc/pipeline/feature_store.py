"""Features kept for other runs of the same images: ``[run] feature_store``.

A folder of feature files, each under the stamp of its extraction: a hash of both images, of
everything in the settings that decides features, and of the versions. A run takes what has the
stamp that it needs, as a copy, and adds what it had to extract. Nothing in the folder names a
patient, and nothing depends on the folder: it may be deleted at any time, which empties it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from lungmet_worc.basics.errors import ResultsError, RunFolderError
from lungmet_worc.basics.regular_file import damaged
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import read_stamp, replaced, to_the_disk, write_bytes
from lungmet_worc.tasks.stage import Stage
from lungmet_worc.tasks.stage_runner import StageRunner
from lungmet_worc.tasks.task import Task, TaskResult, content_hash, unfinished
from lungmet_worc.worc.storage import read_features

logger = logging.getLogger(__name__)

#: Says that a folder is a feature store.
MARK = "lungmet_feature_store.json"
FORMAT = 1

#: No file of features comes near this, in bytes; a larger one is none.
LARGEST = 2**26

#: Images, stamp of the extraction, SHA-256 of the file.
_NAME = re.compile(r"([0-9a-f]{16})-([0-9a-f]{32})-([0-9a-f]{32})\.\w+")


class FeatureStore:
    """A folder that keeps features by the stamps of their extractions.

    Parameters
    ----------
    folder : Path
        Need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, Path] = {}
        self._images: set[str] = set()

    def open(self) -> FeatureStore:
        """Make the folder if it is not there, and see what is in it.

        Raises
        ------
        RunFolderError
            The folder is of something else, or nothing can be written to it.
        """
        mark = self.folder / MARK
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            others = [path.name for path in self.folder.iterdir() if path != mark]
            if not mark.is_file():
                if others:
                    raise RunFolderError(_not_ours(self.folder, sorted(others)))
                write_bytes(mark, json.dumps({"format": FORMAT}).encode() + b"\n")
        except OSError as error:
            message = Sentence(
                'The feature store "{folder}" cannot be used: {why}. Correct feature_store in '
                "[run] of the study file, or take it out.",
                folder=self.folder,
                why=error.strerror,
            )
            raise RunFolderError(message) from error
        return self.look()

    def spare(self, stage: Stage, tasks: Sequence[Task], runner: StageRunner) -> list[TaskResult]:
        """Run extractions that neither the run has nor the store, and add them; return failures.

        Parameters
        ----------
        stage : Stage
            The stage of the tasks.
        tasks : sequence of Task
            All extractions of the run, fresh or not.
        runner : StageRunner
            Of the run.
        """
        needed = [task for task in unfinished(tasks) if self.has(task)]
        runner.keep(task.output for task in needed)
        taken = self.take(needed)
        runner.already_done(taken, source="feature store")
        if taken:
            runner.progress.note(
                Sentence.plural(
                    len(taken),
                    "{n} feature file was taken from the feature store.",
                    "{n} feature files were taken from the feature store.",
                )
            )
        failed = runner.run(stage, tasks)
        try:
            self.add(tasks)
        except OSError as error:  # the run has its features, whatever befalls the store
            runner.progress.note(
                Sentence(
                    "The features could not be kept in the feature store: {why}.",
                    why=error.strerror or str(error),
                )
            )
        return failed

    def look(self) -> FeatureStore:
        """See what is in the folder; nothing is made or written."""
        marked = (self.folder / MARK).is_file()
        for path in sorted(self.folder.iterdir()) if marked else ():
            name = _NAME.fullmatch(path.name)
            if name is not None:
                self._files.setdefault(name[2], path)
                self._images.add(name[1])
        return self

    def has(self, task: Task) -> bool:
        """Return whether the output of an extraction is there."""
        return task.stamp in self._files

    def knows_images(self, task: Task) -> bool:
        """Return whether features of the same images are there, by whatever settings."""
        return _images(task) in self._images

    def take(self, tasks: Sequence[Task]) -> list[Task]:
        """Copy outputs of extractions to where they belong.

        Parameters
        ----------
        tasks : sequence of Task
            Extractions that would run.

        Returns
        -------
        list of Task
            Those that need not run any more. A file that is not as it was written, or is no
            file of features, is left alone and told to the log.
        """
        taken = []
        for task in tasks:
            if self.has(task):
                content = _sound(self._files[task.stamp])
                if content is not None and _placed(task, content):
                    taken.append(task)
        return taken

    def add(self, tasks: Sequence[Task]) -> int:
        """Keep the outputs of extractions that are done and not there yet; return how many.

        Parameters
        ----------
        tasks : sequence of Task

        Raises
        ------
        OSError
            The disk is full, or the folder is gone.
        """
        added = 0
        for task in tasks:
            if self.has(task) or read_stamp(task.output) != task.stamp:
                continue
            content = task.output.read_bytes()
            name = f"{_images(task)}-{task.stamp}-{_digest(content)}{task.output.suffix}"
            write_bytes(self.folder / name, content)
            self._files[task.stamp] = self.folder / name
            added += 1
        return added


def _not_ours(folder: Path, names: Sequence[str]) -> Sentence:
    more = len(names) - 3
    return Sentence(
        'The folder "{folder}" is no feature store: it holds {names}. Name a new or empty folder '
        "under feature_store in [run].",
        folder=folder,
        names=", ".join(names[:3]) + (f", ... (+{more})" if more > 0 else ""),
    )


def _images(task: Task) -> str:
    """Return the hash of the contents of image and segmentation, by which files are named."""
    return content_hash("images", [digest for _, digest, _ in task.arguments["inputs"]])[:16]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _sound(path: Path) -> bytes | None:
    """Return the content of a file of the store, None if it is not as it was written."""
    try:
        about = path.lstat()
        if stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST:
            content = path.read_bytes()
            if path.stem.endswith(_digest(content)):
                return content
    except OSError as error:
        logger.warning("%s of the feature store cannot be read: %s", path.name, error)
        return None
    logger.warning("%s of the feature store is damaged and not used; delete it", path.name)
    return None


def _placed(task: Task, content: bytes) -> bool:
    """Put a file where a task would have written it, if it is what the task would write."""
    try:
        with replaced(task.output) as partial:
            with partial.open("wb") as file:
                file.write(content)
                to_the_disk(file)
            if read_stamp(partial) != task.stamp or not read_features(partial):
                raise damaged(task.output)
    except ResultsError:
        logger.warning("the features of %s in the feature store are of no use", task.label)
        return False
    return True
