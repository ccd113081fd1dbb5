"""``lungmet status``: how far a run is, in words, once or as long as it goes on."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lungmet_worc.basics.control_characters import unfiltered
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, Language

if TYPE_CHECKING:
    from lungmet_worc.analyses.run.digest import Digest
    from lungmet_worc.pipeline.pace import StagePace
    from lungmet_worc.pipeline.run import Run

HELP = "say how far a run is, and what it did"

#: Seconds between two looks at a run.
INTERVAL = 2.0

_CLEAR = "\x1b[H\x1b[2J"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("out", metavar="DIR", help="the run folder")
    parser.add_argument("--watch", action="store_true", help="go on saying it until the run ends")


def run(options: argparse.Namespace) -> int:
    """Say how far a run is."""
    from lungmet_worc.cli.spoken import spoken
    from lungmet_worc.pipeline.run import Run

    opened, folder, say = Run(options.out), str(Path(options.out).resolve()), spoken(options)
    if options.watch:
        watch(opened, folder=folder, say=say)
    else:
        print(status_text(opened.digest(), opened.paces(), say, folder))
    return 0


def status_text(
    digest: Digest, paces: Sequence[StagePace], say: Language = ENGLISH, folder: str = ""
) -> str:
    """Return how far a run is and what it did, for a reader.

    Parameters
    ----------
    digest : Digest
        See :meth:`lungmet_worc.pipeline.run.Run.digest`.
    paces : sequence of StagePace
        See :meth:`lungmet_worc.pipeline.run.Run.paces`.
    say : Language
        Of the reader.
    folder : str
        The run folder as the reader knows it, for the command that goes on with a run that
        has stopped.
    """
    blocks = [digest.to_text(say), _table(digest, paces, say)]
    if _may_go_on(digest, folder):
        blocks.append(say.of(_how_to_go_on(digest, folder)))
    return "\n\n".join(blocks)


def _table(digest: Digest, paces: Sequence[StagePace], say: Language) -> str:
    from lungmet_worc.tasks.progress import duration

    if not paces:
        return say("No task has begun yet: images and table were being checked.")
    heads = [say("stage"), say("done"), say("to do"), say("failed"), say("a minute"), say("left")]
    rows = [heads]
    for pace in paces:
        rate, left = "", ""
        if digest.ending == "running" and pace.to_do:
            rate = say("{rate:.3g}", rate=pace.per_minute) if pace.per_minute else "?"
            left = "?"
            if pace.seconds_left is not None:
                left = say("about {time}", time=say.of(duration(pace.seconds_left)))
        counts = [str(number) for number in (pace.done, pace.to_do, pace.failed)]
        rows.append([say.of(pace.stage), *counts, rate, left])
    return "\n".join(map(_line, rows))


def _line(cells: Sequence[str]) -> str:
    stage, done, to_do, failed, rate, left = cells
    return f"{stage:<14} {done:>6} {to_do:>8} {failed:>8}   {rate:>10}   {left}".rstrip()


def _may_go_on(digest: Digest, folder: str) -> bool:
    return bool(folder) and (digest.ending in ("stopped", "failed", "partial") or bool(digest.only))


def _how_to_go_on(digest: Digest, folder: str) -> Sentence:
    """Return the command that does what is still to do."""
    if not digest.study_file:
        return Sentence("Go on: run the same script again, into the same folder.")
    words = shlex.join(["lungmet", "run", digest.study_file, "--out", folder])
    return Sentence("Go on, in the folder of the study file: {command}", command=words)


def watch(
    run: Run, *, folder: str = "", interval: float = INTERVAL, say: Language = ENGLISH
) -> None:
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
    say : Language
        Of the reader.
    """
    terminal = sys.stdout.isatty()
    said = ""
    try:
        while True:
            digest, paces = run.digest(), run.paces()
            if terminal:
                unfiltered(sys.stdout).write(_CLEAR)
                print(status_text(digest, paces, say, folder), flush=True)
            if digest.ending != "running":
                break
            open_stages = "; ".join(say.of(pace.sentence) for pace in paces if pace.to_do)
            line = open_stages or say.of(_between(paces))
            if not terminal and line != said:
                said = line
                print(line, flush=True)
            time.sleep(interval)
    except KeyboardInterrupt:
        print(f"\n{say('The run goes on; this only watched it.')}", flush=True)
        return
    if not terminal:
        print(status_text(digest, paces, say, folder), flush=True)


def _between(paces: Sequence[StagePace]) -> Sentence:
    """Return what a run does that has no task to do: the first thing, or the last."""
    from lungmet_worc.pipeline.stages import STAGES

    evaluated = any(STAGES[pace.stage].part == "report" and pace.done for pace in paces)
    if evaluated:
        return Sentence("all tasks are done, the report comes next")
    return Sentence("checking")
