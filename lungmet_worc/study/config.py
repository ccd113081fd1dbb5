"""A study: what is compared, on which patients, with which search.

:mod:`lungmet_worc.study.study_file` reads it from TOML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    FiniteFloat,
    PrivateAttr,
    field_validator,
    model_validator,
)

from lungmet_worc.basics.errors import did_you_mean
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study import worc_settings
from lungmet_worc.study.feature_groups import IMAGE_GROUPS
from lungmet_worc.study.reading.cell_text import CellText, CellValue, cleaned
from lungmet_worc.study.run_config import RunConfig
from lungmet_worc.study.search_config import MOST_SPLITS, SearchConfig
from lungmet_worc.study.shapes import Label, StudyPath, StudyTable, WorcOverrides
from lungmet_worc.study.sources.images import ImageSource
from lungmet_worc.study.sources.kinds import AnySource

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def table_name(column: str) -> str:
    """Return the table of the study file that is about a column, as TOML writes it."""
    return f"[clinical.{column}]" if _BARE_KEY.fullmatch(column) else f'[clinical."{column}"]'


@dataclass(frozen=True, eq=False)
class ManifestInMemory:
    """A manifest as a script has it; only the very same one is equal to it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each patient.
    """

    frame: Any


class CohortConfig(StudyTable):
    """Where the patients are, how their table is read, and which of them are compared.

    Parameters
    ----------
    sheet : str, optional
        The sheet of a workbook; by default the first one that is not hidden.
    missing : tuple of str
        What counts as not known in every column, beside empty cells and the usual words.
    decimal : {".", ","}, optional
        The decimal mark of numbers that may also have thousands, such as "7,096".

    Notes
    -----
    ``in_memory`` is the manifest as a script gave it, in place of a file; ``manifest`` then is in
    the folder that its paths are relative to.
    """

    manifest: Annotated[StudyPath, BeforeValidator(cleaned)]
    sheet: CellText | None = None
    patient_id: CellText = "patient_id"
    missing: tuple[CellValue, ...] = ()
    decimal: Literal[".", ","] | None = None
    patients: Literal["common", "available"] = "common"
    exclude: tuple[CellValue, ...] = ()
    centre: CellText | None = None
    _in_memory: ManifestInMemory | None = PrivateAttr(default=None)

    @property
    def in_memory(self) -> ManifestInMemory | None:
        """Return the manifest that a script gave, None where it is a file."""
        return self._in_memory

    def with_manifest(self, manifest: Path, in_memory: ManifestInMemory | None = None) -> Self:
        """Return the same cohort on another manifest."""
        other = self.model_copy(update={"manifest": manifest})
        other._in_memory = in_memory
        return other


class ClinicalConfig(StudyTable):
    """What a clinical column of the manifest holds.

    Without an entry a column of numbers is a number, one of yes and no is 1 and 0, and any
    other is unordered. ``outcome_like = true`` lets in a column that looks as if it were known
    only after the outcome. ``missing`` is what counts as not known in this column alone.
    """

    kind: Literal["number", "yes-no", "ordered", "unordered"] | None = None
    order: tuple[CellValue, ...] = ()
    missing: tuple[CellValue, ...] = ()
    outcome_like: bool = False

    @model_validator(mode="after")
    def _order_of_ordered(self) -> Self:
        if (self.kind == "ordered") != bool(self.order):
            message = Sentence(
                'An ordered column needs its values, the lowest first: kind = "ordered", '
                'order = ["low", "intermediate", "high"]. Any other column has no order.'
            )
            raise ValueError(message)
        if len({level.lower() for level in self.order}) < len(self.order):
            message = Sentence("A value stands twice in the order.")
            raise ValueError(message)
        return self


class ArmConfig(StudyTable):
    """What one arm of the comparison knows about a patient.

    ``features`` is "all", "volume", or one or several groups of features. ``label`` is what
    people read in place of the arm's key.
    """

    modalities: tuple[str, ...] = ()
    clinical: tuple[CellText, ...] = ()
    features: str | tuple[str, ...] = "all"
    missing: Literal["exclude", "impute"] = "exclude"
    label: Label | None = None

    @field_validator("features")
    @classmethod
    def _known_features(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if value in ("all", "volume"):
            return value
        groups = (value,) if isinstance(value, str) else value
        unknown = [name for name in groups if name not in IMAGE_GROUPS]
        if unknown or not groups:
            known = ("all", "volume", *IMAGE_GROUPS)
            name = unknown[0] if unknown else ""
            hint = did_you_mean(name, known)
            message = Sentence('"{value}" is no group of features. {hint}', value=name, hint=hint)
            raise ValueError(message)
        return tuple(group for group in IMAGE_GROUPS if group in groups)

    @property
    def feature_groups(self) -> tuple[str, ...]:
        """Return the groups that the arm is limited to, none if it is not."""
        return self.features if isinstance(self.features, tuple) else ()


class StatisticsConfig(StudyTable):
    """What is computed from the predictions; no search depends on it but the permuted ones.

    Parameters
    ----------
    sensitivity : float
        A threshold is chosen, in the training part, that reaches this sensitivity.
    permutations : int
        Searches of each arm are repeated with so many permutations of the outcome.
    bootstrap : int
        Bootstrap samples of patients.
    subgroups : tuple of str
        Columns of the manifest whose values are subgroups.
    bands : mapping of str to tuple of float
        Where a column of numbers is cut into bands, ascending; by default at its median.
    """

    sensitivity: float = Field(default=0.9, gt=0, lt=1)
    permutations: int = Field(default=0, ge=0, le=MOST_SPLITS)
    bootstrap: int = Field(default=2000, ge=200, le=1_000_000)
    subgroups: tuple[CellText, ...] = ()
    bands: dict[CellText, tuple[FiniteFloat, ...]] = Field(default_factory=dict)

    @field_validator("bands")
    @classmethod
    def _ascending(cls, value: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        for column, cuts in value.items():
            if not cuts or list(cuts) != sorted(set(cuts)):
                message = Sentence(
                    "The bands of {column} must ascend, as in [50, 65].", column=column
                )
                raise ValueError(message)
        return value


class ReportConfig(StudyTable):
    """How the report is written.

    Parameters
    ----------
    language : {"en", "nl"}
        English or Dutch.
    acquisition : tuple of str
        Columns of the manifest that say how images were made, such as vendor and model.
    """

    language: Literal["en", "nl"] = "en"
    acquisition: tuple[CellText, ...] = ()


class StudyConfig(StudyTable):
    """A whole study: cohort, modalities, arms, search, WORC settings and how to run it."""

    name: str
    outcome: CellText
    cohort: CohortConfig
    modalities: dict[str, AnySource] = Field(default_factory=dict)
    arms: dict[str, ArmConfig]
    clinical: dict[CellText, ClinicalConfig] = Field(default_factory=dict)
    search: SearchConfig
    statistics: StatisticsConfig = Field(default_factory=StatisticsConfig)
    report: ReportConfig = Field(default_factory=ReportConfig)
    worc: WorcOverrides = Field(default_factory=dict)
    run: RunConfig = Field(default_factory=RunConfig)
    path: Path | None = None

    @property
    def file_name(self) -> str:
        """Return the name of the study file, for messages; a study from Python has none."""
        return self.path.name if self.path is not None else "study"

    def worc_settings(self) -> dict[str, dict[str, str]]:
        """Return WORC's settings for the search of this study, section -> key -> text.

        WORC's defaults, then the preset, then ``[worc.*]``, then ``[search]``.
        """
        search = self.search
        named = {
            "CrossValidation": {
                "N_iterations": str(search.splits),
                "test_size": str(search.test_size),
            },
            "HyperOptimization": {
                "N_iterations": str(search.candidates),
                "n_splits": str(search.inner_splits),
                "scoring_method": search.scoring,
            },
            "Classification": {"classifiers": ", ".join(search.classifiers)},
            "Ensemble": {"Method": search.ensemble.method, "Size": str(search.ensemble.size)},
            "Labels": {"label_names": self.outcome},
        }
        return worc_settings.merge(
            worc_settings.default_settings(),
            worc_settings.PRESETS[search.preset][1],
            self.worc,
            named,
        )

    def modality_settings(self, modality: str) -> dict[str, dict[str, str]]:
        """Return WORC's settings for one modality; a new object for each (errata E1)."""
        source = self.modalities[modality]
        return worc_settings.merge(self.worc_settings(), source.worc, source.settings())

    @property
    def images(self) -> dict[str, ImageSource]:
        """Return the modalities that are images, for what only images have."""
        sources = self.modalities.items()
        return {name: source for name, source in sources if isinstance(source, ImageSource)}
