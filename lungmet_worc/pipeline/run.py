"""The results of a run folder, as data frames, and how far the run is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lungmet_worc.basics.errors import ResultsError, RunFolderError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.tracebacks import short_tracebacks
from lungmet_worc.tasks.run_folder.lock import is_locked
from lungmet_worc.tasks.run_folder.paths import found_run
from lungmet_worc.tasks.run_folder.state import now, read_state

if TYPE_CHECKING:
    import pandas as pd

    from lungmet_worc.analyses.run.digest import Digest
    from lungmet_worc.pipeline.feature_files import FeatureTable
    from lungmet_worc.pipeline.pace import StagePace


@short_tracebacks
class Run:
    """A run folder and what it holds.

    Parameters
    ----------
    folder : path-like
        The run folder.

    Raises
    ------
    RunFolderError
        There is no run in the folder.
    """

    def __init__(self, folder: Path | str) -> None:
        paths = found_run(folder)
        if paths is None:
            message = Sentence(
                'There is no run in "{folder}". "lungmet run STUDY.toml --out DIR" makes one.',
                folder=folder,
            )
            raise RunFolderError(message)
        self.paths = paths

    def __repr__(self) -> str:
        """Return the folder."""
        return f"Run({str(self.paths.folder)!r})"

    @property
    def performance(self) -> pd.DataFrame:
        """Return one row for each arm and metric: mean, interval, splits, patients, events."""
        return self._table("performance")

    @property
    def comparison(self) -> pd.DataFrame:
        """Return one row for each pair of arms and metric: difference, interval, p-values."""
        return self._table("comparison")

    @property
    def patients(self) -> pd.DataFrame:
        """Return one row for each arm and patient: how it was predicted when tested."""
        return self._table("patients")

    @property
    def splits(self) -> pd.DataFrame:
        """Return one row for each arm and split: sizes and every metric."""
        return self._table("splits")

    @property
    def untested(self) -> pd.DataFrame:
        """Return the splits in which an arm was not tested, and why; mostly there are none."""
        return self._table("untested")

    @property
    def thresholds(self) -> pd.DataFrame:
        """Return the performance of each arm at 0.5 and at thresholds chosen in training parts."""
        return self._table("thresholds")

    @property
    def confusion(self) -> pd.DataFrame:
        """Return the confusion matrix of each arm at each threshold, over all test parts."""
        return self._table("confusion")

    @property
    def calibration(self) -> pd.DataFrame:
        """Return calibration intercept, slope and error, and Brier score, of each arm."""
        return self._table("calibration")

    @property
    def subgroups(self) -> pd.DataFrame:
        """Return the AUC of each arm in each subgroup; no rows if the study asks for none."""
        return self._table("subgroups")

    @property
    def permutations(self) -> pd.DataFrame:
        """Return the test of each arm against chance; no rows if the study asks for none."""
        return self._table("permutations")

    @property
    def power(self) -> pd.DataFrame:
        """Return the intervals and the differences that a study of this size can show."""
        return self._table("power")

    @property
    def workflows(self) -> pd.DataFrame:
        """Return what the winning workflows of each arm are made of."""
        return self._table("workflows")

    @property
    def importance(self) -> pd.DataFrame:
        """Return how much the AUC of each arm falls without each group of features."""
        return self._table("importance")

    @property
    def features(self) -> pd.DataFrame:
        """Return each feature alone, on all tested patients: a description of the cohort."""
        return self._table("features")

    def features_table(self) -> FeatureTable:
        """Return the features of all patients and modalities, for other programs.

        Returns
        -------
        FeatureTable
            Its ``values``, a row for each patient; its ``codebook``; ``write("features.sav")``.

        Raises
        ------
        ResultsError
            The extraction is not complete.
        """
        from lungmet_worc.pipeline.feature_table import features_table

        return features_table(self.paths)

    @property
    def acquisition(self) -> pd.DataFrame:
        """Return how the images of each modality were made."""
        return self._table("acquisition")

    @property
    def typical(self) -> pd.DataFrame:
        """Return the patients that each arm classifies right, or wrong, most often."""
        return self._table("typical")

    def report(self) -> Path:
        """Return the path of the HTML report.

        Raises
        ------
        ResultsError
            The run has no report yet.
        """
        if not self.paths.report.exists():
            message = Sentence("This run has no report yet; the same run command goes on with it.")
            raise ResultsError(message)
        return self.paths.report

    def digest(self) -> Digest:
        """Return what the run did: done, or what failed, for whom, why, and what to do."""
        from lungmet_worc.analyses.run.digest import make_digest

        state = read_state(self.paths)
        return make_digest(state, running=is_locked(self.paths), now=now())

    def paces(self) -> list[StagePace]:
        """Return the tasks of each stage, how many are done a minute, and how long is left."""
        from lungmet_worc.pipeline.pace import stage_paces

        return stage_paces(read_state(self.paths))

    def table_text(self, name: str) -> str:
        """Return a table as text in Markdown.

        Parameters
        ----------
        name : str
            A name of `lungmet_worc.analyses.schema.TABLES`.

        Raises
        ------
        ResultsError
            The run has no such table yet.
        """
        return self._table_file(name, "md").read_text("utf-8")

    def _table(self, name: str) -> pd.DataFrame:
        from lungmet_worc.analyses.schema import TABLES
        from lungmet_worc.display.table_files import read_table

        # A run that is done has no file of a table without rows.
        if not TABLES[name].required and self._table_file("performance", "csv"):
            path = self.paths.tables / f"{name}.csv"
            return read_table(path) if path.exists() else TABLES[name].frame()
        return read_table(self._table_file(name, "csv"))

    def _table_file(self, name: str, kind: str) -> Path:
        path = self.paths.tables / f"{name}.{kind}"
        if not path.exists():
            message = Sentence(
                "This run has no table {name} yet; the same run command goes on with it.", name=name
            )
            raise ResultsError(message)
        return path
