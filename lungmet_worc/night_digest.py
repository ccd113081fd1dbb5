"""What a night of several studies brought, in the words of the one digest of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from lungmet_worc.digest import Digest
from lungmet_worc.progress import duration

Ending = Literal[
    "complete", "partial", "failed", "unusable", "too late", "stopped", "not started", "waiting"
]

#: How many studies ended so, said of one and of several.
COUNTED: dict[Ending, tuple[str, str]] = {
    "complete": ("is complete", "are complete"),
    "partial": ("is partial", "are partial"),
    "failed": ("failed", "failed"),
    "unusable": ("cannot be run as it is", "cannot be run as they are"),
    "too late": ("had too little time", "had too little time"),
    "stopped": ("was stopped", "were stopped"),
    "not started": ("was not started", "were not started"),
    "waiting": ("is running or waits for its turn", "are running or wait for their turn"),
}
_VERDICT: dict[Ending, str] = {
    "unusable": "Not run, something has to be mended first.",
    "too late": "No report yet.",
    "not started": "Not started.",
    "waiting": "Running or waiting for its turn.",
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
    said : str
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
    said: str = ""
    digest: Digest | None = None
    exit_code: int = 0

    def to_text(self) -> str:
        """Return how it ended, why, and where the results are."""
        lines = [*self.said.splitlines()]
        if self.digest:
            head, *rest = self.digest.to_text().splitlines()
            verdict = _VERDICT.get(self.ending) or head.partition(": ")[2]
            if self.ending == "failed" and self.digest.ending != "failed":
                verdict = "Failed."
            lines += rest[:-1]
        else:
            verdict = _VERDICT.get(self.ending, f"{self.ending.capitalize()}.")
        if self.folder and self.digest:
            report = self.folder / "report.html"
            if report.exists() and self.ending in ("complete", "partial"):
                lines.append(f"Report: {report}")
            lines.append(f"Details: {self.folder / 'log.txt'}")
        title = f'Study "{self.name}" ({self.file})' if self.name else f"Study file {self.file}"
        return "\n".join([f"{title}: {verdict}", *(f"  {line}" for line in lines)])


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
    def verdict(self) -> str:
        """Return how the night was, in one sentence."""
        counts = Counter(study.ending for study in self.studies)
        of = len(self.studies)
        if counts["complete"] == of:
            return "the study is complete." if of == 1 else f"all {of} studies are complete."
        parts = [
            f"{number} {COUNTED[ending][number > 1]}"
            for ending in COUNTED
            if (number := counts[ending])
        ]
        return f"of {of} {'study' if of == 1 else 'studies'} {', '.join(parts)}."

    def to_text(self) -> str:
        """Return the digest for a terminal, times as the clock on the wall shows them."""
        took = duration((self.now - self.began).total_seconds())
        head = f"Overnight: {self.verdict}\nStarted {self.began.astimezone():%Y-%m-%d %H:%M}, "
        blocks = [f"{head}took {took}.", *(study.to_text() for study in self.studies)]
        if self.exit_code:
            blocks.append(
                "What is finished is kept; once this is mended, the same command does the rest."
            )
        return "\n\n".join(blocks) + "\n"
