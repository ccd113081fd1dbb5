"""Several runs of one cohort, joined: all their arms side by side, compared in pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.comparison.statistics import compare_arms
from lungmet_worc.analyses.results import (
    ArmPredictions,
    StudyResults,
    performance_table,
    tested_outcomes,
)
from lungmet_worc.basics.errors import LungmetError, Problem, ResultsError
from lungmet_worc.basics.file_names import LONGEST_NAME, shortened
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.tracebacks import short_traceback, short_tracebacks
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.shown_names import ShownNames, recorded_names
from lungmet_worc.pipeline.finished_run import FinishedRun, differences, open_run
from lungmet_worc.pipeline.run import Run
from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.tasks.run_folder.kept_aside import KeptAside
from lungmet_worc.tasks.run_folder.leftovers import make_scratch, remove_leftovers
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.mark import not_writable, require_ours, resolved
from lungmet_worc.tasks.run_folder.paths import RunPaths, found_run
from lungmet_worc.tasks.run_folder.record import put_in_place
from lungmet_worc.tasks.run_folder.state import now


@short_tracebacks
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
    names : ShownNames
        What the arms are called, as their runs say it.
    """

    arms: tuple[ArmPredictions, ...]
    origins: Mapping[str, str]
    statistics: StatisticsConfig
    seed: int
    names: ShownNames = field(default_factory=ShownNames)

    @cached_property
    def performance(self) -> pd.DataFrame:
        """Return one row for each arm and metric, as in the table of one run."""
        return performance_table(self.arms)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """Return one row for each pair of arms and metric, adjusted over all pairs."""
        settings = self.statistics
        return compare_arms(self.arms, bootstrap=settings.bootstrap, seed=self.seed)

    def to_text(self, say: Language = ENGLISH) -> str:
        """Return both tables as text in columns, and which arm is of which run.

        Parameters
        ----------
        say : Language
            The language of the reader.
        """
        from lungmet_worc.analyses.readable import readable
        from lungmet_worc.display.formats import in_columns

        say = say.naming(self.names)
        runs = dict.fromkeys(self.origins.values())
        arms = {
            run: [
                self.names.arms.get(arm, arm)
                for arm, origin in self.origins.items()
                if origin == run
            ]
            for run in runs
        }
        lines = [f"{run}: {', '.join(of_run)}" for run, of_run in arms.items()]
        titles = {
            "performance": say(
                "Performance of the arms of {n} runs (corrected resampled 95% interval)",
                n=len(runs),
            ),
            "comparison": say(
                "Differences between the arms, on the same patients and splits (p adjusted by "
                "Holm's method over all pairs)"
            ),
        }
        frames = {"performance": self.performance, "comparison": self.comparison}
        tables = [
            f"{title}\n\n{in_columns(readable(frames[name], name, say))}\n"
            for name, title in titles.items()
        ]
        return "\n".join([say("Runs and their arms:"), *lines, "", *tables])

    def write(self, folder: Path | str) -> list[Path]:
        """Write the tables, in all formats, and the figures.

        Parameters
        ----------
        folder : path-like
            Made if it is missing; gets ``tables`` and ``figures``. If it holds an earlier
            comparison, what is replaced is kept in ``old``.

        Returns
        -------
        list of Path
            The two folders.

        Raises
        ------
        RunFolderError
            The folder is that of a run, or somebody's, or nothing can be written to it.
        """
        from lungmet_worc.analyses.all_figures import write_all_figures
        from lungmet_worc.analyses.all_tables import write_all_tables

        paths = RunPaths(resolved(folder))
        require_ours(paths.folder, "comparison")
        results, say = self.results(), ENGLISH.naming(self.names)
        aside = KeptAside(paths, now())
        try:
            with locked(paths, "comparison"):
                remove_leftovers(paths)
                staged = RunPaths(make_scratch(paths) / "joined")
                tables = write_all_tables(results, staged.tables, say=say)
                write_all_figures(results, tables, staged.figures, cohort=pd.DataFrame(), say=say)
                put_in_place(staged.folder, paths.report_files, aside.keep, stamp="comparison")
                aside.settle()
                remove_leftovers(paths)
        except OSError as error:
            raise not_writable(paths.folder, error) from error
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


@short_traceback
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
        message = Sentence("There is no run to compare. Name at least one run folder.")
        raise ResultsError(message)
    given = [str(run.paths.folder) if isinstance(run, Run) else str(run) for run in runs]
    problems = list(_given_twice(given))
    opened: list[FinishedRun] = []
    for name in dict.fromkeys(given):
        try:
            opened.append(open_run(name))
        except LungmetError as error:
            again = Sentence("Run it again.")
            problems += error.problems or (Problem(error.message, again, file=name),)
    for other in opened[1:]:
        problems += differences(opened[0], other)
    if problems:
        message = Sentence.plural(
            len(given), "This run is not usable:", "These runs cannot be compared:"
        )
        raise ResultsError(message, problems)
    study = opened[0].state["study"]
    arms = _named_apart(opened)
    return Joined(
        arms=tuple(arm for arm, _ in arms),
        origins={arm.arm: run.name for arm, run in arms},
        statistics=StatisticsConfig(**study.get("statistics", {})),
        seed=int(study["search"]["seed"]),
        names=_arm_names(arms),
    )


def _given_twice(given: Sequence[str]) -> Iterator[Problem]:
    seen: set[Path] = set()
    for name in given:
        paths = found_run(name)
        if paths is None:
            continue
        if paths.folder in seen:
            what, remedy = Sentence("The run is given twice."), Sentence("Name each run once.")
            yield Problem(what, remedy, file=name)
        seen.add(paths.folder)


def _named_apart(runs: Sequence[FinishedRun]) -> list[tuple[ArmPredictions, FinishedRun]]:
    """Return the arms of all runs; those of the same name get the name of their run."""
    names = [arm.arm for run in runs for arm in run.arms]
    labels = [shortened(label, LONGEST_NAME) for label in _run_labels([r.folder for r in runs])]
    return [
        (
            ArmPredictions(f"{arm.arm} ({label})", arm.splits) if names.count(arm.arm) > 1 else arm,
            run,
        )
        for run, label in zip(runs, labels, strict=True)
        for arm in run.arms
    ]


def _arm_names(arms: Sequence[tuple[ArmPredictions, FinishedRun]]) -> ShownNames:
    """Return the labels that runs give their arms, with the run's name where they are alike."""
    given = [recorded_names(run.state["study"]).arms for _, run in arms]
    labels = _run_labels(list(dict.fromkeys(run.folder for _, run in arms)))
    of_run = dict(zip(dict.fromkeys(run.folder for _, run in arms), labels, strict=True))
    keys = [arm.arm.removesuffix(f" ({of_run[run.folder]})") for arm, run in arms]
    shown = [ShownNames(names).arm(key) for names, key in zip(given, keys, strict=True)]
    found = {}
    for (arm, run), names, key, label in zip(arms, given, keys, shown, strict=True):
        if names.get(key) or shown.count(label) > 1:
            twice = shown.count(label) > 1
            found[arm.arm] = f"{label} ({of_run[run.folder]})" if twice else label
    return ShownNames(found)


def _run_labels(folders: Sequence[Path]) -> list[str]:
    """Return the name of each folder, with as many folders above it as tell them apart.

    Without separators: figures have the names of arms in their file names.
    """
    for depth in range(1, max(len(folder.parts) for folder in folders) + 1):
        labels = [" in ".join(reversed(folder.parts[-depth:])) for folder in folders]
        if len(set(labels)) == len(folders):
            return labels
    return labels
