"""Run the tasks of a stage that are not fresh, and tell run.json and the listener of each."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lungmet_worc.basics.disk import disk_error
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import listed
from lungmet_worc.tasks.engines import Engine
from lungmet_worc.tasks.failures import as_error
from lungmet_worc.tasks.progress import Progress
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.run_folder.state import now, write_state
from lungmet_worc.tasks.stage import Part, Stage
from lungmet_worc.tasks.task import Failure, Task, TaskKey, TaskResult, unfinished
from lungmet_worc.tasks.timed_tasks import TimeLimit

logger = logging.getLogger(__name__)

#: run.json is written at most this often while tasks run, in seconds.
STATE_INTERVAL = 2.0


class StageRunner:
    """Runs stages of one execution of a study, one after another.

    Parameters
    ----------
    engine : Engine
        What runs the tasks; entered already when a stage runs.
    paths : RunPaths
        The run folder.
    progress : Progress
        Who listens.
    state : dict
        What run.json says; its ``tasks`` are kept up to date here, in place.
    aside : KeptAside
        Where earlier results go that are made again.
    time_limit : callable
        Returns the limit of a stage that begins now, or None where there is no deadline.
    """

    def __init__(
        self,
        engine: Engine,
        paths: RunPaths,
        progress: Progress,
        state: dict[str, Any],
        aside: KeptAside,
        time_limit: Callable[[], TimeLimit | None],
    ) -> None:
        self.engine = engine
        self.paths = paths
        self.progress = progress
        self.state = state
        self.aside = aside
        self.time_limit = time_limit
        self._written = 0.0
        self._told_aside = False

    def must(self, stage: Stage, tasks: Sequence[Task]) -> None:
        """Run a stage that the run cannot go on without.

        Parameters
        ----------
        stage : Stage
            The stage.
        tasks : sequence of Task
            All tasks of the stage, fresh or not.

        Raises
        ------
        TaskFailedError
            Tasks failed; all of them are listed.
        StorageError
            The disk is full, or cannot be written to.
        DeadlineError
            The deadline came too early for the stage.
        """
        failed = self.run(stage, tasks)
        if failed:
            raise as_error(failed)

    def run(self, stage: Stage, tasks: Sequence[Task]) -> list[TaskResult]:
        """Run the tasks of a stage that are not fresh and return what failed.

        Parameters
        ----------
        stage : Stage
            The stage.
        tasks : sequence of Task
            All tasks of the stage, fresh or not.

        Returns
        -------
        list of TaskResult

        Raises
        ------
        StorageError
            The disk is full, or cannot be written to.
        DeadlineError
            The deadline came too early for the stage.
        """
        todo = unfinished(tasks)
        self._remember_ingredients(tasks)
        self.keep(task.output for task in todo)
        known = self._begin(stage.name, tasks, todo)
        self.progress.start(stage, len(tasks), len(tasks) - len(todo))
        failed = []
        for result in self._results(stage, todo) if todo else ():
            self._record(result)
            self.progress.advance(result.task.label)
            if not result.done:
                failed.append(result)
                self.progress.note(f"{result.task.label} failed: {result.error}")
                if result.failure is Failure.STORAGE:
                    self.progress.finish()
                    raise disk_error(result.error, self.paths.folder, _still_needed(tasks, known))
        self.progress.finish()
        stage.after(known, tasks)
        self._write_state(at_once=True)
        return failed

    def already_done(self, tasks: Iterable[Task], *, source: str) -> None:
        """Tell run.json of tasks that need not run, since their outputs were elsewhere.

        Parameters
        ----------
        tasks : iterable of Task
            Their outputs are in place.
        source : str
            Where they were.
        """
        known = self.state.setdefault("tasks", {})
        for task in tasks:
            known[str(task.key)] = {"state": "done", "stamp": task.stamp, "source": source}

    def keep(self, files: Iterable[Path], *, rewritten: bool = False) -> None:
        """Keep earlier results aside, and tell the user once where.

        Parameters
        ----------
        files : iterable of Path
            Files of the run folder that may be made again.
        rewritten : bool
            They are written over, not replaced by renaming, so they are moved now.
        """
        number = self.aside.keep(files, rewritten=rewritten)
        if number and not self._told_aside:
            self._told_aside = True
            where = self.aside.folder.relative_to(self.paths.folder)
            self.progress.note(f"Earlier results that are made again are kept in {where}.")

    def forget_ingredients(self) -> None:
        """Drop what explains outputs that are no longer there, now that all are fresh."""
        record = MadeFrom(self.paths.made_from)
        if record.keep_only(entry["stamp"] for entry in self.state["tasks"].values()):
            record.write()

    def _begin(
        self, stage: str, tasks: Sequence[Task], todo: Sequence[Task]
    ) -> dict[str, dict[str, Any]]:
        """Put the tasks of the stage into the state, and take out those it no longer has."""
        current = {str(task.key) for task in tasks}
        known: dict[str, dict[str, Any]] = {
            key: entry
            for key, entry in self.state.get("tasks", {}).items()
            if key in current or TaskKey.parse(key).stage != stage
        }
        self.state["tasks"] = known
        for task in tasks:
            known.setdefault(str(task.key), {}).update(state="done", stamp=task.stamp)
        for task in todo:
            known[str(task.key)] = {"state": "to do", "stamp": task.stamp}
        return known

    def _results(self, stage: Stage, todo: Sequence[Task]) -> Iterator[TaskResult]:
        """Run tasks, and start none that the deadline leaves no time for."""
        limit = self.time_limit()
        return self.engine.run(todo) if limit is None else limit.results(self.engine, stage, todo)

    def _remember_ingredients(self, tasks: Sequence[Task]) -> None:
        """Keep what the outputs are made from before any is there, to explain them one day."""
        record = MadeFrom(self.paths.made_from)
        if record.add(tasks):
            record.write()

    def _record(self, result: TaskResult) -> None:
        entry: dict[str, Any] = {
            "state": "done" if result.done else "failed",
            "stamp": result.task.stamp,
            "seconds": round(result.seconds, 3),
            "finished": now(),
        }
        if not result.done:
            entry["error"] = result.error
            entry["failure"] = result.failure.value
            logger.error("%s failed: %s", result.task.key, result.error)
            logger.error("%s", result.traceback)
        else:
            logger.info("%s done in %.1f s", result.task.key, result.seconds)
        self.state["tasks"][str(result.task.key)] = entry
        self._write_state()

    def _write_state(self, *, at_once: bool = False) -> None:
        if at_once or time.monotonic() - self._written > STATE_INTERVAL:
            write_state(self.paths, self.state)
            self._written = time.monotonic()


def require_complete(part: Part, tasks: Sequence[Task]) -> None:
    """Raise if tasks of an earlier stage are not fresh.

    Parameters
    ----------
    part : {"extraction", "search", "report"}
        What would make them, as ``--only`` names it.
    tasks : sequence of Task

    Raises
    ------
    ResultsError
        Names the first of them, and the command that makes them.
    """
    todo = unfinished(tasks)
    if todo:
        message = Sentence(
            "The {title} is not complete: {tasks}. "
            'Run "lungmet run" with "--only {stage}" first, or without --only.',
            title=Sentence(part),
            stage=part,
            tasks=listed([task.label for task in todo], 3),
        )
        raise ResultsError(message)


def _still_needed(tasks: Sequence[Task], known: Mapping[str, Mapping[str, Any]]) -> int:
    """Return about how many bytes the unfinished tasks of a stage will write, 0 if unknown."""
    done = [task.output for task in tasks if known[str(task.key)]["state"] == "done"]
    sizes = [path.stat().st_size for path in done if path.exists()]
    return round(sum(sizes) / len(sizes) * (len(tasks) - len(done))) if sizes else 0
