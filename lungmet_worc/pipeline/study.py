"""A study: the one thing that a script needs to import."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungmet_worc.basics.errors import StudyFileError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.tracebacks import short_tracebacks
from lungmet_worc.study.config import ManifestInMemory, StudyConfig
from lungmet_worc.study.scan_paths import absolute
from lungmet_worc.study.study_file import load_study, study_from_tables

if TYPE_CHECKING:
    import pandas as pd

    from lungmet_worc.checks.study import CheckReport
    from lungmet_worc.pipeline.estimate import PlanSummary
    from lungmet_worc.pipeline.run import Run
    from lungmet_worc.tasks.progress import Progress
    from lungmet_worc.tasks.stage import Part


@short_tracebacks
class Study:
    """A comparison of arms on one cohort.

    Parameters
    ----------
    manifest : path-like or DataFrame
        CSV or XLSX with one row per patient, or the same as a DataFrame: the ids in a column or
        as its index, paths of images relative to the working folder. It is copied, and written
        nowhere; a run that is gone on with gets it again.
    outcome : str
        Column of the manifest with the outcome.
    arms : mapping
        Arm -> table as in a study file, for example ``{"MRI": {"modalities": ["MRI"]}}``.
    modalities : mapping
        Modality -> table as in a study file: ``image``, ``segmentation``, ``image_type``.
    name : str
        Name of the study in its report.
    cohort, search, worc, run, clinical, statistics, report : mapping, optional
        As the tables of a study file.

    Raises
    ------
    StudyFileError
        Something in the tables is unknown or wrong; all of it is listed.

    Examples
    --------
    >>> from lungmet_worc import Study
    >>> study = Study.from_toml("configs/compare.toml")  # doctest: +SKIP
    >>> run = study.run(out="runs/compare")  # doctest: +SKIP
    >>> run.performance  # doctest: +SKIP
    """

    def __init__(
        self,
        manifest: Path | str | pd.DataFrame,
        outcome: str,
        arms: Mapping[str, Any],
        modalities: Mapping[str, Any] | None = None,
        *,
        name: str = "study",
        cohort: Mapping[str, Any] | None = None,
        search: Mapping[str, Any] | None = None,
        worc: Mapping[str, Any] | None = None,
        run: Mapping[str, Any] | None = None,
        clinical: Mapping[str, Any] | None = None,
        statistics: Mapping[str, Any] | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> None:
        if cohort is not None and "manifest" in cohort:
            message = Sentence("Give the manifest once, not in cohort as well.")
            raise StudyFileError(message)
        tables = {
            "study": {"name": name, "outcome": outcome},
            "cohort": {"manifest": _name_of(manifest), **(cohort or {})},
            "modalities": dict(modalities or {}),
            "arms": dict(arms),
            "search": dict(search or {}),
            "worc": dict(worc or {}),
            "run": dict(run or {}),
            "clinical": dict(clinical or {}),
            "statistics": dict(statistics or {}),
            "report": dict(report or {}),
        }
        config = study_from_tables(tables, folder=Path.cwd())
        self.config: StudyConfig = _on(manifest, config)

    @classmethod
    def from_toml(cls, path: Path | str) -> Study:
        """Read a study file.

        Parameters
        ----------
        path : path-like
            A TOML file; the manifest's path in it is relative to the file's folder.

        Raises
        ------
        StudyFileError
            The file is missing, or something in it is unknown or wrong; all of it is listed.
        """
        study = cls.__new__(cls)
        study.config = load_study(path)
        return study

    def with_manifest(self, manifest: Path | str | pd.DataFrame) -> Study:
        """Return the same study on another manifest.

        Parameters
        ----------
        manifest : path-like or DataFrame
            With the same columns; paths in a DataFrame are relative to the working folder.
        """
        other = Study.__new__(Study)
        other.config = _on(manifest, self.config)
        return other

    def check(self, *, cores: int | None = None) -> CheckReport:
        """Return everything that is wrong with the manifest and the images.

        Parameters
        ----------
        cores : int, optional
            Images that are read at the same time; by default all cores.
        """
        from lungmet_worc.checks.study import check_study

        return check_study(self.config, cores=self._cores(cores))

    def plan(self, out: Path | str | None = None, *, cores: int | None = None) -> PlanSummary:
        """Return what a run would do, and about how long it would take.

        Parameters
        ----------
        out : path-like, optional
            The run folder; without it, a run that has not begun.
        cores : int, optional
            Tasks that would run at the same time.
        """
        from lungmet_worc.pipeline.estimate import plan_summary
        from lungmet_worc.tasks.run_folder.mark import resolved
        from lungmet_worc.tasks.run_folder.paths import RunPaths

        with tempfile.TemporaryDirectory() as nowhere:
            paths = RunPaths(resolved(out or Path(nowhere) / "run"))
            return plan_summary(self.config, paths, cores=self._cores(cores))

    def run(
        self,
        out: Path | str,
        *,
        only: Part | None = None,
        cores: int | None = None,
        until: str | None = None,
        progress: Progress | None = None,
    ) -> Run:
        """Run the study into a folder, or go on with a run that was interrupted.

        Parameters
        ----------
        out : path-like
            The run folder; it is made if it is not there.
        only : {"extraction", "search", "report"}, optional
            Do one stage only.
        cores : int, optional
            Tasks that run at the same time; by default what the study file says, or all cores.
        until : str, optional
            When to be done, for example ``"07:00"``: what is complete for all arms alike by then
            is evaluated; by default what the study file says under ``deadline``.
        progress : Progress, optional
            Who listens. By default a bar for each stage on a terminal, plain lines
            elsewhere; ``lungmet_worc.Quiet()`` only writes the log.

        Raises
        ------
        LungmetError
            The study cannot be run, a task failed, or the deadline came before two splits of
            every arm were done.
        """
        from lungmet_worc.display.language import language
        from lungmet_worc.pipeline.pipeline import Pipeline
        from lungmet_worc.pipeline.run import Run
        from lungmet_worc.tasks.deadline import next_moment
        from lungmet_worc.tasks.progress import Bars
        from lungmet_worc.tasks.run_folder.mark import resolved
        from lungmet_worc.tasks.run_folder.paths import RunPaths

        paths = RunPaths(resolved(out))
        deadline = until or self.config.run.deadline
        Pipeline(
            self.config,
            paths,
            progress or Bars(language(self.config.report.language)),
            self._cores(cores),
            deadline=next_moment(deadline) if deadline else None,
        ).run(only)
        return Run(paths.folder)

    def _cores(self, cores: int | None) -> int:
        from lungmet_worc.pipeline.pipeline import available_cores

        return cores or self.config.run.cores or available_cores()


def _name_of(manifest: Path | str | pd.DataFrame) -> str:
    """Return the path of a manifest, or what stands for it where it is a DataFrame."""
    if isinstance(manifest, str | Path):
        return str(manifest)
    from lungmet_worc.study.manifest_frame import NAME

    return NAME


def _on(manifest: Path | str | pd.DataFrame, config: StudyConfig) -> StudyConfig:
    """Return a study on a manifest, which a script may change afterwards."""
    path = absolute(Path.cwd(), _name_of(manifest))
    given = None if isinstance(manifest, str | Path) else ManifestInMemory(manifest.copy())
    return config.model_copy(update={"cohort": config.cohort.with_manifest(path, given)})
