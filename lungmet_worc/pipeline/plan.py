"""Who and what enters a study. ``plan`` and ``run`` share these decisions; nothing is run here.

The stages (:mod:`lungmet_worc.pipeline.stages`) make their tasks from it. A task's stamp covers
what its output depends on: contents of files, scientific settings and package versions. How a study
is run (cores, engine, what happens on an error) is in no stamp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lungmet_worc.imaging.unchanged import Input
from lungmet_worc.study import worc_settings
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.ids import worc_ids
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.splits import Split, study_splits
from lungmet_worc.study.tested_splits import ArmSplits, splits_of_arms
from lungmet_worc.tasks.run_folder.paths import RunPaths

#: The search of split i is seeded with the study's seed plus (i + 1) times this, the same in
#: every arm: arms then try the same candidates, which makes their comparison sharper.
SEED_STEP = 7919


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before a task runs.

    Parameters
    ----------
    study : StudyConfig
        The study.
    cohort : Cohort
        Who enters which arm.
    digests : mapping of Path to str
        Content hash of each file that features are made from.
    paths : RunPaths
        The run folder.
    expected : mapping of Path to settings
        What ini files will say that are not yet written again; by default what they say now.
    """

    study: StudyConfig
    cohort: Cohort
    digests: Mapping[Path, str]
    paths: RunPaths
    expected: Mapping[Path, worc_settings.Settings] = field(default_factory=dict)

    @cached_property
    def patients(self) -> dict[str, Patient]:
        """Return the patients that enter any arm, in the natural order of their ids."""
        wanted = set(self.cohort.everyone)
        return {p.patient_id: p for p in self.cohort.patients if p.patient_id in wanted}

    @cached_property
    def outcomes(self) -> dict[str, int]:
        """Return patient id -> outcome, of the patients that enter any arm."""
        ids = list(self.patients)
        return dict(zip(ids, self.cohort.outcomes_of(ids), strict=True))

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the user's patient id -> the id that WORC sees."""
        return worc_ids(list(self.patients))

    def needed(self) -> list[tuple[Patient, str]]:
        """Return each patient with each modality that an arm needs and that can be had."""
        wanted = {
            (name, modality)
            for arm, members in self.cohort.arms.items()
            for modality in self.study.arms[arm].modalities
            for name in members
        } - self.cohort.unusable
        return [
            (patient, modality)
            for modality in self.study.modalities
            for patient in self.patients.values()
            if (patient.patient_id, modality) in wanted and patient.data[modality].present
        ]

    @cached_property
    def splits(self) -> tuple[Split, ...]:
        """Return the splits that all arms share, over the patients of all arms."""
        return study_splits(self.study, self.cohort)

    @cached_property
    def arm_splits(self) -> dict[str, ArmSplits]:
        """Return arm -> the splits in which it is tested, and those in which it is not."""
        return splits_of_arms(self.study, self.cohort, self.splits, self.outcomes)

    def seed(self, split: Split) -> int:
        """Return the seed of everything random in a split, the same in every arm."""
        return self.study.search.seed + SEED_STEP * (split.index + 1)

    @cached_property
    def inputs(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return modality -> patient -> SHA-256 of each file that features are made from."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for patient, modality in self.needed():
            found.setdefault(modality, {})[patient.patient_id] = {
                kind: self.digests[path] for kind, path in patient.data[modality].files.items()
            }
        return found

    def files_of(self, patient: Patient, modality: str) -> list[Input]:
        """Return what a task must find in the files that it reads; the stamp has their digests."""
        return [
            (str(path), self.digests[path], f"{modality} {kind} of {patient.patient_id}")
            for kind, path in patient.data[modality].files.items()
        ]

    def first_modality(self, arm: str) -> str:
        """Return the modality whose settings are those of an arm's search, as in WORC."""
        return (self.study.arms[arm].modalities or ("clinical",))[0]

    def decided(self, ini: Path) -> worc_settings.Settings | None:
        """Return what an ini file says or will say, None as long as it is not there."""
        if ini in self.expected:
            return self.expected[ini]
        return worc_settings.read_ini(ini) if ini.exists() else None

    def extraction_part(self, ini: Path) -> dict[str, dict[str, str]] | None:
        """Return the decided settings of a modality, None as long as they are not there."""
        decided = self.decided(ini)
        return None if decided is None else worc_settings.extraction_settings(decided)

    def search_part(self, ini: Path) -> dict[str, dict[str, str]]:
        """Return the decided settings that the result of a split depends on."""
        return worc_settings.search_settings(self.decided(ini) or {})
