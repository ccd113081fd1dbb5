"""Who enters a run that is begun now, or why it cannot be begun: asked by plan, run and export."""

from __future__ import annotations

from collections.abc import Mapping

from lungmet_worc.basics.errors import CohortError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.splits import study_feasibility
from lungmet_worc.checks.study import CheckReport
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study.cohort import Cohort, build_cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest, read_manifest
from lungmet_worc.study.splits import with_counted_splits
from lungmet_worc.tasks.run_folder.paths import RunPaths


def runnable_plan(study: StudyConfig, report: CheckReport, paths: RunPaths) -> Plan:
    """Return the plan of a run, without patients that the study goes on without.

    Raises
    ------
    CohortError
        Something has to be mended first; all of it is listed.
    """
    refuse_errors(study, report)
    cohort = cohort_without(study, read_manifest(study), to_leave_out(study, report))
    return Plan(with_counted_splits(study, cohort), cohort, report.digests, paths)


def to_leave_out(study: StudyConfig, report: CheckReport) -> dict[tuple[str, str], str]:
    """Return (patient id, modality) -> why the study goes on without the patient."""
    return dict(report.unusable) if goes_on(study) else {}


def goes_on(study: StudyConfig) -> bool:
    """Return whether a study goes on without patients whose images cannot be used."""
    return study.run.on_error == "exclude-patient"


def refuse_errors(study: StudyConfig, report: CheckReport) -> None:
    """Raise if there are errors that the study cannot go on with.

    Raises
    ------
    CohortError
        With all of them.
    """
    fatal = report.study_errors if goes_on(study) else report.errors
    if fatal:
        message = Sentence.plural(
            len(fatal),
            "The study cannot be run: {n} problem.",
            "The study cannot be run: {n} problems.",
        )
        raise CohortError(message, fatal, report.causes)


def cohort_without(
    study: StudyConfig, manifest: Manifest, unusable: Mapping[tuple[str, str], str]
) -> Cohort:
    """Return who enters when some scans cannot be used.

    Parameters
    ----------
    study : StudyConfig
    manifest : Manifest
        Checked.
    unusable : mapping of (str, str) to str
        (patient id, modality) -> why.

    Raises
    ------
    CohortError
        Too few patients are left.
    """
    cohort = build_cohort(study, manifest, unusable)
    if unusable:  # whom the check counted in
        problems = study_feasibility(study, cohort)
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors:
            message = Sentence("Too few patients are left to go on without those that failed:")
            raise CohortError(message, errors)
    return cohort
