"""Which tasks a study has. ``plan`` and ``run`` share these decisions; nothing is run here.

A task's stamp covers what its output depends on: contents of files, scientific settings and
package versions. How a study is run (cores, engine, what happens on an error) is in no stamp.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lungmet_worc.basics import versions
from lungmet_worc.imaging.unchanged import Input
from lungmet_worc.pipeline import arm_matrix, ingredients
from lungmet_worc.pipeline.stages.harmonisation import harmonisation_tasks
from lungmet_worc.study import clinical, worc_settings
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import ArmConfig, StudyConfig
from lungmet_worc.study.ids import worc_ids
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.splits import Split, study_splits
from lungmet_worc.study.tested_splits import ArmSplits, splits_of_arms
from lungmet_worc.tasks.run_folder.paths import RunPaths
from lungmet_worc.tasks.task import Task, TaskKey, content_hash

#: The search of split i is seeded with the study's seed plus (i + 1) times this, the same in
#: every arm: arms then try the same candidates, which makes their comparison sharper.
SEED_STEP = 7919

#: Kind of task that a source names -> the function that writes the features of a patient.
EXTRACTORS = {"extract": "lungmet_worc.worc.extraction:extract"}


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
        Content hash of each image and segmentation.
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

    def pairs(self) -> list[tuple[Patient, str]]:
        """Return each patient with each modality that an arm needs and the patient has."""
        needed = {
            (name, modality)
            for arm, members in self.cohort.arms.items()
            for modality in self.study.arms[arm].modalities
            for name in members
        }
        return [
            (patient, modality)
            for modality in self.study.modalities
            for patient in self.patients.values()
            if (patient.patient_id, modality) in needed and patient.data[modality].present
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

    def inputs(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return modality -> patient -> SHA-256 of each file that features are made from."""
        found: dict[str, dict[str, dict[str, str]]] = {}
        for patient, modality in self.pairs():
            found.setdefault(modality, {})[patient.patient_id] = {
                kind: self.digests[path] for kind, path in patient.data[modality].files.items()
            }
        return found

    def _inputs(self, patient: Patient, modality: str) -> list[Input]:
        """Return what a task must find in the files that it reads; the stamp has their digests."""
        return [
            (str(path), self.digests[path], f"{modality} {kind} of {patient.patient_id}")
            for kind, path in patient.data[modality].files.items()
        ]

    def fingerprints(self) -> list[Task]:
        """Return a task for each modality: WORC's decisions about its images."""
        tasks = []
        inputs = self.inputs()
        for modality, config in self.study.images.items():
            found = inputs.get(modality)
            if not found:
                continue
            members = [self.patients[patient_id] for patient_id in found]
            pairs = [member.images[modality] for member in members]
            settings = self.study.modality_settings(modality)
            preset = worc_settings.PRESETS[self.study.search.preset][1]
            overrides = worc_settings.merge(preset, self.study.worc, config.worc)
            chosen = worc_settings.extraction_settings(settings)
            contents = [[pair["image"], pair["segmentation"]] for pair in found.values()]
            ours = (versions.FINGERPRINT_REVISION, config.label)
            tasks.append(
                Task(
                    key=TaskKey("fingerprint", modality),
                    label=modality,
                    function="lungmet_worc.worc.fingerprint:fingerprint_images",
                    arguments={
                        "settings": settings,
                        "overrides": overrides,
                        "images": [str(pair.image) for pair in pairs],
                        "segmentations": [str(pair.segmentation) for pair in pairs],
                        "label": config.label,
                        "scratch": str(self.paths.scratch),
                        "inputs": [each for p in members for each in self._inputs(p, modality)],
                    },
                    output=self.paths.fingerprint(modality),
                    stamp=content_hash("fingerprint", *ours, settings, overrides, chosen, contents),
                    ingredients=ingredients.of_fingerprint(*ours, settings, overrides, found),
                )
            )
        return tasks

    def extractions(self) -> list[Task]:
        """Return a task for each patient and modality; the fingerprints must be there."""
        tasks = []
        inis = {name: self.paths.fingerprint(name) for name in self.study.modalities}
        decided = {name: self._extraction_part(ini) for name, ini in inis.items()}
        installed = versions.of(versions.EXTRACTION)
        for patient, modality in self.pairs():
            data, source = patient.data[modality], self.study.modalities[modality]
            science = source.science(data)
            digests = {kind: self.digests[path] for kind, path in data.files.items()}
            ours, decided_for = (versions.EXTRACTION_REVISION, installed), decided[modality]
            parts = (*ours, *digests.values(), *science.values(), decided_for)
            tasks.append(
                Task(
                    key=TaskKey("extraction", modality, patient.patient_id),
                    label=f"{patient.patient_id} {modality}",
                    function=EXTRACTORS[source.task],
                    arguments={
                        **{kind: str(path) for kind, path in data.files.items()},
                        **science,
                        "settings": str(inis[modality]),
                        "accelerate": self.study.run.accelerate,
                        "scratch": str(self.paths.scratch),
                        "inputs": self._inputs(patient, modality),
                    },
                    output=self.paths.features(modality, patient.patient_id),
                    stamp=content_hash("extraction", *parts),
                    ingredients=ingredients.of_extraction(*ours, digests, science, decided_for),
                )
            )
        return tasks

    def arm_settings(self) -> list[Task]:
        """Return a task for each arm: WORC's decision about the balance of its classes."""
        tasks = []
        for name, arm in self.study.arms.items():
            first = arm.modalities[0] if arm.modalities else "clinical"
            settings = self._search_settings(arm)
            overrides = arm_matrix.arm_overrides(self.study, arm)
            members = {p: self.outcomes[p] for p in self.cohort.arms[name]}
            outcomes = {self.names[p]: outcome for p, outcome in members.items()}
            mended = self.study.search.worc_compat is None
            tasks.append(
                Task(
                    key=TaskKey("settings", arm=name),
                    label=name,
                    function="lungmet_worc.worc.fingerprint:fingerprint_arm",
                    arguments={
                        "settings": settings,
                        "overrides": overrides,
                        "outcomes": outcomes,
                        "mended": mended,
                        "scratch": str(self.paths.scratch),
                    },
                    output=self.paths.settings(name, first),
                    stamp=content_hash(
                        "settings", settings, overrides, sorted(outcomes.items()), mended
                    ),
                    ingredients=ingredients.of_settings(
                        settings, overrides, members, self.study.search.worc_compat
                    ),
                )
            )
        return tasks

    def harmonisations(self, extractions: Mapping[tuple[str, str], Task]) -> list[Task]:
        """Return a task for each modality whose features ComBat harmonises."""
        return harmonisation_tasks(self.study, self.patients, extractions, self.paths)

    def arm_stamp(self, name: str, extractions: Mapping[tuple[str, str], Task]) -> str:
        """Return the hash of everything that an arm's feature matrix depends on."""
        return self.arm_parts(name, extractions)[0]

    def arm_parts(
        self, name: str, extractions: Mapping[tuple[str, str], Task]
    ) -> tuple[str, dict[str, Any]]:
        """Return the stamp of an arm's feature matrix, and its ingredients."""
        arm = self.study.arms[name]
        members = [self.patients[member] for member in self.cohort.arms[name]]
        files = [
            [member.patient_id, modality, extractions[member.patient_id, modality].stamp]
            for member in members
            for modality in arm.modalities
            if (member.patient_id, modality) in extractions
        ]
        encoded = clinical.encode(members, arm.clinical, self.study.clinical)
        ids = [member.patient_id for member in members]
        values = encoded.astype(str).to_numpy().tolist()
        harmonised = {
            task.label: task.stamp
            for task in self.harmonisations(extractions)
            if task.label in arm.modalities
        }
        stamp = content_hash(
            "matrix",
            files,
            ids,
            list(arm.modalities),
            arm.features,
            [list(encoded.columns), values],
            *([harmonised] if harmonised else []),
        )
        found = ingredients.of_matrix(
            ids, arm.modalities, arm.features, files, list(encoded.columns), values
        )
        return stamp, {**found, "harmonised": harmonised} if harmonised else found

    def evaluations(self, searches: list[Task]) -> list[Task]:
        """Return a task for each arm that has searches: WORC's own evaluation of its splits."""
        tasks = []
        for name in self.study.arms:
            splits = [task for task in searches if task.key.arm == name]
            if not splits:
                continue
            first = (self.study.arms[name].modalities or ("clinical",))[0]
            tasks.append(
                Task(
                    key=TaskKey("evaluation", arm=name),
                    label=name,
                    function="lungmet_worc.worc.evaluation:evaluate",
                    arguments={
                        "splits": [str(task.output) for task in splits],
                        "labels": str(self.paths.labels(name)),
                        "settings": str(self.paths.settings(name, first)),
                        "outcome_name": self.study.outcome,
                        "names": {p: self.names[p] for p in self.cohort.arms[name]},
                        "accelerate": self.study.run.accelerate,
                    },
                    output=self.paths.performance(name),
                    stamp=content_hash("evaluation", [task.stamp for task in splits], self.names),
                    ingredients=ingredients.of_evaluation(splits),
                )
            )
        return tasks

    def report_stamp(
        self,
        evaluations: Sequence[Task],
        unusable: Mapping[tuple[str, str], str],
        permutations: Sequence[Task] = (),
    ) -> str:
        """Return the hash of everything that tables, figures and report depend on.

        Parameters
        ----------
        evaluations : sequence of Task
            The evaluation of each arm; their stamps stand for the results of the splits.
        unusable : mapping of (patient id, modality) to str
            Who was left out, and why.
        permutations : sequence of Task
            Searches with permuted outcomes that are done.
        """
        settings = self.study.model_dump(
            mode="json", exclude={"path": True, "run": True, "cohort": {"manifest"}}
        )
        cohort = self.cohort.table()
        return content_hash(
            "report",
            versions.REPORT_REVISION,
            {**versions.everything(), **versions.of(versions.REPORT)},
            settings,
            [list(settings["modalities"]), list(settings["arms"])],
            [task.stamp for task in evaluations],
            [list(cohort.columns), cohort.astype(str).to_numpy().tolist()],
            [[*who, cause] for who, cause in sorted(unusable.items())],
            [task.stamp for task in permutations],
            self._described(),
        )

    def _described(self) -> list[list[str]]:
        """Return the columns of the manifest that the report describes, patient by patient."""
        statistics, report = self.study.statistics, self.study.report
        columns = dict.fromkeys((*statistics.subgroups, *report.acquisition))
        return [
            [column, *(patient.clinical.get(column, "") for patient in self.patients.values())]
            for column in columns
        ]

    def _search_settings(self, arm: ArmConfig) -> worc_settings.Settings:
        """Return the settings of an arm's search: those of its first modality, as in WORC."""
        if not arm.modalities:
            return self.study.worc_settings()
        decided = self._decided(self.paths.fingerprint(arm.modalities[0]))
        return decided or self.study.modality_settings(arm.modalities[0])

    def _decided(self, ini: Path) -> worc_settings.Settings | None:
        """Return what an ini file says or will say, None as long as it is not there."""
        if ini in self.expected:
            return self.expected[ini]
        return worc_settings.read_ini(ini) if ini.exists() else None

    def _extraction_part(self, ini: Path) -> dict[str, dict[str, str]] | None:
        """Return the decided settings of a modality, None as long as they are not there."""
        decided = self._decided(ini)
        return None if decided is None else worc_settings.extraction_settings(decided)

    def search_part(self, ini: Path) -> dict[str, dict[str, str]]:
        """Return the decided settings that the result of a split depends on."""
        return worc_settings.search_settings(self._decided(ini) or {})


def by_pair(extractions: Sequence[Task]) -> dict[tuple[str, str], Task]:
    """Return (patient id, modality) -> the task that yields the features."""
    return {(task.key.patient, task.key.modality): task for task in extractions}
