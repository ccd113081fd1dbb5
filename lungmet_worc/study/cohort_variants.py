"""Who would enter the arms if the study let in patients who lack something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lungmet_worc.display.language import later
from lungmet_worc.study.cohort import Cohort, build_cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest

AVAILABLE = later('patients = "available"')
IMPUTE = later('missing = "impute"')
BOTH = later("both settings")


@dataclass(frozen=True)
class CohortVariant:
    """The cohort under another setting.

    Parameters
    ----------
    setting : str
        What to write in the study file: `AVAILABLE` in [cohort], `IMPUTE` in the arms, or `BOTH`.
    cohort : Cohort
        Who would enter which arm.
    """

    setting: str
    cohort: Cohort


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


def cohort_variants(study: StudyConfig, manifest: Manifest) -> list[CohortVariant]:
    """Return the settings that let more patients into an arm, and what each would give.

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
    variants = [
        CohortVariant(setting, build_cohort(each, manifest))
        for setting, each in (
            (AVAILABLE, available),
            (IMPUTE, _imputing(study)),
            (BOTH, _imputing(available)),
        )
    ]
    first, second, both = variants
    kept = [each for each in (first, second) if each.cohort.arms != as_it_is.arms]
    more = all(both.cohort.arms != each.cohort.arms for each in kept)
    return [*kept, both] if kept and more else kept


def _imputing(study: StudyConfig) -> StudyConfig:
    arms = {name: arm.model_copy(update={"missing": "impute"}) for name, arm in study.arms.items()}
    return study.model_copy(update={"arms": arms})
