"""The results of a run folder, as data frames, and what the run did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lungmet_worc.basics.errors import ResultsError, RunFolderError, did_you_mean
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.tracebacks import short_traceback, short_tracebacks
from lungmet_worc.tasks.run_folder.lock import is_locked
from lungmet_worc.tasks.run_folder.paths import found_run
from lungmet_worc.tasks.run_folder.state import now, read_state

if TYPE_CHECKING:
    import pandas as pd

    from lungmet_worc.analyses.run.digest import Digest
    from lungmet_worc.display.table import Table
    from lungmet_worc.pipeline.feature_files import FeatureTable
    from lungmet_worc.pipeline.pace import StagePace


@short_tracebacks
class Run:
    """A run folder and what it holds; its tables by name, ``run.performance``.

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

    @short_traceback
    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table by its name, for example ``run["subgroups"]``.

        Raises
        ------
        ResultsError
            There is no table of this name, or the run has none of its tables yet.
        """
        from lungmet_worc.display.table_files import read_table

        table = _tables().get(name)
        if table is None or table.required or (self.paths.tables / f"{name}.csv").exists():
            path = self._file(name, "csv")
            return read_table(path, _tables()[name])
        self._file("performance", "csv")
        # A run that is done has no file of a table without rows.
        return table.frame()

    @short_traceback
    def __getattr__(self, name: str) -> pd.DataFrame:
        """Return a table as an attribute: ``run.subgroups`` is ``run["subgroups"]``."""
        if name.startswith("_") or name not in _tables():
            message = f"a Run has no attribute {name!r}"
            if name == "status":  # of earlier versions
                message += ": digest() says what it did, and paces() how far it is"
            raise AttributeError(message, name=name, obj=self)
        return self[name]

    def __dir__(self) -> list[str]:
        """Return all attributes, tables among them."""
        return [*super().__dir__(), *_tables()]

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
        from lungmet_worc.pipeline.stages import STAGES

        state = read_state(self.paths)
        return make_digest(state, STAGES, running=is_locked(self.paths), now=now())

    def paces(self) -> list[StagePace]:
        """Return the tasks of each stage, how many are done a minute, and how long is left."""
        from lungmet_worc.pipeline.pace import stage_paces

        return stage_paces(read_state(self.paths))

    def table_text(self, name: str) -> str:
        """Return a table as text in Markdown.

        Parameters
        ----------
        name : str
            A name of `lungmet_worc.analyses.all_tables.TABLES`.

        Raises
        ------
        ResultsError
            There is no table of this name, or the run does not have it yet.
        """
        return self._file(name, "md").read_text("utf-8")

    def _file(self, name: str, kind: str) -> Path:
        """Return a file of a table."""
        if name not in _tables():
            message = Sentence(
                'There is no table "{name}". {hint}',
                name=name,
                hint=did_you_mean(name, _tables()),
            )
            raise ResultsError(message)
        path = self.paths.tables / f"{name}.{kind}"
        if not path.exists():
            message = Sentence(
                "This run has no table {name} yet; the same run command goes on with it.", name=name
            )
            raise ResultsError(message)
        return path


def _tables() -> Mapping[str, Table]:
    """Return every table that a run can have."""
    from lungmet_worc.analyses.all_tables import TABLES

    return TABLES
