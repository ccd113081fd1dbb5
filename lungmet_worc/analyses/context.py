"""What a report is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lungmet_worc.analyses.run.digest import Digest
from lungmet_worc.display.shown_names import ShownNames
from lungmet_worc.study.cohort import Cohort

#: Returns the numbers of references in brackets, by their keys.
Cite = Callable[..., str]


@dataclass(frozen=True)
class ReportContext:
    """Everything that a report shows.

    Parameters
    ----------
    study_name : str
    outcome : str
        Name of the outcome in the manifest.
    tables : mapping of str to DataFrame
        Tables of the study by their names (see `lungmet_worc.analyses.all_tables`); one without
        rows need not be there.
    cohort : Cohort
        Who enters each arm, and why others do not.
    figures : mapping of str to Path
        PNG or SVG files by the names that
        `lungmet_worc.analyses.all_figures.write_all_figures` gives them.
    settings : mapping of str to object
        Settings of the search as in the study file.
    modalities : mapping of str to str
        WORC's image type of each modality.
    arms : mapping of str to str
        What each arm knows about a patient, in plain words.
    errata : sequence of (str, str)
        Number and sentence of each defect of WORC that this run met.
    failures : DataFrame
        Candidate workflows without a score: arm, cause, candidates (number).
    excluded : sequence of (str, str)
        Patient and cause, of those that were left out.
    versions : mapping of str to str
        Version of each package.
    created : str
        When the report was made.
    digest : Digest
        What the run did.
    thumbnails : mapping of (str, str) to bytes
        (modality, patient) -> PNG of a slice through the tumour.
    facts : mapping of str to object
        What the reporting checklists ask of a run (see `lungmet_worc.report.checklists`).
    language : {"en", "nl"}
    kinds : mapping of str to str
        Arm to "clinical", "volume", "images" or "clinical+images"; all "images" by default.
    names : ShownNames
        What arms and modalities are called.
    sources : sequence of str
        Of each modality whose features WORC does not extract, where they come from.
    """

    study_name: str
    outcome: str
    tables: Mapping[str, pd.DataFrame]
    cohort: Cohort
    figures: Mapping[str, Path]
    settings: Mapping[str, object]
    modalities: Mapping[str, str]
    arms: Mapping[str, str]
    errata: Sequence[tuple[str, str]]
    failures: pd.DataFrame
    excluded: Sequence[tuple[str, str]]
    versions: Mapping[str, str]
    created: str
    digest: Digest
    thumbnails: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    language: str = "en"
    kinds: Mapping[str, str] = field(default_factory=dict)
    names: ShownNames = field(default_factory=ShownNames)
    sources: Sequence[str] = ()

    @property
    def tests(self) -> set[str]:
        """Return the names of the tests between arms."""
        return set(self.tables["comparison"]["test"]) if self.has("comparison") else set()

    @property
    def statistics(self) -> Mapping[str, Any]:
        """Return the settings of the statistics; none if they are not known."""
        statistics = self.settings.get("statistics")
        return statistics if isinstance(statistics, Mapping) else {}

    def has(self, table: str) -> bool:
        """Tell whether a table of the study has rows.

        Parameters
        ----------
        table : str
        """
        return not self.tables.get(table, pd.DataFrame()).empty
