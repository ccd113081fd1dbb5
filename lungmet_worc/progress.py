"""What the user sees while a run goes on: a bar for each stage, or plain lines."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from typing import Any, Protocol

from tqdm import tqdm

from lungmet_worc.control_characters import unfiltered, visible

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """Listens to a run."""

    def start(self, stage: str, total: int, fresh: int) -> None:
        """Start a stage of ``total`` tasks, of which ``fresh`` need not run."""

    def advance(self, label: str) -> None:
        """Tell that one task of the stage ended."""

    def finish(self) -> None:
        """Tell that the stage ended."""

    def note(self, text: str) -> None:
        """Tell the user something that is no progress."""


class Quiet:
    """A listener that only writes to the log."""

    def start(self, stage: str, total: int, fresh: int) -> None:
        """Log the start of a stage."""
        logger.info("%s: %d tasks, %d of them already done", stage, total, fresh)

    def advance(self, label: str) -> None:
        """Log the end of a task."""
        logger.debug("done: %s", label)

    def finish(self) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Log the note."""
        logger.info("%s", text)


_TITLES = {
    "check": "Checking",
    "fingerprint": "Looking at the images",
    "extraction": "Extracting features",
    "settings": "Preparing the arms",
    "harmonisation": "Harmonising features",
    "search": "Searching workflows",
    "permutation": "Permuting outcomes",
    "evaluation": "Evaluating",
    "report": "Writing the report",
}

_FORMAT = "{desc} {bar} {n_fmt}/{total_fmt} [{elapsed}, {remaining} left, {rate_fmt}] {postfix}"

#: Without a terminal at most one line is written in this time, in seconds.
LINE_INTERVAL = 10.0


class Bars:
    """Shows a run on the standard error stream."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        # A terminal that does not tell its width has no room for a bar.
        self._terminal = sys.stderr.isatty() and shutil.get_terminal_size((0, 0)).columns > 0
        self._stage = ""
        self._total = self._done = self._fresh = 0
        self._started = self._said = 0.0

    def start(self, stage: str, total: int, fresh: int) -> None:
        """Start the bar of a stage, with what is done already filled in."""
        self._stage, self._total, self._done, self._fresh = stage, total, fresh, fresh
        self._started = self._said = time.monotonic()
        title = f"{_TITLES.get(stage, stage):<22}"
        if self._terminal:
            self._bar = tqdm(
                total=total,
                initial=fresh,
                desc=title,
                unit=" tasks",
                dynamic_ncols=True,
                bar_format=_FORMAT,
                file=unfiltered(sys.stderr),
            )
        elif fresh == total:
            self._say(f"{title} {total} of {total}, already done")
        else:
            self._say(f"{title} {total} to do" + (f", {fresh} already done" if fresh else ""))

    def advance(self, label: str) -> None:
        """Show that one task ended."""
        self._done += 1
        if self._bar is not None:
            self._bar.set_postfix_str(visible(label), refresh=False)
            self._bar.update()
            return
        now = time.monotonic()
        if self._done == self._total or now - self._said > LINE_INTERVAL:
            self._said = now
            title = _TITLES.get(self._stage, self._stage)
            self._say(f"{title:<22} {self._done} of {self._total} ({label}){self._pace(now)}")

    def finish(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def note(self, text: str) -> None:
        """Show a line without breaking the bar."""
        if self._bar is not None:
            self._bar.write(visible(text), file=unfiltered(sys.stderr))
        else:
            self._say(text)

    def _pace(self, now: float) -> str:
        """Return rate and time left, once a few tasks are known."""
        ran, elapsed = self._done - self._fresh, now - self._started
        if ran < 1 or elapsed <= 0 or self._done == self._total:
            return f", {elapsed:.0f} s"
        rate = ran / elapsed
        left = (self._total - self._done) / rate
        return f", {rate * 60:.1f} a minute, about {duration(left)} left"

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(f"{visible(text)}\n")
        sys.stderr.flush()


def duration(seconds: float) -> str:
    """Return a time span as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
