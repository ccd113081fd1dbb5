"""One worker process: it is set up once and runs one task after the other.

Each is a pool of loky's with one process, so that a worker that dies takes no other's task with
it. loky says when a process was killed instead of waiting for ever, and does not import the
user's script again, so a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungmet_worc.basics.disk import disk_cause
from lungmet_worc.basics.errors import InputChangedError
from lungmet_worc.basics.held_folder import hold, make_folder
from lungmet_worc.tasks import failures
from lungmet_worc.tasks.engines import memory
from lungmet_worc.tasks.engines.processes import ONE_THREAD, process_pool, starting_processes
from lungmet_worc.tasks.task import Failure, Task

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

#: Seconds, the cause of a failure in one line, its traceback, and its kind.
Outcome = tuple[float, str, str, Failure]

__all__ = ["BrokenProcessPool", "Outcome", "Worker"]


class Worker:
    """A worker process, seen from the main one.

    Parameters
    ----------
    folder : Path
        Folder of the run in which it may write.
    set_up : str
        ``module:function`` that it calls with a folder of its own before its first task.
    """

    def __init__(self, folder: Path, set_up: str) -> None:
        # That a process keeps memory and is replaced is loky's business, and changes nothing.
        warnings.filterwarnings("ignore", "A worker was restarted while some jobs", UserWarning)
        self._folder = folder
        self._set_up = set_up
        self._process: BaseProcess | None = None
        # Before the worker loads numpy: BLAS reads these once.
        self._pool = process_pool(1, ONE_THREAD)

    def start(self, task: Task) -> Future[Outcome]:
        """Start a task.

        Raises
        ------
        BrokenProcessPool
            The process was killed while it waited.
        """
        arguments = {**task.arguments, "output": str(task.output), "stamp": task.stamp}
        with starting_processes():
            future = self._pool.submit(
                run_task, task.function, arguments, str(self._folder), self._set_up
            )
        self._look()
        return future

    def memory(self) -> tuple[int, int]:
        """Return what the process has in memory now, and the most it ever had, in bytes."""
        self._look()
        pid = None if self._process is None else self._process.pid
        return (0, 0) if pid is None else memory.used_by(pid)

    def exit_code(self) -> int | None:
        """Return how a process that died ended; the negative of a signal's number."""
        if self._process is None:
            return None
        self._process.join(timeout=1.0)
        code: int | None = self._process.exitcode
        return code

    def _look(self) -> None:
        # loky replaces a process that keeps much memory after a task, and forgets one that died.
        self._process = next(iter(self._pool._processes.values()), self._process)

    def stop(self) -> None:
        """Kill the process; what it writes is written atomically."""
        self._pool.shutdown(wait=True, kill_workers=True)


_prepared = False


def _prepare(folder: Path, set_up: str) -> None:
    """Set this process up before its first task."""
    global _prepared
    if _prepared:
        return
    # The run folder; if it is moved, nothing is written to its old path.
    hold(folder.parent)
    # A folder for each worker: fastr fails when two of its imports make the same one. A new one:
    # fastr executes the settings that it finds there, and matplotlib reads those of the folder it
    # is started in.
    make_folder(folder)
    own = Path(tempfile.mkdtemp(prefix=f"worker-{platform.node()}-", dir=folder)).resolve()
    os.chdir(own)
    _called(set_up)(own)
    _prepared = True


def run_task(function: str, arguments: dict[str, Any], folder: str, set_up: str) -> Outcome:
    """Run one task in a worker process.

    Parameters
    ----------
    function : str
        ``module:function`` of the task.
    arguments : dict
        Its keyword arguments.
    folder : str
        Folder of the run in which the worker may write.
    set_up : str
        ``module:function`` that is called with a folder of the worker's before its first task.

    Returns
    -------
    tuple
        Seconds, the cause of a failure in one line, its traceback, and its kind.
    """
    started = time.perf_counter()
    try:
        _prepare(Path(folder), set_up)
        started = time.perf_counter()
        _called(function)(**arguments)
    # Whatever WORC, PREDICT or a reader of images raises becomes the task's cause; a library
    # that wants to end the process ends its task only.
    except (Exception, SystemExit) as error:
        seconds = time.perf_counter() - started
        kind = failures.kind(error)
        return seconds, _cause(error, kind), traceback.format_exc(), kind
    return time.perf_counter() - started, "", "", Failure.TASK


def _called(name: str) -> Callable[..., Any]:
    """Return the function that is called ``module:function``."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


def _cause(error: BaseException, kind: Failure) -> str:
    if isinstance(error, InputChangedError):
        return error.message
    if kind is Failure.STORAGE:
        return disk_cause(error)
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]
