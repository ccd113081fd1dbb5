"""The local engine: a pool of processes on this machine, one BLAS thread each.

The pool is loky's: it says when a worker was killed instead of waiting for ever, and it does
not import the user's script again, so a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from lungmet_worc.tasks import Task, TaskResult
from lungmet_worc.worc import environment

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

_KILLED = (
    "the worker process was ended from outside; most often the machine ran out of memory. "
    "Run again with fewer cores"
)


class LocalEngine:
    """Runs tasks in worker processes that import WORC once and serve all stages.

    Parameters
    ----------
    cores : int
        Number of worker processes.
    folder : Path
        Folder of the run in which the workers may write.
    """

    def __init__(self, *, cores: int, folder: Path) -> None:
        self.cores = cores
        self.folder = folder
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Return the engine; workers start with the first task."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the workers, at once if something went wrong."""
        self._close(at_once=error is not None)

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """Run the tasks and yield each result when it is there.

        A worker that is killed takes all running tasks with it; each of those is tried once
        more, alone, so that only the task that is at fault is reported.
        """
        suspects: list[Task] = []
        try:
            yield from self._run_in_pool(list(tasks), suspects)
        finally:
            if suspects:
                self._close(at_once=True)
        for task in suspects:
            yield self._run_alone(task)

    def _run_in_pool(self, tasks: list[Task], suspects: list[Task]) -> Iterator[TaskResult]:
        waiting = tasks[::-1]
        running: dict[Future[tuple[float, str, str]], Task] = {}
        while waiting or running:
            # Only as many as there are workers: what is queued in a pool is lost with it.
            while waiting and len(running) < self.cores:
                task = waiting.pop()
                try:
                    running[self._start(task)] = task
                except BrokenProcessPool:
                    self._close(at_once=True)
                    waiting.append(task)
                    break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                task = running.pop(future)
                try:
                    yield TaskResult(task, *future.result())
                except BrokenProcessPool:
                    suspects.append(task)
            if suspects and not running and waiting:
                self._close(at_once=True)

    def _run_alone(self, task: Task) -> TaskResult:
        started = time.perf_counter()
        try:
            return TaskResult(task, *self._start(task).result())
        except BrokenProcessPool:
            self._close(at_once=True)
            return TaskResult(task, time.perf_counter() - started, _KILLED, _KILLED)

    def _start(self, task: Task) -> Future[tuple[float, str, str]]:
        if self._pool is None:
            from loky import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(
                max_workers=self.cores,
                initializer=_start_worker,
                initargs=(str(self.folder),),
                # Before the worker loads numpy: BLAS reads these once.
                env=dict.fromkeys(environment.ONE_THREAD, "1"),
            )
        arguments = {**task.arguments, "output": str(task.output), "stamp": task.stamp}
        return self._pool.submit(_run_task, task.function, arguments)

    def _close(self, *, at_once: bool) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        # Workers may be in the middle of a task; what they write is written atomically.
        pool.shutdown(wait=True, kill_workers=at_once)


def _start_worker(folder: str) -> None:
    """Prepare a worker process; Ctrl-C is the main process's business."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A folder for each worker: fastr fails when two of its imports make the same one.
    own = Path(folder) / f"worker-{os.getpid()}"
    environment.prepare(own)
    environment.import_worc()
    os.chdir(own)


def _run_task(function: str, arguments: dict[str, Any]) -> tuple[float, str, str]:
    """Run one task in a worker; return seconds, the cause of a failure, and its traceback."""
    started = time.perf_counter()
    module, _, name = function.partition(":")
    try:
        getattr(import_module(module), name)(**arguments)
    # Whatever WORC, PREDICT or a reader of images raises becomes the task's cause.
    except Exception as error:
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        return time.perf_counter() - started, cause, traceback.format_exc()
    return time.perf_counter() - started, "", ""
