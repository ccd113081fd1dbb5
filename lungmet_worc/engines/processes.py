"""Processes that end with the one that started them, and leave Ctrl-C to it."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

#: prctl: which signal a process gets when its parent dies. Linux only, as the program is.
_PARENT_DEATH_SIGNAL = 1


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
def without_interrupts() -> Iterator[None]:
    """Start processes that never see Ctrl-C, not even while they start: they inherit the mask."""
    from multiprocessing import resource_tracker

    from loky.backend import resource_tracker as resource_tracker_of_loky

    # The first process starts both, and each lets the signal through again when it has started.
    resource_tracker.ensure_running()
    resource_tracker_of_loky.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
