"""Whether runs can be compared: each is complete, and all are of one outcome, cohort and splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lungmet_worc.analyses.read_results import split_prediction
from lungmet_worc.analyses.results import ArmPredictions, tested_outcomes
from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.basics.errors import Problem, ResultsError, RunFolderError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import read_stamp
from lungmet_worc.basics.words import listed, natural_order
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.tasks.run_folder.lock import is_locked
from lungmet_worc.tasks.run_folder.paths import RunPaths, found_run
from lungmet_worc.tasks.run_folder.state import now, read_state, tasks_of
from lungmet_worc.tasks.task import TaskKey
from lungmet_worc.worc.storage import read_result

_NAMED = 5

#: Ending of a run that is not complete -> what is wrong, and what to do.
_INCOMPLETE = {
    "running": (Sentence("The run is still going on."), Sentence("Wait for its end.")),
    "stopped": (
        Sentence("The run is not complete."),
        Sentence("The same run command goes on with it."),
    ),
    "failed": (
        Sentence("Tasks of the run failed."),
        Sentence('"lungmet status" of it says which, and what to do.'),
    ),
}


@dataclass(frozen=True)
class ComparableRun:
    """What a complete run predicted.

    Parameters
    ----------
    name : str
        The folder as it was given.
    folder : Path
        The folder, absolute.
    study : mapping
        What ``run.json`` says of the study.
    arms : tuple of ArmPredictions
        In the order of the study file.
    """

    name: str
    folder: Path
    study: Mapping[str, Any]
    arms: tuple[ArmPredictions, ...]

    @cached_property
    def outcomes(self) -> dict[str, int]:
        """Return the outcome of every patient that was tested."""
        return tested_outcomes(self.arms)

    @cached_property
    def splits(self) -> dict[int, tuple[frozenset[str], frozenset[str]]]:
        """Return split -> patients of the training and of the test part, over all arms."""
        found: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        for arm in self.arms:
            for split in arm.splits:
                train, test = found.get(split.split, (frozenset(), frozenset()))
                found[split.split] = (train | set(split.train_ids), test | set(split.test_ids))
        return found

    @property
    def n_splits(self) -> int:
        """Return how many splits the study has, also those in which no arm was tested."""
        return int(self.study["search"]["splits"])

    @cached_property
    def patients(self) -> frozenset[str]:
        """Return the patients of all arms."""
        return frozenset().union(*(part for parts in self.splits.values() for part in parts))


def open_run(name: str) -> ComparableRun:
    """Read what the arms of a run predicted.

    Parameters
    ----------
    name : str
        The run folder.

    Raises
    ------
    ResultsError
        There is no run, it is not complete, or its results are not all there; with all problems.
    """
    paths = found_run(name)
    if paths is None:
        what = Sentence("There is no run in this folder.")
        raise _unusable(name, what, Sentence('Give a folder that "lungmet run" wrote with --out.'))
    try:
        state = read_state(paths)
    except RunFolderError as error:
        remedy = Sentence("Leave it out, or run the study again into another folder.")
        raise _unusable(name, error.message, remedy) from error
    if "study" not in state:
        raise _unusable(name, *_INCOMPLETE["stopped"])
    digest = make_digest(state, STAGES, running=is_locked(paths), now=now())
    if digest.ending == "partial":
        what = Sentence("The run is partial: {partial}.", partial=digest.partial)
        raise _unusable(name, what, Sentence("Run it to its end, without a deadline."))
    if digest.ending != "complete":
        raise _unusable(name, *_INCOMPLETE[digest.ending])
    # JSON keeps no order of names.
    order = state.get("order", state["study"]["arms"])
    stamps = {arm: _stamps(tasks_of(state), arm) for arm in order}
    problems = [
        Problem(what, _INCOMPLETE["stopped"][1], file=name) for what in _lost(paths, stamps)
    ]
    if problems:
        raise ResultsError(problems[0].what, problems)
    arms = (
        ArmPredictions(
            arm,
            tuple(split_prediction(s, read_result(paths.split(arm, s))) for s in sorted(of_arm)),
        )
        for arm, of_arm in stamps.items()
    )
    return ComparableRun(name, paths.folder, state["study"], tuple(arms))


def _unusable(name: str, what: str, remedy: str) -> ResultsError:
    return ResultsError(what, [Problem(what, remedy, file=name)])


def _stamps(tasks: Mapping[TaskKey, Any], arm: str) -> dict[int, str]:
    """Return split -> stamp of an arm's searches."""
    return {
        key.split: entry["stamp"]
        for key, entry in tasks.items()
        if key.stage == "search" and key.arm == arm
    }


def _lost(paths: RunPaths, stamps: Mapping[str, Mapping[int, str]]) -> Iterator[Sentence]:
    """Tell of arms with split files that are not there, or not those of the run."""
    for arm, of_arm in stamps.items():
        lost = [s for s, stamp in of_arm.items() if read_stamp(paths.split(arm, s)) != stamp]
        if lost:
            yield Sentence(
                "The results of arm {arm} are not there, or not those of this run ({splits}).",
                arm=arm,
                splits=_splits(lost),
            )


def differences(first: ComparableRun, other: ComparableRun) -> Iterator[Problem]:
    """Tell why a run cannot be compared with another one.

    Parameters
    ----------
    first : ComparableRun
        What it is compared with.
    other : ComparableRun
        Of which the problems are.
    """
    outcomes = first.study["outcome"], other.study["outcome"]
    if outcomes[0] != outcomes[1]:
        what = Sentence(
            'The outcome is "{other}", but "{first}" in {run}.',
            other=outcomes[1],
            first=outcomes[0],
            run=first.name,
        )
        remedy = Sentence("Compare runs that predict the same.")
        yield Problem(what, remedy, file=other.name)
    only = {
        other.name: other.patients - first.patients,
        first.name: first.patients - other.patients,
    }
    if any(only.values()):
        remedy = Sentence(
            "Use one manifest, and exclude the same patients; or put all arms into one study."
        )
        yield Problem(_other_patients(only), remedy, file=other.name)
    changed = [
        patient
        for patient, outcome in other.outcomes.items()
        if first.outcomes.get(patient, outcome) != outcome
    ]
    if changed:
        what = Sentence(
            "The outcome is not the one in {run} for {patients}.",
            run=first.name,
            patients=_patients(changed),
        )
        remedy = Sentence(
            "Correct the manifest, and run the study again that was run with the wrong one."
        )
        yield Problem(what, remedy, file=other.name)
    if other.n_splits != first.n_splits:
        most = max(other.n_splits, first.n_splits)
        what = Sentence(
            "The run has {n} splits, {run} has {of}.",
            n=other.n_splits,
            run=first.name,
            of=first.n_splits,
        )
        remedy = Sentence(
            "Run the one with fewer again with splits = {most}: what is finished is kept.",
            most=most,
        )
        yield Problem(what, remedy, file=other.name)
    elif not any(only.values()):
        # Patients may be missing where an arm was not tested; none may have changed parts.
        unlike = [
            split
            for split, (train, test) in sorted(other.splits.items())
            if split in first.splits
            and (train & first.splits[split][1] or test & first.splits[split][0])
        ]
        if unlike:
            what = Sentence(
                "{splits} divide the patients otherwise than in {run}.",
                splits=_splits(unlike),
                run=first.name,
            )
            remedy = Sentence(
                "Give both studies the same seed, test_size and split_type in [search]."
            )
            yield Problem(what, remedy, file=other.name)


def _other_patients(only: Mapping[str, Iterable[str]]) -> Sentence:
    """Return which patients are in one of two runs only."""
    found = [(_patients(ids), name) for name, ids in only.items() if ids]
    patients, run = found[0]
    if len(found) == 1:
        return Sentence(
            "The patients are not the same: {patients} only in {run}.", patients=patients, run=run
        )
    return Sentence(
        "The patients are not the same: {patients} only in {run}, and {others} only in {other}.",
        patients=patients,
        run=run,
        others=found[1][0],
        other=found[1][1],
    )


def _patients(ids: Iterable[str]) -> Sentence:
    """Return ids with what they are, such as "3 patients (P1, P2, P3)"."""
    names = sorted(ids, key=natural_order)
    return Sentence.plural(
        len(names),
        "{n} patient ({names})",
        "{n} patients ({names})",
        names=listed(names, _NAMED),
    )


def _splits(numbers: Iterable[int]) -> Sentence:
    names = list(map(str, sorted(numbers)))
    return Sentence.plural(
        len(names), "{n} split ({names})", "{n} splits ({names})", names=listed(names, _NAMED)
    )
