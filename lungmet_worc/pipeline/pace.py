"""How fast a run goes and how long it will still take, from what ``run.json`` says."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.tasks.progress import duration
from lungmet_worc.tasks.run_folder.state import tasks_of


@dataclass(frozen=True)
class StagePace:
    """One stage in numbers.

    Parameters
    ----------
    stage : str
        The stage.
    done, to_do, failed : int
        Its tasks.
    per_minute : float or None
        Tasks a minute when all cores work on the stage; None as long as none is measured.
    """

    stage: str
    done: int
    to_do: int
    failed: int
    per_minute: float | None

    @property
    def seconds_left(self) -> float | None:
        """Return the wall time that the tasks to do will take, None if nobody knows."""
        if not self.to_do:
            return 0.0
        return 60 * self.to_do / self.per_minute if self.per_minute else None

    @property
    def sentence(self) -> Sentence:
        """Return the stage as one line."""
        parts = [
            Sentence(
                "{stage} {done} of {total} done",
                stage=self.stage,
                done=self.done,
                total=self.done + self.to_do + self.failed,
            )
        ]
        if self.to_do and self.per_minute:
            left = duration(self.seconds_left or 0)
            parts.append(
                Sentence("{rate:.3g} a minute, about {left} left", rate=self.per_minute, left=left)
            )
        if self.failed:
            parts.append(Sentence("{n} failed", n=self.failed))
        return joined(parts, ", ")


def stage_paces(state: Mapping[str, Any]) -> list[StagePace]:
    """Return the stages that have tasks, in the order in which they run.

    The searches are counted before their stage begins, since it takes the most time.

    Parameters
    ----------
    state : mapping
        What ``run.json`` says.
    """
    counts: dict[str, Counter[str]] = {}
    for key, entry in tasks_of(state).items():
        counts.setdefault(key.stage, Counter())[entry["state"]] += 1
    study, seconds = state["study"], mean_seconds(state)
    if counts and "search" not in counts:
        number = len(study["arms"]) * study["search"]["splits"] - len(state.get("untested", ()))
        counts["search"] = Counter({"to do": number})
    cores = int(state.get("cores") or 1)
    paces = []
    for stage in (name for name in STAGES if name in counts):
        number = counts[stage]
        rate = 60 * cores / seconds[stage] if seconds.get(stage) else None
        paces.append(StagePace(stage, number["done"], number["to do"], number["failed"], rate))
    return paces


def mean_seconds(state: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean seconds of a task of each stage, and those of the report.

    The mean, since it is sums that are foretold; the arms' splits alternate, so that all arms
    weigh the same in it.

    Parameters
    ----------
    state : mapping
        What ``run.json`` says.
    """
    times: dict[str, list[float]] = {}
    for key, entry in tasks_of(state).items():
        if "seconds" in entry and entry["state"] == "done":
            times.setdefault(key.stage, []).append(float(entry["seconds"]))
    means = {stage: statistics.fmean(values) for stage, values in times.items()}
    if "report_seconds" in state:
        means["report"] = float(state["report_seconds"])
    return means
