"""Everything that is wrong with a study, found in one go before anything runs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lungmet_worc.analyses.power.check import expected_precision
from lungmet_worc.analyses.registry import parts
from lungmet_worc.basics.errors import NO_CAUSES, Causes, ManifestError, Problem, problems_as_dicts
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.causes import SAME_FILE, SMALL_ARM, causes_of
from lungmet_worc.checks.checked_cohort import WIDTH, CheckedCohort, checked_cohort
from lungmet_worc.checks.clinical import clinical_problems
from lungmet_worc.checks.combat import combat_problems
from lungmet_worc.checks.duplicates import duplicate_problems
from lungmet_worc.checks.mended import mended
from lungmet_worc.checks.patient_view import patients_text
from lungmet_worc.checks.problem_list import problem_list
from lungmet_worc.checks.spacing import spacing_problems
from lungmet_worc.checks.splits import study_feasibility
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.imaging.files import file_digest
from lungmet_worc.imaging.inspection import InspectedScan, Scan
from lungmet_worc.imaging.inspection_cache import inspect_changed
from lungmet_worc.imaging.mask_rules import MaskRules
from lungmet_worc.study.cohort import Cohort, build_cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest, Patient, collect_manifest
from lungmet_worc.study.manifest_columns import missing_columns
from lungmet_worc.study.sources.images import ImagePair
from lungmet_worc.study.sources.kinds import column_names


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Parameters
    ----------
    problems : tuple of Problem
        Errors, then warnings, each in the order of the manifest.
    cohort : Cohort
        Who enters which arm; empty if the manifest cannot be read.
    counted : CheckedCohort
        Who is there and who enters while the errors stand, and after.
    digests : mapping of Path to str
        SHA-256 of every file that features are made from and that can be read.
    unusable : mapping of (str, str) to str
        (patient id, modality) -> what is wrong, for images or masks with an error: a study
        that goes on without such patients hands this to ``build_cohort``.
    image_columns : frozenset of str
        Columns of the manifest that hold images and masks.
    causes : mapping of Problem to tuple of Problem
        Problem that is gone when others are mended -> these others.
    """

    problems: tuple[Problem, ...]
    cohort: Cohort
    counted: CheckedCohort
    digests: Mapping[Path, str]
    unusable: Mapping[tuple[str, str], str] = field(default_factory=dict)
    image_columns: frozenset[str] = frozenset()
    causes: Causes = field(default_factory=lambda: NO_CAUSES)

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings do not stop a run."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """All errors."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def study_errors(self) -> tuple[Problem, ...]:
        """Errors that remain when the patients in ``unusable`` are left out."""
        return tuple(
            problem
            for problem in self.errors
            if not (problem.patient and problem.column in self.image_columns)
        )

    def to_json(self, say: Language = ENGLISH) -> str:
        """Return the report as JSON.

        ``problems`` has every problem by itself: what, remedy, severity, file, row, column,
        patient, kind, and ``follows_from``, the places (from 0) of the errors in this list that
        have to be mended for it to go away. ``cohort`` has who is there and who enters which
        arm, ``patients`` the same by patient, ``expected_precision`` what the cohort can show.
        """
        precision = expected_precision(self.counted.cohort)
        report = {
            "ok": self.ok,
            "problems": problems_as_dicts(self.problems, self.causes, say.of),
            "cohort": self.counted.as_dict(),
            "patients": [patient.as_dict() for patient in self.counted.patients],
            "expected_precision": None if precision is None else precision.as_dict(),
        }
        return json.dumps(report, indent=2, ensure_ascii=False) + "\n"

    def to_text(self, width: int = WIDTH, say: Language = ENGLISH) -> str:
        """Return the problems, the summary of the cohort, and what it can show."""
        blocks = []
        if self.problems:
            blocks.append(problem_list(self.problems, width, causes=self.causes, say=say))
        blocks.append(self._counted_problems(say, width))
        if self.cohort.patients:
            blocks.append(self.counted.to_text(say, width))
        precision = expected_precision(self.counted.cohort)
        if precision is not None:
            blocks.append(precision.to_text(width, say))
        return "\n".join(blocks)

    def patients_text(self, width: int = WIDTH, say: Language = ENGLISH) -> str:
        """Return a line for each patient: what is there, missing and wrong, and the arms."""
        patients = self.counted.patients
        if not patients:
            return self.to_text(width, say)
        named = say.naming(self.cohort.names)
        table = patients_text(patients, self.cohort.outcome_name, width, named)
        return f"{table}\n{self._counted_problems(say, width)}"

    def _counted_problems(self, say: Language, width: int) -> str:
        """Return how many problems there are, without those that follow from others."""
        if not self.problems:
            return f"{say('No problems found.')}\n"
        errors = sum(problem not in self.causes for problem in self.errors)
        warnings = sum(
            problem.severity == "warning" and problem not in self.causes
            for problem in self.problems
        )
        parts = [
            say.plural(errors, "{n} error", "{n} errors"),
            say.plural(warnings, "{n} warning", "{n} warnings"),
        ]
        if self.causes:
            parts.append(
                say.plural(
                    len(self.causes),
                    "{n} more problem follows from these",
                    "{n} more problems follow from these",
                )
            )
        return textwrap.fill(f"{', '.join(parts)}.", width) + "\n"


def check_study(
    study: StudyConfig,
    *,
    cores: int = 1,
    kept: Path | None = None,
) -> CheckReport:
    """Find everything that is wrong with a study's manifest, images and numbers.

    Parameters
    ----------
    study : StudyConfig
        The study; its own keys are checked when it is loaded.
    cores : int
        How many processes read images.
    kept : Path, optional
        The file in which inspections are kept (see ``inspection_cache``); without it every
        image is read.

    Returns
    -------
    CheckReport
        With all problems; nothing that is wrong with the study itself is raised.

    Raises
    ------
    CohortError
        A process that read images was killed, most likely for want of memory.
    """
    try:
        manifest = collect_manifest(study)
    except ManifestError as error:
        # Without a manifest there are no patients to look at.
        nobody = Cohort((), {}, {}, study.outcome)
        return CheckReport(error.problems, nobody, CheckedCohort(nobody), {})
    problems = [*manifest.problems]
    rules = {name: _rules(study, name, problems) for name in study.images}
    scans = _scans(study, manifest, rules)
    inspections = inspect_changed(scans, cores, kept)
    found = [
        InspectedScan(**vars(scan), inspection=inspected)
        for scan, inspected in zip(scans, inspections, strict=True)
    ]
    for scan in found:
        problems += [scan.patient.in_row(problem) for problem in scan.inspection.problems]
    problems += clinical_problems(study, manifest)
    for find in parts("check", "problems").values():
        problems += find(study, manifest)
    problems += [replace(each, kind=SAME_FILE) for each in duplicate_problems(found)]
    problems += spacing_problems(found)
    cohort = build_cohort(study, manifest)
    problems += _of_arms(study_feasibility(study, cohort))
    if not any(missing_columns(study, manifest.columns)):
        problems += combat_problems(study, cohort)
    ordered = tuple(sorted(dict.fromkeys(problems), key=_by_row))
    columns = _image_columns(study)
    unusable = {
        (problem.patient, modality): problem.what
        for problem in reversed(ordered)
        if problem.severity == "error" and problem.patient
        for modality in columns.get(problem.column, ())
    }
    return CheckReport(
        ordered,
        cohort,
        checked_cohort(study, manifest, ordered, unusable),
        _digests(found, _not_excluded(study, manifest)),
        unusable,
        frozenset(columns),
        causes_of(study, ordered, partial(_too_few_once_mended, study, manifest)),
    )


def _too_few_once_mended(
    study: StudyConfig, manifest: Manifest, errors: Iterable[Problem]
) -> list[Problem]:
    if not manifest.patients:  # without ids nobody knows who there will be
        return []
    return _of_arms(study_feasibility(study, build_cohort(study, mended(study, manifest, errors))))


def _image_columns(study: StudyConfig) -> dict[str, list[str]]:
    """Return each column of images, masks or other data -> the modalities that it belongs to."""
    columns: dict[str, list[str]] = {}
    for name, modality in study.modalities.items():
        for column in column_names(modality):
            columns.setdefault(column, []).append(name)
    return columns


def _by_row(problem: Problem) -> tuple[bool, bool, int]:
    """Sort errors first, then by row; what has no row comes last."""
    return (problem.severity != "error", problem.row is None, problem.row or 0)


def _rules(study: StudyConfig, modality: str, problems: list[Problem]) -> MaskRules:
    try:
        return MaskRules.from_settings(study.modality_settings(modality))
    except ValueError as error:
        what = Sentence("A WORC setting that must be a number is none ({error}).", error=str(error))
        remedy = Sentence("Look at geometryTolerance in PyRadiomics and N_blobs in Segmentix.")
        column = f"modalities.{modality}.worc"
        problems.append(Problem(what, remedy, file=study.file_name, column=column))
        return MaskRules()


def _scans(study: StudyConfig, manifest: Manifest, rules: Mapping[str, MaskRules]) -> list[Scan]:
    """Return what is to be read: complete pairs, files there, patient not excluded."""
    return [
        Scan(patient, modality, pair, study.images[modality], rules[modality])
        for patient in _not_excluded(study, manifest)
        for modality, pair in patient.images.items()
        if pair.state == "present"
    ]


def _not_excluded(study: StudyConfig, manifest: Manifest) -> list[Patient]:
    return [each for each in manifest.patients if each.patient_id not in study.cohort.exclude]


def _digests(scans: Iterable[InspectedScan], patients: Iterable[Patient]) -> dict[Path, str]:
    """Return the SHA-256 of all files that features are made from; images are read already."""
    digests: dict[Path, str] = {}
    for scan in scans:
        both = (scan.inspection.image_digest, scan.inspection.segmentation_digest)
        read = zip(scan.pair.files.values(), both, strict=True)
        digests |= {path: digest for path, digest in read if digest}
    for data in (each for patient in patients for each in patient.data.values()):
        if data.state == "present" and not isinstance(data, ImagePair):
            digests |= {p: file_digest(p) for p in data.files.values() if p not in digests}
    return digests


def _of_arms(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems, those of the numbers of an arm with that kind."""
    return [
        replace(problem, kind=SMALL_ARM) if problem.column.split(".")[0] == "arms" else problem
        for problem in problems
    ]
