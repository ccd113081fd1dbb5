"""What a night of several studies brought, in the words of the one digest of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from lungmet_worc.analyses.run.digest import Digest
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.tasks.progress import duration

Ending = Literal[
    "complete", "partial", "failed", "unusable", "too late", "stopped", "not started", "waiting"
]

#: How many studies ended so, said of one and of several.
COUNTED: dict[Ending, tuple[str, str]] = {
    "complete": (later("{n} is complete"), later("{n} are complete")),
    "partial": (later("{n} is partial"), later("{n} are partial")),
    "failed": (later("{n} failed"), later("{n} failed")),
    "unusable": (later("{n} cannot be run as it is"), later("{n} cannot be run as they are")),
    "too late": (later("{n} had too little time"), later("{n} had too little time")),
    "stopped": (later("{n} was stopped"), later("{n} were stopped")),
    "not started": (later("{n} was not started"), later("{n} were not started")),
    "waiting": (
        later("{n} is running or waits for its turn"),
        later("{n} are running or wait for their turn"),
    ),
}
_VERDICT: dict[Ending, Sentence] = {
    "complete": Sentence("Complete."),
    "partial": Sentence("Partial."),
    "failed": Sentence("Failed."),
    "stopped": Sentence("Stopped."),
    "unusable": Sentence("Not run, something has to be mended first."),
    "too late": Sentence("No report yet."),
    "not started": Sentence("Not started."),
    "waiting": Sentence("Running or waiting for its turn."),
}


@dataclass(frozen=True)
class StudyNight:
    """How the night was for one study.

    Parameters
    ----------
    file : str
        The study file, as the user wrote it.
    ending : {"complete", "partial", "failed", "unusable", "too late", "stopped", ...}
        How it ended; ``waiting`` as long as it has not.
    name : str
        Name of the study; empty if its file cannot be read.
    folder : Path, optional
        Its run folder.
    said : tuple of str
        Why, and what to do, as far as the digest of the run does not say it.
    digest : Digest, optional
        What the run did.
    exit_code : int
        As ``lungmet run`` would have ended.
    """

    file: str
    ending: Ending = "waiting"
    name: str = ""
    folder: Path | None = None
    said: tuple[str, ...] = ()
    digest: Digest | None = None
    exit_code: int = 0

    def to_text(self, say: Language = ENGLISH) -> str:
        """Return how it ended, why, and where the results are."""
        lines = [line for text in self.said for line in say.of(text).splitlines()]
        if self.digest:
            lines += self.digest.body(say)
        if self.folder and self.digest:
            report = self.folder / "report.html"
            if report.exists() and self.ending in ("complete", "partial"):
                lines.append(say("Report: {path}", path=report))
            lines.append(say("Details: {path}", path=self.folder / "log.txt"))
        title = (
            say('Study "{study}" ({file})', study=self.name, file=self.file)
            if self.name
            else say("Study file {file}", file=self.file)
        )
        return "\n".join([f"{title}: {say.of(self._verdict)}", *(f"  {line}" for line in lines)])

    @property
    def _verdict(self) -> Sentence:
        """Return how the study ended; the digest of its run knows more where they agree."""
        if self.digest and self.digest.ending == self.ending:
            return self.digest.verdict
        return _VERDICT[self.ending]


@dataclass(frozen=True)
class NightDigest:
    """What a night brought.

    Parameters
    ----------
    studies : tuple of StudyNight
        In the order in which they were given.
    began, now : datetime
        When the night began, and the time of this digest.
    """

    studies: tuple[StudyNight, ...]
    began: datetime
    now: datetime

    @property
    def exit_code(self) -> int:
        """Return 0 if all is done, 3 if a task failed, else 1 if there is something to mend."""
        return max(study.exit_code for study in self.studies)

    @property
    def verdict(self) -> Sentence:
        """Return how the night was, in one sentence."""
        counts = Counter(study.ending for study in self.studies)
        of = len(self.studies)
        if counts["complete"] == of:
            return Sentence.plural(of, "the study is complete.", "all {n} studies are complete.")
        parts = [
            Sentence.plural(number, *COUNTED[ending])
            for ending in COUNTED
            if (number := counts[ending])
        ]
        return Sentence.plural(
            of, "of {n} study {counts}.", "of {n} studies {counts}.", counts=joined(parts, ", ")
        )

    def to_text(self, say: Language = ENGLISH) -> str:
        """Return the digest for a terminal, times as the clock on the wall shows them."""
        head = say("Overnight: {verdict}", verdict=say.of(self.verdict))
        when = say(
            "Started {time}, took {span}.",
            time=f"{self.began.astimezone():%Y-%m-%d %H:%M}",
            span=say.of(duration((self.now - self.began).total_seconds())),
        )
        blocks = [f"{head}\n{when}", *(study.to_text(say) for study in self.studies)]
        if self.exit_code:
            blocks.append(
                say(
                    "What is finished is kept; once this is mended, the same command does the rest."
                )
            )
        return "\n\n".join(blocks) + "\n"
