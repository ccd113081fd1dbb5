"""Ctrl-C, SIGTERM and a terminal that closes: one way to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: A second signal is ignored for so long after the first, in seconds: the workers are being
#: stopped, and the state is written. After that it stops again whatever still goes on.
STOPPING = 10.0

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop.

    Parameters
    ----------
    number : int
        The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise :class:`Stopped` where one of the signals meets the block.

    A signal that is ignored stays so: SIGHUP under ``nohup``, SIGINT of a job in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first: float | None = None

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if first is None or time.monotonic() - first > STOPPING:
            first = time.monotonic()
            raise Stopped(number)

    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            # A signal after the first one would else end the last words in a traceback.
            signal.signal(number, handler if first is None else signal.SIG_IGN)
