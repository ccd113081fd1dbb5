"""What ComBat is told: WORC's settings of it, and the columns of the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Patient

#: What WORC's ComBat needs and does not install, in the last version that gives what it expects
#: (errata E44).
PACKAGE, PACKAGE_VERSION = "neuroCombat", "0.2.9.post2"

#: Settings of WORC's section ComBat that decide the numbers; batch and covariates are named by us.
SETTINGS = ("par", "eb", "per_feature", "excluded_features")


def combat_settings(study: StudyConfig) -> dict[str, str]:
    """Return WORC's settings of ComBat that decide the numbers."""
    section = study.worc_settings()["ComBat"]
    return {key: section[key] for key in SETTINGS}


def installed_version() -> str:
    """Return the installed version of neuroCombat, "" if it is not there."""
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        return ""


def values_of(patients: Sequence[Patient], column: str) -> dict[str, str]:
    """Return patient id -> the text of a column."""
    return {patient.patient_id: patient.clinical.get(column, "").strip() for patient in patients}
