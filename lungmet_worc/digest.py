"""What one wants to read in the morning: done, or what failed, for whom, why, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lungmet_worc.progress import duration
from lungmet_worc.remedies import FailureCause, failed_tasks, left_out, plain_cause
from lungmet_worc.sentences import Sentence
from lungmet_worc.shown_names import recorded_names

State = Mapping[str, Any]
Ending = Literal["complete", "partial", "failed", "running", "stopped"]

LOG = "log.txt"

_MOST_CAUSES = 5
_MOST_FAILURES = 20


@dataclass(frozen=True)
class ArmDigest:
    """How an arm ended.

    Parameters
    ----------
    arm : str
        Name in the study file.
    n_patients, n_events, n_left_out : int or None
        Patients that enter, those of them with the outcome, and those who do not enter; None
        as long as nobody knows.
    n_done, n_failed, n_splits : int
        Splits that are done, that failed, and that the study asks for.
    n_candidates : int
        Candidate workflows in the splits that are done.
    without_score : tuple of (str, int)
        Why candidates have no score, and how many, the most frequent cause first.
    label : str
        What the arm is called in the study file; empty where it has its key only.
    """

    arm: str
    n_patients: int | None
    n_events: int | None
    n_left_out: int | None
    n_done: int
    n_failed: int
    n_splits: int
    n_candidates: int = 0
    without_score: tuple[tuple[str, int], ...] = ()
    label: str = ""

    @property
    def name(self) -> str:
        """Return what the arm is called."""
        return self.label or self.arm

    def __str__(self) -> str:
        """Return the arm as one line."""
        parts = [f"{self.n_done} of {self.n_splits} splits done"]
        if self.n_failed:
            parts.append(f"{self.n_failed} failed")
        if self.n_patients is not None:
            patients = "1 patient" if self.n_patients == 1 else f"{self.n_patients} patients"
            parts.insert(0, f"{patients}, {self.n_events} with the outcome")
            if self.n_left_out:
                one = self.n_left_out == 1
                parts.append(
                    "1 patient left out" if one else f"{self.n_left_out} patients left out"
                )
        return f"{self.name}: {'; '.join(parts)}"


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
    def verdict(self) -> str:
        """Return how the run ended, in one sentence."""
        if self.only and self.ending in ("complete", "stopped"):
            return Sentence(
                "The {only} is done, as asked for; a run without --only goes on from here.",
                only=self.only,
            )
        if self.ending == "partial":
            return f"Partial: {self.partial}. A run without a deadline goes on from here."
        return {
            "complete": "Complete.",
            "failed": "Failed. What is finished is kept; the same command goes on from there.",
            "running": "Running.",
            "stopped": "Stopped before its end; the same command goes on from there.",
        }[self.ending]

    def sections(self) -> list[tuple[str, list[str]]]:
        """Return title and lines of each part that has something to say."""
        found = [("Arms", [str(arm) for arm in self.arms])]
        for title, causes in (("Failed", self.failed), ("Left out", self.left_out)):
            lines = [str(cause) for cause in causes[:_MOST_FAILURES]]
            if len(causes) > _MOST_FAILURES:
                lines.append(f"{len(causes) - _MOST_FAILURES} more causes are in {LOG}.")
            found.append((title, lines))
        found.append(("Candidate workflows without a score", self._without_score()))
        if self.errata:
            numbers = ", ".join(dict.fromkeys(number for number, _ in self.errata))
            found.append(("Known defects of WORC that were met", [numbers]))
        return [(title, lines) for title, lines in found if lines]

    def to_text(self) -> str:
        """Return the digest for a terminal, times as the clock on the wall shows them."""
        began = datetime.fromisoformat(self.started).astimezone()
        took = "" if self.seconds is None else f", {self._took()} {duration(self.seconds)}"
        lines = [f'Study "{self.study}": {self.verdict}', f"Started {began:%Y-%m-%d %H:%M}{took}."]
        for title, items in self.sections():
            lines += [f"{title}:", *(f"  {item}" for item in items)]
        if self.from_store:
            lines.append(
                Sentence.plural(
                    self.from_store,
                    "{n} feature file was taken from the feature store.",
                    "{n} feature files were taken from the feature store.",
                )
            )
        return "\n".join([*lines, f"Details: {LOG} in the run folder."])

    def _took(self) -> str:
        return "so far" if self.ending == "running" else "took"

    def _without_score(self) -> list[str]:
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
            f"{arm.name} {sum(number for _, number in arm.without_score)} of {arm.n_candidates}"
            for arm in self.arms
        ]
        lines = [", ".join(counts)]
        lines += [
            f"{cause}: {', '.join(by_cause[cause])}"
            for cause, _ in totals.most_common(_MOST_CAUSES)
        ]
        if len(totals) > _MOST_CAUSES:
            lines.append(f"{len(totals) - _MOST_CAUSES} more causes are in the report.")
        return lines


def make_digest(state: State, *, running: bool = False, now: str | None = None) -> Digest:
    """Return what a run did.

    Parameters
    ----------
    state : mapping
        What ``run.json`` says.
    running : bool
        A process works in the run folder.
    now : str, optional
        The time in UTC, for how long a running run has taken.
    """
    tasks: Mapping[str, Any] = state.get("tasks", {})
    # JSON keeps no order of names.
    order = state.get("order", state["study"]["arms"])
    arms = tuple(_arm(name, state, tasks) for name in order)
    failures = [
        (key, str(entry.get("error", "")))
        for key, entry in tasks.items()
        if entry["state"] == "failed"
    ]
    partial = state.get("partial")
    said = f"{partial['splits']} of {partial['of']} splits in every arm" if partial else ""
    started = str(state.get("started") or now)
    return Digest(
        study=state["study"]["name"],
        ending=_ending(state, arms, failures, running=running),
        partial=said,
        started=started,
        seconds=_seconds(started, state, tasks, now if running else None),
        task_seconds=sum(float(entry.get("seconds", 0)) for entry in tasks.values()),
        arms=arms,
        failed=tuple(failed_tasks(failures, LOG)),
        left_out=tuple(
            left_out((e["patient_id"], e["modality"], e["cause"]) for e in state["excluded"])
            if state.get("excluded")
            else ()
        ),
        errata=tuple((number, text) for number, text in state.get("errata", ())),
        from_store=sum("source" in entry for entry in tasks.values()),
        only=_only(state),
        study_file=state.get("study_file") or "",
    )


def _arm(name: str, state: State, tasks: Mapping[str, Any]) -> ArmDigest:
    numbers = state.get("arms", {}).get(name, {})
    searches = [entry for key, entry in tasks.items() if key.startswith(f"search/{name}/")]
    done = [entry for entry in searches if entry["state"] == "done"]
    causes: Counter[str] = Counter()
    for entry in done:
        causes.update(entry.get("without_score", {}))
    search = state["study"]["search"]
    return ArmDigest(
        arm=name,
        n_patients=numbers.get("n_patients"),
        n_events=numbers.get("n_events"),
        n_left_out=numbers.get("n_left_out"),
        n_done=len(done),
        n_failed=sum(entry["state"] == "failed" for entry in searches),
        n_splits=search["splits"],
        n_candidates=search["candidates"] * len(done),
        without_score=tuple(causes.most_common()),
        label=recorded_names(state["study"]).arms.get(name, ""),
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


def _seconds(started: str, state: State, tasks: Mapping[str, Any], now: str | None) -> float | None:
    """Return how long this run took: to its end, to now, or to the last thing known of it."""
    ends = [entry["finished"] for entry in tasks.values() if entry.get("finished", "") >= started]
    end = now or state.get("finished") or max(ends, default=None)
    if end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(started)).total_seconds()
