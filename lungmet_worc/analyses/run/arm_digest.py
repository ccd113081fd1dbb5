"""How an arm of a run ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.display.shown_names import recorded_names
from lungmet_worc.study.tested_splits import WHY_UNTESTED
from lungmet_worc.tasks.task import TaskKey

#: The reason not to be tested that only a search can find: the split is searched, and done.
_SEARCHED = "no workflow"


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
        Splits that are done, that failed, and that the study asks for and the arm can be tested
        in.
    n_candidates : int
        Candidate workflows in the splits that are done.
    without_score : tuple of (str, int)
        Why candidates have no score, and how many, the most frequent cause first.
    untested : tuple of (str, tuple of int)
        Why the arm is not tested in some splits (see `WhyUntested`), and which, from 0.
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
    untested: tuple[tuple[str, tuple[int, ...]], ...] = ()
    label: str = ""

    @property
    def name(self) -> str:
        """Return what the arm is called."""
        return self.label or self.arm

    @property
    def sentence(self) -> Sentence:
        """Return the arm as one line."""
        parts = []
        if self.n_patients is not None:
            parts.append(
                Sentence.plural(
                    self.n_patients,
                    "{n} patient, {events} with the outcome",
                    "{n} patients, {events} with the outcome",
                    events=self.n_events,
                )
            )
        parts.append(
            Sentence("{done} of {splits} splits done", done=self.n_done, splits=self.n_splits)
        )
        if self.n_failed:
            parts.append(Sentence("{n} failed", n=self.n_failed))
        if self.n_left_out:
            parts.append(
                Sentence.plural(self.n_left_out, "{n} patient left out", "{n} patients left out")
            )
        return Sentence("{arm}: {state}", arm=self.name, state=joined(parts, "; "))

    def not_tested(self) -> Iterator[Sentence]:
        """Yield in which splits the arm is not tested, counted from 1, and why."""
        for reason, splits in self.untested:
            yield Sentence.plural(
                len(splits),
                "{arm}, split {numbers}: {why}.",
                "{arm}, splits {numbers}: {why}.",
                arm=self.name,
                numbers=", ".join(str(number + 1) for number in splits),
                why=WHY_UNTESTED[reason],
            )


def arm_digest(
    name: str, state: Mapping[str, Any], tasks: Mapping[TaskKey, Mapping[str, Any]]
) -> ArmDigest:
    """Return how an arm ended, from ``run.json`` and what it says of each task."""
    numbers = state.get("arms", {}).get(name, {})
    searches = [e for key, e in tasks.items() if key.stage == "search" and key.arm == name]
    done = [entry for entry in searches if entry["state"] == "done"]
    causes: Counter[str] = Counter()
    for entry in done:
        causes.update(entry.get("without_score", {}))
    search = state["study"]["search"]
    untested: dict[str, list[int]] = {}
    for split in state.get("untested", ()):
        if split["arm"] == name:
            untested.setdefault(split["reason"], []).append(split["split"])
    not_searched = sum(len(splits) for reason, splits in untested.items() if reason != _SEARCHED)
    return ArmDigest(
        arm=name,
        n_patients=numbers.get("n_patients"),
        n_events=numbers.get("n_events"),
        n_left_out=numbers.get("n_left_out"),
        n_done=len(done),
        n_failed=sum(entry["state"] == "failed" for entry in searches),
        n_splits=search["splits"] - not_searched,
        n_candidates=search["candidates"] * len(done),
        without_score=tuple(causes.most_common()),
        untested=tuple((reason, tuple(splits)) for reason, splits in untested.items()),
        label=recorded_names(state["study"]).arms.get(name, ""),
    )
