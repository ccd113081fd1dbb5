"""Several runs of one cohort: all their arms side by side, compared in pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from lungmet_worc.analyses.comparison.statistics import compare_arms
from lungmet_worc.analyses.performance.table import performance_table
from lungmet_worc.analyses.results import ArmPredictions, StudyResults
from lungmet_worc.basics.errors import LungmetError, Problem, ResultsError
from lungmet_worc.basics.file_names import LONGEST_NAME, shortened
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.tracebacks import short_traceback, short_tracebacks
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.shown_names import ShownNames, recorded_names
from lungmet_worc.pipeline.comparable import ComparableRun, differences, open_run
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
class ComparedRuns:
    """The arms of several runs of one cohort, on the same patients and splits.

    Parameters
    ----------
    results : StudyResults
        Predictions, of which alone all compare, computed on as the first run says it; arms of the
        same name have the run's name behind it. What an ensemble looks at, and subgroups, are in
        the report of each run.
    origins : mapping of str to str
        Arm -> the folder of its run, as it was given.
    names : ShownNames
        What the arms are called, as their runs say it.
    """

    results: StudyResults
    origins: Mapping[str, str]
    names: ShownNames

    @cached_property
    def performance(self) -> pd.DataFrame:
        """Return one row for each arm and metric, as in the table of one run."""
        return performance_table(self.results.arms)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """Return one row for each pair of arms and metric, adjusted over all pairs."""
        results = self.results
        return compare_arms(results.arms, bootstrap=results.statistics.bootstrap, seed=results.seed)

    def to_text(self, say: Language = ENGLISH) -> str:
        """Return both tables as text in columns, and which arm is of which run.

        Parameters
        ----------
        say : Language
            The language of the reader.
        """
        from lungmet_worc.analyses.all_tables import TABLES
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
            f"{title}\n\n{in_columns(TABLES[name].readable(frames[name], say), say)}\n"
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
        say = ENGLISH.naming(self.names)
        aside = KeptAside(paths, now())
        try:
            with locked(paths, "comparison"):
                remove_leftovers(paths)
                staged = RunPaths(make_scratch(paths) / "compared")
                tables = write_all_tables(self.results, staged.tables, say=say)
                write_all_figures(self.results, tables, staged.figures, say=say)
                put_in_place(staged.folder, paths.report_files, aside.keep, stamp="comparison")
                aside.settle()
                remove_leftovers(paths)
        except OSError as error:
            raise not_writable(paths.folder, error) from error
        return [paths.tables, paths.figures]


@short_traceback
def compare_runs(runs: Sequence[Path | str | Run]) -> ComparedRuns:
    """Compare the arms of runs that have the same outcome, patients and splits.

    Parameters
    ----------
    runs : sequence of path-like or Run
        Run folders.

    Returns
    -------
    ComparedRuns

    Raises
    ------
    ResultsError
        The runs cannot be compared: one is not complete, is given twice, or has another outcome,
        other patients or other splits. All reasons are listed.

    Examples
    --------
    >>> from lungmet_worc import compare_runs
    >>> compared = compare_runs(["runs/mri", "runs/volume"])  # doctest: +SKIP
    >>> compared.comparison  # doctest: +SKIP
    """
    if not runs:
        message = Sentence("There is no run to compare. Name at least one run folder.")
        raise ResultsError(message)
    given = [str(run.paths.folder) if isinstance(run, Run) else str(run) for run in runs]
    problems = list(_given_twice(given))
    opened: list[ComparableRun] = []
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
    study = opened[0].study
    arms, origins, names = _named_apart(opened)
    results = StudyResults(
        arms,
        statistics=StatisticsConfig(**study.get("statistics", {})),
        seed=int(study["search"]["seed"]),
    )
    return ComparedRuns(results, origins, names)


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


def _named_apart(
    runs: Sequence[ComparableRun],
) -> tuple[list[ArmPredictions], dict[str, str], ShownNames]:
    """Return the arms of all runs, the run of each, and what they are called.

    Where several have one name, or are called the same, their run's name stands behind it.
    """
    labels = _run_labels([run.folder for run in runs])
    every = [(run, label, arm) for run, label in zip(runs, labels, strict=True) for arm in run.arms]
    given = {run.folder: ShownNames(recorded_names(run.study).arms) for run in runs}
    keys = [arm.arm for _, _, arm in every]
    titles = [given[run.folder].arm(arm.arm) for run, _, arm in every]
    arms, origins, shown = [], {}, {}
    for (run, label, arm), title in zip(every, titles, strict=True):
        key = arm.arm
        if keys.count(key) > 1:
            key = f"{key} ({shortened(label, LONGEST_NAME)})"
        if titles.count(title) > 1:
            shown[key] = f"{title} ({label})"
        elif arm.arm in given[run.folder].arms:
            shown[key] = title
        arms.append(ArmPredictions(key, arm.splits))
        origins[key] = run.name
    return arms, origins, ShownNames(shown)


def _run_labels(folders: Sequence[Path]) -> list[str]:
    """Return the name of each folder, with as many folders above it as tell them apart.

    Without separators: figures have the names of arms in their file names.
    """
    for depth in range(1, max(len(folder.parts) for folder in folders) + 1):
        labels = [" in ".join(reversed(folder.parts[-depth:])) for folder in folders]
        if len(set(labels)) == len(folders):
            return labels
    return labels
