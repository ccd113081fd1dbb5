"""How far a run is, in words, once or as long as it goes on."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lungmet_worc.progress import duration
from lungmet_worc.sentences import Sentence

if TYPE_CHECKING:
    from lungmet_worc.digest import Digest
    from lungmet_worc.pace import StagePace
    from lungmet_worc.run import Run

#: Seconds between two looks at a run.
INTERVAL = 2.0

_CLEAR = "\x1b[H\x1b[2J"


def status_text(digest: Digest, paces: Sequence[StagePace], folder: str = "") -> str:
    """Return how far a run is and what it did, for a reader.

    Parameters
    ----------
    digest : Digest
        See :meth:`lungmet_worc.run.Run.digest`.
    paces : sequence of StagePace
        See :meth:`lungmet_worc.run.Run.paces`.
    folder : str
        The run folder as the reader knows it, for the command that goes on with a run that
        has stopped.
    """
    if not paces:
        lines: list[str] = [Sentence("No task has begun yet: images and table were being checked.")]
    else:
        lines = [f"{'stage':<12} {'done':>6} {'to do':>6} {'failed':>6}   a minute   left"]
    for pace in paces:
        rate, left = "", ""
        if digest.ending == "running" and pace.to_do:
            rate = f"{pace.per_minute:.3g}" if pace.per_minute else "?"
            left = "?" if pace.seconds_left is None else f"about {duration(pace.seconds_left)}"
        counts = f"{pace.stage:<12} {pace.done:>6} {pace.to_do:>6} {pace.failed:>6}"
        lines.append(f"{counts}   {rate:>8}   {left}".rstrip())
    text = "\n".join([digest.to_text(), "", *lines])
    return f"{text}\n\n{_how_to_go_on(digest, folder)}" if _may_go_on(digest, folder) else text


def _may_go_on(digest: Digest, folder: str) -> bool:
    return bool(folder) and (digest.ending in ("stopped", "failed", "partial") or bool(digest.only))


def _how_to_go_on(digest: Digest, folder: str) -> str:
    """Return the command that does what is still to do."""
    if not digest.study_file:
        return Sentence("Go on: run the same script again, into the same folder.")
    words = shlex.join(["lungmet", "run", digest.study_file, "--out", folder])
    return Sentence("Go on, in the folder of the study file: {command}", command=words)


def watch(run: Run, *, folder: str = "", interval: float = INTERVAL) -> None:
    """Show how far a run is until it ends, or until Ctrl-C.

    On a terminal the text is drawn again and again; elsewhere a line is written whenever
    something changed, and the whole text at the end.

    Parameters
    ----------
    run : Run
        The run.
    folder : str
        The run folder as the reader knows it.
    interval : float
        Seconds between two looks.
    """
    terminal = sys.stdout.isatty()
    said = ""
    try:
        while True:
            digest, paces = run.digest(), run.paces()
            if terminal:
                _write(f"{_CLEAR}{status_text(digest, paces, folder)}\n")
            if digest.ending != "running":
                break
            line = "; ".join(str(pace) for pace in paces if pace.to_do) or _between(paces)
            if not terminal and line != said:
                said = line
                _write(f"{line}\n")
            time.sleep(interval)
    except KeyboardInterrupt:
        _write("\nThe run goes on; this only watched it.\n")
        return
    if not terminal:
        _write(f"{status_text(digest, paces, folder)}\n")


def _between(paces: Sequence[StagePace]) -> str:
    """Return what a run does that has no task to do: the first thing, or the last."""
    evaluated = any(pace.stage == "evaluation" and pace.done for pace in paces)
    return "all tasks are done, the report comes next" if evaluated else "checking"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
