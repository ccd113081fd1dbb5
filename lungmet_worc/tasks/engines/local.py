"""The local engine: processes on this machine, one BLAS thread each, as many as memory allows."""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from lungmet_worc.basics.held_folder import require_in_place
from lungmet_worc.tasks.engines import memory
from lungmet_worc.tasks.engines.worker import BrokenProcessPool, Outcome, Worker
from lungmet_worc.tasks.task import Failure, Task, TaskKey, TaskResult

logger = logging.getLogger(__name__)

#: The workers' memory is looked at this often, in seconds.
INTERVAL = 1.0


@dataclass
class _Running:
    task: Task
    worker: Worker
    started: float


class LocalEngine:
    """Runs tasks in worker processes that are set up once and serve all stages.

    A task whose worker died, or ran out of memory, is tried once more, alone if memory was the
    cause. No task is started beside others while memory is short.

    Parameters
    ----------
    cores : int
        Number of worker processes, at most.
    folder : Path
        Folder of the run in which the workers may write.
    set_up : str
        See `lungmet_worc.tasks.engines.make_engine`.
    note : callable, optional
        Tells the user something; by default only the log has it.
    """

    def __init__(
        self,
        *,
        cores: int,
        folder: Path,
        set_up: str,
        note: Callable[[str], None] = logger.info,
    ) -> None:
        self.cores = cores
        self.folder = folder
        self._set_up = set_up
        self._note = note
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._running: dict[Future[Outcome], _Running] = {}
        self._largest = 0
        self._free = memory.available()
        self._fewest = cores

    def __enter__(self) -> Self:
        """Return the engine; workers start with the first task."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the workers."""
        for worker in list(self._workers):
            self._stop(worker)

    @property
    def start_up(self) -> float:
        """Return what a call of ``run`` takes beside the tasks, in seconds."""
        return 0.0

    def run(self, tasks: Sequence[Task]) -> Iterator[TaskResult]:
        """Run the tasks and yield each result when it is there."""
        waiting = deque(tasks)
        # Lost for want of memory: tried again at the end, one at a time.
        alone: list[Task] = []
        tried: set[TaskKey] = set()
        limit = self.cores
        try:
            while waiting or alone or self._running:
                if not waiting and not self._running:
                    waiting, alone, limit = deque(alone), [], 1
                while waiting and len(self._running) < limit and self._has_room():
                    self._start(waiting.popleft())
                finished = self._finished()
                # Where the run folder was moved, no failure says anything of its task.
                require_in_place()
                for future in finished:
                    side_by_side = len(self._running)
                    result = self._result(future)
                    if not is_tried_again(result):
                        yield result
                    elif result.task.key in tried:
                        yield replace(result, error=f"{result.error} It was tried twice.")
                    else:
                        tried.add(result.task.key)
                        logger.warning("%s is tried again. %s", result.task.key, result.error)
                        if result.failure is Failure.MEMORY:
                            alone.append(result.task)
                            limit = max(1, min(limit, side_by_side - 1))
                        else:
                            waiting.append(result.task)
        finally:
            # The one who asked for results may want no more of them.
            for each in self._running.values():
                self._stop(each.worker)
            self._running.clear()

    def _has_room(self) -> bool:
        """Return whether one more task can start; one always can."""
        if not self._running:
            return True
        self._free = memory.available()
        now = [each.worker.memory()[0] for each in self._running.values()]
        next_worker = self._idle[-1].memory()[0] if self._idle else 0
        if memory.has_room(self._free, self._largest, now, next_worker):
            return True
        # What idle workers hold is better used by those that work.
        for worker in list(self._idle):
            self._stop(worker)
        if len(self._running) < self._fewest:
            used = f", a task used up to {memory.said(self._largest)}" if self._largest else ""
            said = (
                f"Memory is short ({memory.said(self._free)} free{used}): {len(self._running)} of "
                f"{self.cores} tasks run at the same time until there is more."
            )
            logger.warning("%s", said)
            if self._fewest == self.cores:
                self._note(said)
            self._fewest = len(self._running)
        return False

    def _start(self, task: Task) -> None:
        while True:
            worker = self._idle.pop() if self._idle else Worker(self.folder, self._set_up)
            if worker not in self._workers:
                # Before it starts, so that it is stopped whatever happens meanwhile.
                self._workers.append(worker)
            try:
                future = worker.start(task)
            except BrokenProcessPool:  # killed while it was idle
                self._stop(worker)
                continue
            self._running[future] = _Running(task, worker, time.perf_counter())
            return

    def _finished(self) -> set[Future[Outcome]]:
        """Wait for tasks that end, for a moment, and see what the workers use."""
        finished, _ = wait(self._running, INTERVAL, FIRST_COMPLETED)
        for each in self._running.values():
            self._largest = max(self._largest, each.worker.memory()[1])
        if not finished:
            self._free = memory.available()
        return finished

    def _result(self, future: Future[Outcome]) -> TaskResult:
        running = self._running.pop(future)
        try:
            result = TaskResult(running.task, *future.result())
        except BrokenProcessPool as error:
            result = self._died(running, str(error))
        if not is_tried_again(result):
            self._idle.append(running.worker)
            return result
        self._stop(running.worker)
        seen = (
            f"{memory.said(self._free)} of memory were free, "
            f"a task used up to {memory.said(self._largest)}."
        )
        return replace(result, error=f"{result.error}; {seen}")

    def _died(self, running: _Running, trace: str) -> TaskResult:
        code = running.worker.exit_code()
        memory_is_short = self._free < max(self._largest, memory.SMALLEST_WORKER)
        killed = code == -signal.SIGKILL
        if killed:
            how = "was killed, which the system does when memory runs out"
        elif code is not None and code < 0:
            how = f"crashed ({signal.Signals(-code).name})"
        else:
            how = f"ended in the middle of the task (exit code {code})"
        failure = Failure.MEMORY if killed or memory_is_short else Failure.DIED
        seconds = time.perf_counter() - running.started
        return TaskResult(running.task, seconds, f"The worker process {how}", trace, failure)

    def _stop(self, worker: Worker) -> None:
        self._workers.remove(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        worker.stop()


def is_tried_again(result: TaskResult) -> bool:
    """Return whether a task failed for a cause of which the next try may know nothing."""
    return not result.done and result.failure in (Failure.MEMORY, Failure.DIED)
