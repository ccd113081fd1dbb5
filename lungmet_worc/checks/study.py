"""Everything that is wrong with a study, found in one go before anything runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lungmet_worc.checks.centres import centre_problems
from lungmet_worc.checks.clinical import clinical_problems
from lungmet_worc.checks.combat import combat_problems
from lungmet_worc.checks.duplicates import InspectedScan, duplicate_problems
from lungmet_worc.checks.feasibility import feasibility_problems, split_problems
from lungmet_worc.checks.inspection_cache import inspect_changed
from lungmet_worc.checks.manifest import missing_columns
from lungmet_worc.checks.power import expected_precision
from lungmet_worc.checks.problem_table import problem_table
from lungmet_worc.checks.spacing import spacing_problems
from lungmet_worc.checks.subgroups import subgroup_problems
from lungmet_worc.cohort import Cohort, build_cohort
from lungmet_worc.config import StudyConfig
from lungmet_worc.errors import ManifestError, Problem
from lungmet_worc.imaging.inspection import MaskRules, PairInspection
from lungmet_worc.imaging.scans import Progress, Scan
from lungmet_worc.manifest import Manifest, Patient, collect_manifest, is_there
from lungmet_worc.splits import restrict, study_splits


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Parameters
    ----------
    problems : tuple of Problem
        Errors, then warnings, each in the order of the manifest.
    cohort : Cohort
        Who enters which arm; empty if the manifest cannot be read.
    digests : mapping of Path to str
        SHA-256 of every image and mask file that was read.
    unusable : mapping of (str, str) to str
        (patient id, modality) -> what is wrong, for images or masks with an error: a study
        that goes on without such patients hands this to ``build_cohort``.
    image_columns : frozenset of str
        Columns of the manifest that hold images and masks.
    """

    problems: tuple[Problem, ...]
    cohort: Cohort
    digests: Mapping[Path, str]
    unusable: Mapping[tuple[str, str], str] = field(default_factory=dict)
    image_columns: frozenset[str] = frozenset()

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

    def to_json(self) -> str:
        """Return the report as JSON: ok, problems, cohort, and what the cohort can show."""
        precision = expected_precision(self.cohort)
        report = {
            "ok": self.ok,
            "problems": [asdict(problem) for problem in self.problems],
            "cohort": self.cohort.as_dict(),
            "expected_precision": None if precision is None else precision.as_dict(),
        }
        return json.dumps(report, indent=2, ensure_ascii=False) + "\n"

    def to_text(self, width: int = 118) -> str:
        """Return the table of problems, the summary of the cohort, and what it can show."""
        blocks = []
        if self.problems:
            blocks.append(problem_table(self.problems, width))
        errors = len(self.errors)
        warnings = len(self.problems) - errors
        counted = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}.\n"
        blocks.append(counted if self.problems else "No problems found.\n")
        if self.cohort.patients:
            blocks.append(self.cohort.summary())
        precision = expected_precision(self.cohort)
        if precision is not None:
            blocks.append(precision.to_text(width))
        return "\n".join(blocks)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def check_study(
    study: StudyConfig,
    *,
    cores: int = 1,
    progress: Progress | None = None,
    kept: Path | None = None,
) -> CheckReport:
    """Find everything that is wrong with a study's manifest, images and numbers.

    Parameters
    ----------
    study : StudyConfig
        The study; its own keys are checked when it is loaded.
    cores : int
        How many processes read images.
    progress : callable, optional
        Called with the stage, how many scans are read, and how many are to be.
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
        return CheckReport(error.problems, Cohort((), {}, {}, study.outcome), {})
    problems = [*manifest.problems]
    rules = {name: _rules(study, name, problems) for name in study.modalities}
    scans = _scans(study, manifest, rules)
    inspections = inspect_changed(scans, cores, progress, kept)
    found = list(zip(scans, inspections, strict=True))
    for scan, inspection in found:
        problems += [_of_patient(problem, scan.patient) for problem in inspection.problems]
    problems += clinical_problems(study, manifest)
    problems += subgroup_problems(study, manifest)
    inspected = [_inspected(*pair) for pair in found]
    problems += duplicate_problems(inspected)
    problems += spacing_problems(inspected)
    cohort = build_cohort(study, manifest)
    problems += _too_few(study, cohort)
    if not any(missing_columns(study, manifest.columns)):
        problems += combat_problems(study, cohort)
    ordered = sorted(dict.fromkeys(problems), key=_by_row)
    columns = _image_columns(study)
    unusable = {
        (problem.patient, modality): problem.what
        for problem in reversed(ordered)
        if problem.severity == "error" and problem.patient
        for modality in columns.get(problem.column, ())
    }
    return CheckReport(tuple(ordered), cohort, _digests(found), unusable, frozenset(columns))


def _of_patient(problem: Problem, patient: Patient) -> Problem:
    return replace(problem, row=patient.row, patient=patient.patient_id)


def _image_columns(study: StudyConfig) -> dict[str, list[str]]:
    """Return each column of images or masks -> the modalities that it belongs to."""
    columns: dict[str, list[str]] = {}
    for name, modality in study.modalities.items():
        for column in {modality.image, modality.segmentation}:
            columns.setdefault(column, []).append(name)
    return columns


def _by_row(problem: Problem) -> tuple[bool, bool, int]:
    """Sort errors first, then by row; what has no row comes last."""
    return (problem.severity != "error", problem.row is None, problem.row or 0)


def _rules(study: StudyConfig, modality: str, problems: list[Problem]) -> MaskRules:
    try:
        return MaskRules.from_settings(study.modality_settings(modality))
    except ValueError as error:
        what = f"A WORC setting that must be a number is none ({error})."
        remedy = "Look at geometryTolerance in PyRadiomics and N_blobs in Segmentix."
        column = f"modalities.{modality}.worc"
        problems.append(Problem(what, remedy, file=_study_file(study), column=column))
        return MaskRules()


def _study_file(study: StudyConfig) -> str:
    return study.path.name if study.path is not None else "study"


def _scans(study: StudyConfig, manifest: Manifest, rules: Mapping[str, MaskRules]) -> list[Scan]:
    """Return what is to be read: complete pairs, files there, patient not excluded."""
    scans = []
    for patient in manifest.patients:
        if patient.patient_id in study.cohort.exclude:
            continue
        for modality, pair in patient.pairs.items():
            if pair.present and is_there(pair.image) and is_there(pair.segmentation):
                config = study.modalities[modality]
                scans.append(Scan(patient, modality, pair, config, rules[modality]))
    return scans


def _digests(found: Iterable[tuple[Scan, PairInspection]]) -> dict[Path, str]:
    digests: dict[Path, str] = {}
    for scan, inspection in found:
        for path, digest in (
            (scan.pair.image, inspection.image_digest),
            (scan.pair.segmentation, inspection.segmentation_digest),
        ):
            if path is not None and digest:
                digests[path] = digest
    return digests


def _inspected(scan: Scan, inspection: PairInspection) -> InspectedScan:
    return InspectedScan(
        scan.patient.patient_id,
        scan.patient.row,
        scan.modality,
        (scan.config.image, scan.config.segmentation),
        (scan.pair.image_entry, scan.pair.segmentation_entry),
        inspection,
    )


def _too_few(study: StudyConfig, cohort: Cohort) -> list[Problem]:
    """Report arms with too few patients for the splits that the study asks for."""
    search = study.search
    problems: list[Problem] = []
    inner_text = study.worc_settings()["HyperOptimization"]["test_size"]
    try:
        inner_test_size = float(inner_text)
    except ValueError:
        what, remedy = f'"{inner_text}" is no number.', "Write a share, as 0.2."
        column = "worc.HyperOptimization.test_size"
        return [Problem(what, remedy, file=_study_file(study), column=column)]
    if search.split_type == "leave-one-centre-out":
        return centre_problems(study, cohort, inner_test_size)
    for arm, ids in cohort.arms.items():
        problems += feasibility_problems(
            arm,
            len(ids),
            sum(cohort.outcomes_of(ids)),
            test_size=search.test_size,
            inner_splits=search.inner_splits,
            inner_test_size=inner_test_size,
            outcome=study.outcome,
        )
    everyone = cohort.everyone
    smaller = [arm for arm, ids in cohort.arms.items() if set(ids) != set(everyone)]
    if smaller and not any(problem.severity == "error" for problem in problems):
        outcomes = dict(zip(everyone, cohort.outcomes_of(everyone), strict=True))
        splits = study_splits(study, cohort)
        for arm in smaller:
            problems += split_problems(
                arm,
                [restrict(split, cohort.arms[arm]) for split in splits],
                outcomes,
                inner_test_size=inner_test_size,
                outcome=study.outcome,
            )
    return [replace(problem, file=_study_file(study)) for problem in problems]
