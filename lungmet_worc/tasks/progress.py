"""What the user sees while a run goes on: a bar for each stage, or plain lines."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from typing import Any, Protocol

from tqdm import tqdm

from lungmet_worc.basics.control_characters import unfiltered, visible
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.tasks.stage import Stage

logger = logging.getLogger(__name__)


class Progress(Protocol):
    """Listens to a run."""

    def start(self, stage: Stage, total: int, fresh: int) -> None:
        """Start a stage of ``total`` tasks, of which ``fresh`` need not run."""

    def advance(self, label: str) -> None:
        """Tell that one task of the stage ended."""

    def finish(self) -> None:
        """Tell that the stage ended."""

    def note(self, text: str) -> None:
        """Tell the user something that is no progress."""


class Quiet:
    """A listener that only writes to the log."""

    def start(self, stage: Stage, total: int, fresh: int) -> None:
        """Log the start of a stage."""
        logger.info("%s: %d tasks, %d of them already done", stage.name, total, fresh)

    def advance(self, label: str) -> None:
        """Log the end of a task."""
        logger.debug("done: %s", label)

    def finish(self) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Log the note."""
        logger.info("%s", text)


#: Of tqdm, which fills in the fields.
_FORMAT = Sentence(
    "{desc} {bar} {n_fmt}/{total_fmt} [{elapsed}, {remaining} left, {rate_fmt}] {postfix}"
)

#: Without a terminal at most one line is written in this time, in seconds.
LINE_INTERVAL = 10.0


class Bars:
    """Shows a run on the standard error stream.

    Parameters
    ----------
    say : Language
        The language of the reader.
    """

    def __init__(self, say: Language = ENGLISH) -> None:
        self._language = say
        self._bar: tqdm[Any] | None = None
        # A terminal that does not tell its width has no room for a bar.
        self._terminal = sys.stderr.isatty() and shutil.get_terminal_size((0, 0)).columns > 0
        self._activity = ""
        self._total = self._done = self._fresh = 0
        self._started = self._said = 0.0

    def start(self, stage: Stage, total: int, fresh: int) -> None:
        """Start the bar of a stage, with what is done already filled in."""
        self._activity = stage.activity
        self._total, self._done, self._fresh = total, fresh, fresh
        self._started = self._said = time.monotonic()
        title = self._title()
        if self._terminal:
            self._bar = tqdm(
                total=total,
                initial=fresh,
                desc=title,
                unit=self._language.of(Sentence(" tasks")),
                dynamic_ncols=True,
                bar_format=self._language.of(_FORMAT),
                file=unfiltered(sys.stderr),
            )
        elif fresh == total:
            self._say(Sentence("{title} {n} of {n}, already done", title=title, n=total))
        elif fresh:
            self._say(
                Sentence(
                    "{title} {n} to do, {fresh} already done", title=title, n=total, fresh=fresh
                )
            )
        else:
            self._say(Sentence("{title} {n} to do", title=title, n=total))

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
            self._say(
                Sentence(
                    "{title} {done} of {total} ({label}), {pace}",
                    title=self._title(),
                    done=self._done,
                    total=self._total,
                    label=label,
                    pace=self._pace(now),
                )
            )

    def finish(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def note(self, text: str) -> None:
        """Show a line without breaking the bar."""
        if self._bar is not None:
            self._bar.write(visible(self._language.of(text)), file=unfiltered(sys.stderr))
        else:
            self._say(text)

    def _title(self) -> str:
        return f"{self._language.of(self._activity):<22}"

    def _pace(self, now: float) -> Sentence:
        """Return rate and time left, once a few tasks are known."""
        ran, elapsed = self._done - self._fresh, now - self._started
        if ran < 1 or elapsed <= 0 or self._done == self._total:
            return Sentence("{seconds:.0f} s", seconds=elapsed)
        rate = ran / elapsed
        left = duration((self._total - self._done) / rate)
        return Sentence("{rate:.1f} a minute, about {left} left", rate=rate * 60, left=left)

    def _say(self, text: str) -> None:
        sys.stderr.write(f"{visible(self._language.of(text))}\n")
        sys.stderr.flush()


def duration(seconds: float) -> Sentence:
    """Return a time span as people say it."""
    if seconds < 90:
        return Sentence("{seconds:.0f} s", seconds=seconds)
    if seconds < 5400:
        return Sentence("{minutes:.0f} min", minutes=seconds / 60)
    return Sentence("{hours:.1f} h", hours=seconds / 3600)
