"""Who would enter the arms if the study let in patients who lack something."""

from __future__ import annotations

from collections.abc import Mapping

from lungmet_worc.display.language import later
from lungmet_worc.study.cohort import Cohort, build_cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest

AVAILABLE = later('patients = "available"')
IMPUTE = later('missing = "impute"')
BOTH = later("both settings")


def arm_counts(cohort: Cohort, outcomes: Mapping[str, int | None]) -> dict[str, dict[str, int]]:
    """Return how many patients each arm has, and how many of them are known to have the outcome.

    Parameters
    ----------
    cohort : Cohort
        Who enters which arm.
    outcomes : mapping of str to int or None
        Patient -> 1 or 0; None where nobody knows yet.
    """
    return {
        arm: {"n_patients": len(ids), "n_events": sum(outcomes[name] == 1 for name in ids)}
        for arm, ids in cohort.arms.items()
    }


def cohort_variants(study: StudyConfig, manifest: Manifest) -> dict[str, Cohort]:
    """Return the settings that let more patients into an arm, and who would enter under each.

    A setting is what to write in the study file: `AVAILABLE` in [cohort], `IMPUTE` in the arms, or
    `BOTH`.

    Parameters
    ----------
    study : StudyConfig
        As it is.
    manifest : Manifest
        The patients.
    """
    as_it_is = build_cohort(study, manifest)
    available = study.model_copy(
        update={"cohort": study.cohort.model_copy(update={"patients": "available"})}
    )
    studies = {AVAILABLE: available, IMPUTE: _imputing(study), BOTH: _imputing(available)}
    found = {setting: build_cohort(each, manifest) for setting, each in studies.items()}
    both = found.pop(BOTH)
    kept = {setting: each for setting, each in found.items() if each.arms != as_it_is.arms}
    if kept and all(both.arms != each.arms for each in kept.values()):
        kept[BOTH] = both
    return kept


def _imputing(study: StudyConfig) -> StudyConfig:
    arms = {name: arm.model_copy(update={"missing": "impute"}) for name, arm in study.arms.items()}
    return study.model_copy(update={"arms": arms})
