"""Several runs of one cohort, joined: all their arms side by side, compared in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from lungmet_worc.collect import (
    ArmPredictions,
    StudyResults,
    natural_key,
    performance_table,
    tested_outcomes,
)
from lungmet_worc.config import StatisticsConfig
from lungmet_worc.digest import make_digest
from lungmet_worc.errors import LungmetError, Problem, ResultsError, RunFolderError
from lungmet_worc.run import Run
from lungmet_worc.runs import RunPaths, is_locked, now, read_state
from lungmet_worc.statistics.comparison import compare_arms
from lungmet_worc.study_results import split_prediction
from lungmet_worc.worc.storage import read_result, read_stamp

_NAMED = 5

#: Ending of a run that is not complete -> what is wrong, and what to do.
_INCOMPLETE = {
    "running": ("The run is still going on.", "Wait for its end."),
    "stopped": ("The run is not complete.", "The same run command goes on with it."),
    "failed": ("Tasks of the run failed.", '"lungmet status" of it says which, and what to do.'),
    "partial": ("The run is partial: {partial}.", "Run it to its end, without a deadline."),
}


@dataclass(frozen=True)
class Joined:
    """The arms of several runs of one cohort, on the same patients and splits.

    Parameters
    ----------
    arms : tuple of ArmPredictions
        In the order of the runs; arms of the same name have the run's name behind it.
    origins : mapping of str to str
        Arm -> the folder of its run, as it was given.
    statistics : StatisticsConfig
        What is computed: as the first run says it.
    seed : int
        Seed of the first run, for the bootstrap.
    """

    arms: tuple[ArmPredictions, ...]
    origins: Mapping[str, str]
    statistics: StatisticsConfig
    seed: int

    @cached_property
    def performance(self) -> pd.DataFrame:
        """Return one row for each arm and metric, as in the table of one run."""
        return performance_table(self.arms)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """Return one row for each pair of arms and metric, adjusted over all pairs."""
        return compare_arms(self.arms)

    def to_text(self) -> str:
        """Return both tables as text in Markdown, and which arm is of which run."""
        from lungmet_worc.report.formats import markdown
        from lungmet_worc.report.readable import readable

        runs = dict.fromkeys(self.origins.values())
        lines = [
            f"{run}: {', '.join(arm for arm, origin in self.origins.items() if origin == run)}"
            for run in runs
        ]
        titles = {
            "performance": f"Performance of the arms of {len(runs)} runs (corrected resampled "
            "95% interval)",
            "comparison": "Differences between the arms, on the same patients and splits (p "
            "adjusted by Holm's method over all pairs)",
        }
        frames = {"performance": self.performance, "comparison": self.comparison}
        tables = [markdown(readable(frames[name], name), title) for name, title in titles.items()]
        return "\n".join(["Runs and their arms:", *lines, "", *tables])

    def write(self, folder: Path | str) -> list[Path]:
        """Write the tables, in all formats, and the figures.

        Parameters
        ----------
        folder : path-like
            Made if it is missing; gets ``tables`` and ``figures``.

        Returns
        -------
        list of Path
            The two folders.

        Raises
        ------
        RunFolderError
            The folder is that of a run, or nothing can be written to it.
        """
        from lungmet_worc.figures.roc import write_all_figures
        from lungmet_worc.tables import write_all_tables

        paths = RunPaths(Path(folder).resolve())
        refuse_run_folder(folder)
        results = self.results()
        try:
            tables = write_all_tables(results.arms, paths.tables)
            write_all_figures(results.arms, tables["performance"], paths.figures)
        except OSError as error:
            message = (
                f'Nothing can be written to "{folder}": {error.strerror}. '
                "Use another folder for --out."
            )
            raise RunFolderError(message) from error
        return [paths.tables, paths.figures]

    def results(self) -> StudyResults:
        """Return what tables and figures are made from: predictions, of which alone all compare.

        What an ensemble looks at, and subgroups, are in the report of each run.
        """
        return StudyResults(
            arms=self.arms,
            explanations=(),
            permuted=pd.DataFrame(columns=["arm", "permutation", "split", "auc"]),
            matrices={},
            modalities=(),
            levels=pd.DataFrame(index=pd.Index(list(tested_outcomes(self.arms)))),
            acquisition=pd.DataFrame(columns=["modality", "property", "value", "n_patients"]),
            statistics=self.statistics,
            seed=self.seed,
        )


def compare_runs(runs: Sequence[Path | str | Run]) -> Joined:
    """Join the arms of runs that have the same outcome, patients and splits.

    Parameters
    ----------
    runs : sequence of path-like or Run
        Run folders.

    Returns
    -------
    Joined

    Raises
    ------
    ResultsError
        The runs cannot be compared: one is not complete, is given twice, or has another outcome,
        other patients or other splits. All reasons are listed.

    Examples
    --------
    >>> from lungmet_worc import compare_runs
    >>> joined = compare_runs(["runs/mri", "runs/volume"])  # doctest: +SKIP
    >>> joined.comparison  # doctest: +SKIP
    """
    if not runs:
        message = "There is no run to compare. Name at least one run folder."
        raise ResultsError(message)
    given = [str(run.paths.folder) if isinstance(run, Run) else str(run) for run in runs]
    problems = list(_given_twice(given))
    opened: list[_OpenedRun] = []
    for name in dict.fromkeys(given):
        try:
            opened.append(_open(name))
        except LungmetError as error:
            problems += error.problems or (Problem(error.message, "Run it again.", file=name),)
    for other in opened[1:]:
        problems += _differences(opened[0], other)
    if problems:
        message = "These runs cannot be compared:" if len(given) > 1 else "This run is not usable:"
        raise ResultsError(message, problems)
    study = opened[0].state["study"]
    arms = _named_apart(opened)
    return Joined(
        arms=tuple(arm for arm, _ in arms),
        origins={arm.arm: run.name for arm, run in arms},
        statistics=StatisticsConfig(**study.get("statistics", {})),
        seed=int(study["search"]["seed"]),
    )


def refuse_run_folder(folder: Path | str) -> None:
    """Refuse to write into the folder of a run, whose own tables would be lost.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    RunFolderError
        There is a run in the folder.
    """
    if RunPaths(Path(folder).resolve()).run_json.exists():
        message = (
            f'"{folder}" is the folder of a run, and its own tables lie there. '
            "Use another folder for --out."
        )
        raise RunFolderError(message)


@dataclass(frozen=True)
class _OpenedRun:
    """A complete run: its name as given, what run.json says, and what its arms predicted."""

    name: str
    folder: Path
    state: Mapping[str, Any]
    arms: tuple[ArmPredictions, ...]

    @cached_property
    def outcomes(self) -> dict[str, int]:
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

    @cached_property
    def patients(self) -> frozenset[str]:
        return frozenset().union(*(part for parts in self.splits.values() for part in parts))


def _given_twice(given: Sequence[str]) -> Iterator[Problem]:
    seen: set[Path] = set()
    for name in given:
        folder = Path(name).resolve()
        if folder in seen:
            yield Problem("The run is given twice.", "Name each run once.", file=name)
        seen.add(folder)


def _open(name: str) -> _OpenedRun:
    """Read a run; raise with all problems of its own if it is not complete."""
    paths = RunPaths(Path(name).resolve())
    if not paths.run_json.exists():
        remedy = 'Give a folder that "lungmet run" wrote with --out.'
        raise _unusable(Problem("There is no run in this folder.", remedy, file=name))
    try:
        state = read_state(paths)
    except RunFolderError as error:
        remedy = "Leave it out, or run the study again into another folder."
        raise _unusable(Problem(error.message, remedy, file=name)) from error
    if "study" not in state:
        what, remedy = _INCOMPLETE["stopped"]
        raise _unusable(Problem(what, remedy, file=name))
    digest = make_digest(state, running=is_locked(paths), now=now())
    if digest.ending != "complete":
        what, remedy = _INCOMPLETE[digest.ending]
        raise _unusable(Problem(what.format(partial=digest.partial), remedy, file=name))
    problems: list[Problem] = []
    # JSON keeps no order of names.
    order = state.get("order", state["study"]["arms"])
    arms = tuple(_read_arm(paths, arm, state["tasks"], name, problems) for arm in order)
    if problems:
        raise _unusable(*problems)
    return _OpenedRun(name, paths.folder, state, arms)


def _unusable(*problems: Problem) -> ResultsError:
    return ResultsError("The run cannot be used:", problems)


def _read_arm(
    paths: RunPaths, arm: str, tasks: Mapping[str, Any], run: str, problems: list[Problem]
) -> ArmPredictions:
    """Return what an arm predicted; split files that are not those of the run are problems."""
    stamps = {
        int(key.rpartition("/")[2]): entry["stamp"]
        for key, entry in tasks.items()
        if key.startswith(f"search/{arm}/")
    }
    lost = [
        split for split, stamp in stamps.items() if read_stamp(paths.split(arm, split)) != stamp
    ]
    if lost:
        what = (
            f"The results of arm {arm} are not there, or not those of this run "
            f"({_listed('split', map(str, lost))})."
        )
        problems.append(Problem(what, _INCOMPLETE["stopped"][1], file=run))
    return ArmPredictions(
        arm,
        tuple(
            split_prediction(split, read_result(paths.split(arm, split)))
            for split in sorted(set(stamps) - set(lost))
        ),
    )


def _differences(first: _OpenedRun, other: _OpenedRun) -> Iterator[Problem]:
    """Return why a run cannot be compared with the first one."""
    outcomes = first.state["study"]["outcome"], other.state["study"]["outcome"]
    if outcomes[0] != outcomes[1]:
        what = f'The outcome is "{outcomes[1]}", but "{outcomes[0]}" in {first.name}.'
        yield Problem(what, "Compare runs that predict the same.", file=other.name)
    only = {run.name: run.patients - rest for run, rest in _both(first, other)}
    if any(only.values()):
        named = " and ".join(
            f"{_listed('patient', ids)} only in {name}" for name, ids in only.items() if ids
        )
        remedy = "Use one manifest, and exclude the same patients; or put all arms into one study."
        yield Problem(f"The patients are not the same: {named}.", remedy, file=other.name)
    changed = [
        patient
        for patient, outcome in other.outcomes.items()
        if first.outcomes.get(patient, outcome) != outcome
    ]
    if changed:
        what = f"The outcome is not the one in {first.name} for {_listed('patient', changed)}."
        remedy = "Correct the manifest, and run the study again that was run with the wrong one."
        yield Problem(what, remedy, file=other.name)
    if len(other.splits) != len(first.splits):
        most = max(len(other.splits), len(first.splits))
        what = f"The run has {len(other.splits)} splits, {first.name} has {len(first.splits)}."
        remedy = f"Run the one with fewer again with splits = {most}: what is finished is kept."
        yield Problem(what, remedy, file=other.name)
    elif not any(only.values()):
        unlike = [
            split for split, parts in sorted(other.splits.items()) if first.splits[split] != parts
        ]
        if unlike:
            what = (
                f"{_listed('split', map(str, unlike)).capitalize()} divide the patients "
                f"otherwise than in {first.name}."
            )
            remedy = "Give both studies the same seed, test_size and split_type in [search]."
            yield Problem(what, remedy, file=other.name)


def _both(first: _OpenedRun, other: _OpenedRun) -> list[tuple[_OpenedRun, frozenset[str]]]:
    return [(other, first.patients), (first, other.patients)]


def _listed(noun: str, names: Iterable[str]) -> str:
    """Return names with what they are, such as "3 patients (P1, P2, P3)"."""
    ordered = sorted(names, key=natural_key)
    named = ", ".join(ordered[:_NAMED])
    if len(ordered) > _NAMED:
        named += f" and {len(ordered) - _NAMED} more"
    return f"{len(ordered)} {noun}{'' if len(ordered) == 1 else 's'} ({named})"


def _named_apart(runs: Sequence[_OpenedRun]) -> list[tuple[ArmPredictions, _OpenedRun]]:
    """Return the arms of all runs; those of the same name get the name of their run."""
    names = [arm.arm for run in runs for arm in run.arms]
    labels = _run_labels([run.folder for run in runs])
    return [
        (
            ArmPredictions(f"{arm.arm} ({label})", arm.splits) if names.count(arm.arm) > 1 else arm,
            run,
        )
        for run, label in zip(runs, labels, strict=True)
        for arm in run.arms
    ]


def _run_labels(folders: Sequence[Path]) -> list[str]:
    """Return the name of each folder, with as many folders above it as tell them apart.

    Without separators: figures have the names of arms in their file names.
    """
    for depth in range(1, max(len(folder.parts) for folder in folders) + 1):
        labels = [" in ".join(reversed(folder.parts[-depth:])) for folder in folders]
        if len(set(labels)) == len(folders):
            return labels
    return labels
