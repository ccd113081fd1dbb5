"""What one wants to read in the morning: done, or what failed, for whom, why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lungmet_worc.analyses.run.arm_digest import ArmDigest, arm_digest
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.words import cut_short
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.tasks.failures import (
    LOG,
    Failed,
    FailureCause,
    failed_tasks,
    left_out,
    plain_cause,
)
from lungmet_worc.tasks.progress import duration
from lungmet_worc.tasks.run_folder.state import tasks_of
from lungmet_worc.tasks.stage import Stage
from lungmet_worc.tasks.task import TaskKey

State = Mapping[str, Any]
Ending = Literal["complete", "partial", "failed", "running", "stopped"]

_VERDICTS = {
    "complete": Sentence("Complete."),
    "failed": Sentence("Failed. What is finished is kept; the same command goes on from there."),
    "running": Sentence("Running."),
    "stopped": Sentence("Stopped before its end; the same command goes on from there."),
}

_MOST_CAUSES = 5
_MOST_FAILURES = 20


@dataclass(frozen=True)
class Digest:
    """What a run did.

    Parameters
    ----------
    study : str
        Name of the study.
    ending : {"complete", "partial", "failed", "running", "stopped"}
        How the run ended.
    partial : str
        What part of the study the report is of, in words; empty if it is of all.
    started : str
        When this run started, in UTC.
    seconds : float or None
        How long it took, or has taken.
    task_seconds : float
        Computing time of everything that is there, over all runs and cores.
    arms : tuple of ArmDigest
        In the order of the study file.
    failed, left_out : tuple of FailureCause
        What failed and who was left out, each cause once.
    errata : tuple of (str, str)
        Number and sentence of each defect of WORC that the study met.
    from_store : int
        Feature files that were taken from the feature store.
    only : str
        The one stage that this run was asked for and has done; empty if it was asked for all.
    study_file : str
        Name of the study file, empty where the run was begun from Python.
    """

    study: str
    ending: Ending
    partial: str
    started: str
    seconds: float | None
    task_seconds: float
    arms: tuple[ArmDigest, ...]
    failed: tuple[FailureCause, ...] = ()
    left_out: tuple[FailureCause, ...] = ()
    errata: tuple[tuple[str, str], ...] = ()
    from_store: int = 0
    only: str = ""
    study_file: str = ""

    @property
    def verdict(self) -> Sentence:
        """Return how the run ended, in one sentence."""
        if self.only and self.ending in ("complete", "stopped"):
            return Sentence(
                "The {only} is done, as asked for; a run without --only goes on from here.",
                only=self.only,
            )
        if self.ending == "partial":
            return Sentence(
                "Partial: {part}. A run without a deadline goes on from here.", part=self.partial
            )
        return _VERDICTS[self.ending]

    def sections(self) -> list[tuple[Sentence, list[Sentence]]]:
        """Return title and lines of each part that has something to say."""
        found = [(Sentence("Arms"), [arm.sentence for arm in self.arms])]
        for title, causes in (
            (Sentence("Failed"), self.failed),
            (Sentence("Left out"), self.left_out),
        ):
            lines = [cause.sentence for cause in causes]
            found.append((title, cut_short(lines, _MOST_FAILURES, _more_in_the_log)))
        untested = [line for arm in self.arms for line in arm.not_tested()]
        found.append((Sentence("Not tested"), untested))
        found.append((Sentence("Candidate workflows without a score"), self._without_score()))
        if self.errata:
            numbers = ", ".join(dict.fromkeys(number for number, _ in self.errata))
            title = Sentence("Known defects of WORC that were met")
            found.append((title, [Sentence("{numbers}", numbers=numbers)]))
        return [(title, lines) for title, lines in found if lines]

    def to_text(self, say: Language = ENGLISH) -> str:
        """Return the digest for a terminal, times as the clock on the wall shows them."""
        head = say('Study "{study}": {verdict}', study=self.study, verdict=say.of(self.verdict))
        details = say("Details: {file} in the run folder.", file=LOG)
        return "\n".join([head, *self.body(say), details])

    def body(self, say: Language) -> list[str]:
        """Return when it was and what happened, without how it ended."""
        lines = [say.of(self._when())]
        for title, items in self.sections():
            lines += [f"{say.of(title)}:", *(f"  {say.of(item)}" for item in items)]
        if self.from_store:
            lines.append(
                say.plural(
                    self.from_store,
                    "{n} feature file was taken from the feature store.",
                    "{n} feature files were taken from the feature store.",
                )
            )
        return lines

    def _when(self) -> Sentence:
        began = f"{datetime.fromisoformat(self.started).astimezone():%Y-%m-%d %H:%M}"
        if self.seconds is None:
            return Sentence("Started {time}.", time=began)
        took = duration(self.seconds)
        if self.ending == "running":
            return Sentence("Started {time}, so far {span}.", time=began, span=took)
        return Sentence("Started {time}, took {span}.", time=began, span=took)

    def _without_score(self) -> list[Sentence]:
        by_cause: dict[str, list[str]] = {}
        totals: Counter[str] = Counter()
        for arm in self.arms:
            of_arm: Counter[str] = Counter()
            for cause, number in arm.without_score:
                of_arm[plain_cause(cause)] += number
            totals.update(of_arm)
            for cause, number in of_arm.items():
                by_cause.setdefault(cause, []).append(f"{arm.name} {number}")
        if not totals:
            return []
        counts = [
            Sentence(
                "{arm} {n} of {total}",
                arm=arm.name,
                n=sum(number for _, number in arm.without_score),
                total=arm.n_candidates,
            )
            for arm in self.arms
        ]
        lines = [
            Sentence("{cause}: {counts}", cause=cause, counts=", ".join(by_cause[cause]))
            for cause, _ in totals.most_common()
        ]
        return [joined(counts, ", "), *cut_short(lines, _MOST_CAUSES, _more_in_the_report)]


def _more_in_the_log(n: int) -> Sentence:
    return Sentence.plural(
        n, "{n} more cause is in {file}.", "{n} more causes are in {file}.", file=LOG
    )


def _more_in_the_report(n: int) -> Sentence:
    return Sentence.plural(
        n, "{n} more cause is in the report.", "{n} more causes are in the report."
    )


def make_digest(
    state: State, stages: Mapping[str, Stage], *, running: bool = False, now: str | None = None
) -> Digest:
    """Return what a run did.

    Parameters
    ----------
    state : mapping
        What ``run.json`` says.
    stages : mapping of str to Stage
        The stages by name, which say what their failed tasks are.
    running : bool
        A process works in the run folder.
    now : str, optional
        The time in UTC, for how long a running run has taken.
    """
    tasks, modalities = tasks_of(state), state["study"].get("modalities", {})
    # JSON keeps no order of names.
    order = state.get("order", state["study"]["arms"])
    arms = tuple(arm_digest(name, state, tasks) for name in order)
    failures = [
        Failed(key, str(entry.get("error", "")))
        for key, entry in tasks.items()
        if entry["state"] == "failed"
    ]
    partial = state.get("partial")
    said = (
        Sentence(
            "{done} of {splits} splits in every arm", done=partial["splits"], splits=partial["of"]
        )
        if partial
        else ""
    )
    started = str(state.get("started") or now)
    return Digest(
        study=state["study"]["name"],
        ending=_ending(state, arms, failures, running=running),
        partial=said,
        started=started,
        seconds=_seconds(started, state, tasks, now if running else None),
        task_seconds=sum(float(entry.get("seconds", 0)) for entry in tasks.values()),
        arms=arms,
        failed=tuple(failed_tasks(failures, stages, modalities)),
        left_out=tuple(
            left_out(
                ((e["patient_id"], e["modality"], e["cause"]) for e in state.get("excluded", ())),
                modalities,
            )
        ),
        errata=tuple((number, text) for number, text in state.get("errata", ())),
        from_store=sum("source" in entry for entry in tasks.values()),
        only=_only(state),
        study_file=state.get("study_file") or "",
    )


def _only(state: State) -> str:
    """Return the one stage that was asked for and is done, "" where the report was too."""
    only = str(state.get("only") or "")
    return only if state.get("finished") and only != "report" else ""


def _ending(
    state: State, arms: Sequence[ArmDigest], failures: Sequence[object], *, running: bool
) -> Ending:
    if running:
        return "running"
    if failures:
        return "failed"
    if state.get("partial"):
        return "partial"
    complete = state.get("finished") and all(arm.n_done == arm.n_splits for arm in arms)
    return "complete" if complete else "stopped"


def _seconds(
    started: str, state: State, tasks: Mapping[TaskKey, Any], now: str | None
) -> float | None:
    """Return how long this run took: to its end, to now, or to the last thing known of it."""
    ends = [entry["finished"] for entry in tasks.values() if entry.get("finished", "") >= started]
    end = now or state.get("finished") or max(ends, default=None)
    if end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(started)).total_seconds()
