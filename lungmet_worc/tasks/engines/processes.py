"""Processes that end with the one that started them, leave Ctrl-C to it, and import no strangers.

Python looks for modules first where a script lies, or where it was started: a ``random.py`` there
would be taken for Python's own. A user's script has a right to that, and no other process has.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import process
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

#: prctl: which signal a process gets when its parent dies. Linux only, as the program is.
_PARENT_DEATH_SIGNAL = 1

#: Variables that limit the threads of BLAS, OpenMP and ITK. With one thread per worker the
#: numbers do not depend on how many workers there are.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    ),
    "1",
)

#: Where this package lies.
CODE = str(Path(__file__).parents[3])

#: Python's own switch: neither the working folder nor that of a script is looked into.
SAFE_PATH = {"PYTHONSAFEPATH": "1"}


def end_with(parent: int) -> None:
    """Let the kernel kill this process as soon as its parent is gone, however that ended.

    A worker of loky would else wait for ever for its next task, or write into a folder in which
    the next run works already.

    Parameters
    ----------
    parent : int
        Process id of the parent, which may be gone already.
    """
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


@contextmanager
def starting_processes() -> Iterator[None]:
    """Start processes that never see Ctrl-C and import nothing from the working folder.

    They inherit what holds while they start: the signals that are blocked, and the environment.
    """
    from multiprocessing import resource_tracker

    from loky.backend import resource_tracker as resource_tracker_of_loky

    _keep_the_script_folder_from_loky()
    safe = safe_environment(os.environ)
    before = {name: os.environ.get(name) for name in safe}
    os.environ.update(safe)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    try:
        # The first process starts both, and each lets Ctrl-C through again when it has started.
        resource_tracker.ensure_running()
        resource_tracker_of_loky.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def process_pool(
    processes: int, environment: Mapping[str, str] = MappingProxyType({})
) -> ProcessPoolExecutor:
    """Return a pool of such processes, which start with the first task.

    Parameters
    ----------
    processes : int
        How many, at most.
    environment : mapping of str to str, optional
        Variables to add to theirs.
    """
    from loky import ProcessPoolExecutor

    # The pool's locks start the process that keeps account of them.
    with starting_processes():
        return ProcessPoolExecutor(
            max_workers=processes,
            initializer=end_with,
            initargs=(os.getpid(),),
            env={**environment, **SAFE_PATH},
        )


def safe_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return what a process of ours is told of where modules lie.

    Parameters
    ----------
    outer : mapping
        The environment of this process. An empty part of ``PYTHONPATH``, which is left by
        ``PYTHONPATH=$PYTHONPATH:/more``, stands for the working folder.
    """
    if "PYTHONPATH" not in outer:
        return SAFE_PATH
    parts = filter(None, outer["PYTHONPATH"].split(os.pathsep))
    return {**SAFE_PATH, "PYTHONPATH": os.pathsep.join(parts)}


def path_for_processes() -> list[str]:
    """Return this process's module path without the folder that Python added for its script."""
    main = sys.modules["__main__"]
    script = getattr(main, "__file__", None)
    added = {"", getattr(process, "ORIGINAL_DIR", None) or ""}
    if script and main.__spec__ is None:  # not started with -m
        added.add(os.path.realpath(Path(script).parent))
    named = {*filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))}
    kept = [part for part in sys.path if part in named or part not in added]
    # This package may lie beside the script. At the end, it lets no other module in before.
    return kept if CODE in kept else [*kept, CODE]


def _keep_the_script_folder_from_loky() -> None:
    """Let loky hand no folder to its processes that Python added for the script.

    loky sets their path to that of this process, whatever ``PYTHONSAFEPATH`` says.
    """
    from loky.backend import spawn

    original = spawn.get_preparation_data
    if hasattr(original, "stands_for"):
        return

    def get_preparation_data(*arguments: Any, **options: Any) -> dict[str, Any]:
        prepared: dict[str, Any] = original(*arguments, **options)
        return {**prepared, "sys_path": path_for_processes()}

    get_preparation_data.stands_for = original  # type: ignore[attr-defined]
    spawn.get_preparation_data = get_preparation_data
