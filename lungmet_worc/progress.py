"""What the user sees while a run goes on; the library only tells, the command line shows."""

from __future__ import annotations

import logging
from typing import Protocol

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


def duration(seconds: float) -> str:
    """Return a time span as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
