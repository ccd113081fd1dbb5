"""Who enters which arm, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from lungmet_worc.basics.errors import CohortError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import natural_order
from lungmet_worc.display.shown_names import ShownNames
from lungmet_worc.study.config import ArmConfig, StudyConfig
from lungmet_worc.study.given_names import shown_names
from lungmet_worc.study.manifest import Manifest, Patient
from lungmet_worc.study.reading.spreadsheet import is_missing
from lungmet_worc.study.reasons import (
    Cause,
    Excluded,
    NoFeatures,
    NoOutcome,
    NoValue,
    Reason,
)

_NONE: Mapping[tuple[str, str], str] = MappingProxyType({})


@dataclass(frozen=True)
class Cohort:
    """The patients of a study and the arms that they enter.

    Parameters
    ----------
    patients : tuple of Patient
        All patients of the manifest, in the natural order of their ids.
    arms : mapping of str to tuple of str
        Arm -> ids of the patients that enter, in the same order.
    reasons : mapping of str to mapping of str to Reason
        Arm -> id -> why the patient does not enter.
    outcome_name : str
        The column of the outcome.
    clinical : tuple of str
        The clinical columns that arms name.
    names : ShownNames
        What arms and modalities are called.
    unusable : frozenset of (str, str)
        Patient id and modality of the images that cannot be used.
    """

    patients: tuple[Patient, ...]
    arms: Mapping[str, tuple[str, ...]]
    reasons: Mapping[str, Mapping[str, Reason]]
    outcome_name: str = "the outcome"
    clinical: tuple[str, ...] = ()
    names: ShownNames = field(default_factory=ShownNames)
    unusable: frozenset[tuple[str, str]] = frozenset()

    def outcomes_of(self, patient_ids: Sequence[str]) -> list[int]:
        """Return 1 or 0 for each of the patients.

        Raises
        ------
        CohortError
            A patient is not known, or has no known outcome.
        """
        known = {patient.patient_id: patient.outcome for patient in reversed(self.patients)}
        outcomes = [known.get(patient_id) for patient_id in patient_ids]
        for patient_id, outcome in zip(patient_ids, outcomes, strict=True):
            if outcome is None:
                raise _no_outcome(patient_id)
        return [outcome for outcome in outcomes if outcome is not None]

    @property
    def everyone(self) -> tuple[str, ...]:
        """Ids of the patients that enter at least one arm, in their order."""
        entering = {patient_id for ids in self.arms.values() for patient_id in ids}
        ids = (patient.patient_id for patient in self.patients)
        return tuple(dict.fromkeys(patient_id for patient_id in ids if patient_id in entering))

    def table(self) -> pd.DataFrame:
        """Return one row for each patient.

        Returns
        -------
        DataFrame
            patient_id; outcome (1, 0 or ""); "<modality> scan" and "<column> value" of clinical
            columns (present, missing); "arm <arm>" ("yes", or why not, a `Sentence`).
        """
        rows = []
        for patient in self.patients:
            row: dict[str, object] = {
                "patient_id": patient.patient_id,
                "outcome": "" if patient.outcome is None else patient.outcome,
            }
            for modality, data in patient.data.items():
                row[f"{modality} scan"] = "present" if data.present else "missing"
            for column in self.clinical:
                row[f"{column} value"] = "present" if has_value(patient, column) else "missing"
            for arm in self.arms:
                reason = self.reasons[arm].get(patient.patient_id)
                row[f"arm {arm}"] = reason.sentence if reason else "yes"
            rows.append(row)
        return pd.DataFrame(rows)

    def as_dict(self) -> dict[str, object]:
        """Return the cohort in numbers and ids, ready for JSON."""
        outcomes = [patient.outcome for patient in self._different()]
        return {
            "outcome": self.outcome_name,
            "n_patients": len(outcomes),
            "n_events": outcomes.count(1),
            "n_non_events": outcomes.count(0),
            "n_outcome_missing": outcomes.count(None),
            "modalities": {
                modality: {"present": present, "missing": missing}
                for modality, (present, missing) in self.scan_counts().items()
            },
            "clinical": {
                column: {"present": present, "missing": missing}
                for column, (present, missing) in self.value_counts().items()
            },
            "arms": {
                arm: {
                    "n_patients": len(ids),
                    "n_events": sum(self.outcomes_of(ids)),
                    "patients": list(ids),
                    "not_entering": {
                        name: reason.sentence for name, reason in self.reasons[arm].items()
                    },
                }
                for arm, ids in self.arms.items()
            },
        }

    def scan_counts(self) -> dict[str, tuple[int, int]]:
        """Return how many patients have, and have not, image and mask of each modality."""
        counts: dict[str, tuple[int, int]] = {}
        for patient in self._different():
            for modality, data in patient.data.items():
                present, missing = counts.get(modality, (0, 0))
                counts[modality] = (present + data.present, missing + (not data.present))
        return counts

    def value_counts(self) -> dict[str, tuple[int, int]]:
        """Return how many patients have, and have not, a value in each clinical column."""
        counts = {}
        patients = self._different()
        for column in self.clinical:
            present = sum(has_value(patient, column) for patient in patients)
            counts[column] = (present, len(patients) - present)
        return counts

    def _different(self) -> list[Patient]:
        """Return the patients, those with several rows by the first of these."""
        return list({each.patient_id: each for each in reversed(self.patients)}.values())


#: Of a comparison of runs, each of which has a cohort of its own.
NOBODY = Cohort((), {}, {})


def build_cohort(
    study: StudyConfig, manifest: Manifest, unusable: Mapping[tuple[str, str], str] = _NONE
) -> Cohort:
    """Decide who enters which arm.

    Patients come in the natural order of their ids (P2 before P10), whatever the order of the
    manifest's rows, so that nothing that follows depends on it.

    A patient enters an arm with a known outcome and all its modalities and clinical values
    or, where the arm says ``missing = "impute"``, with at least one of them. With
    ``patients = "common"`` only those enter who enter every arm.

    Parameters
    ----------
    study : StudyConfig
        The arms, and the patients to exclude.
    manifest : Manifest
        The patients.
    unusable : mapping of (str, str) to str
        (patient id, modality) -> why the images cannot be used, for patients whose feature
        extraction failed.
    """
    ordered = tuple(sorted(manifest.patients, key=lambda one: natural_order(one.patient_id)))
    # Of two rows with one id, an error, the first counts.
    patients = {patient.patient_id: patient for patient in reversed(ordered)}
    order = list(dict.fromkeys(patient.patient_id for patient in ordered))
    names = shown_names(study)
    reasons: dict[str, dict[str, Reason]] = {}
    for name, arm in study.arms.items():
        found = {
            patient_id: _why_not(study, arm, patients[patient_id], unusable) for patient_id in order
        }
        reasons[name] = {
            patient_id: Reason(causes) for patient_id, causes in found.items() if causes
        }
    if study.cohort.patients == "common":
        _keep_common(reasons, order, names)
    arms = {
        name: tuple(patient_id for patient_id in order if patient_id not in reasons[name])
        for name in study.arms
    }
    columns = dict.fromkeys(column for arm in study.arms.values() for column in arm.clinical)
    return Cohort(ordered, arms, reasons, study.outcome, tuple(columns), names, frozenset(unusable))


def _why_not(
    study: StudyConfig,
    arm: ArmConfig,
    patient: Patient,
    unusable: Mapping[tuple[str, str], str],
) -> tuple[Cause, ...]:
    """Return what keeps a patient from entering an arm, nothing if it does enter."""
    if patient.patient_id in study.cohort.exclude:
        return (Excluded(),)
    if patient.outcome is None:
        return (NoOutcome(),)
    lacking: list[Cause] = []
    for modality in arm.modalities:
        data, source = patient.data.get(modality), study.modalities[modality]
        title = source.title or modality
        if data is None or not data.present:
            lacking.append(source.lacking(title))
        elif (patient.patient_id, modality) in unusable:
            lacking.append(NoFeatures(title, unusable[patient.patient_id, modality]))
    lacking += [NoValue(column) for column in arm.clinical if not has_value(patient, column)]
    asked = len(arm.modalities) + len(arm.clinical)
    if arm.missing == "impute" and len(lacking) < asked:
        return ()
    return tuple(lacking)


def _keep_common(
    reasons: dict[str, dict[str, Reason]], order: Sequence[str], names: ShownNames
) -> None:
    """Take out of every arm who does not enter all of them, and say why."""
    for patient_id in order:
        own = {name: found[patient_id] for name, found in reasons.items() if patient_id in found}
        if not own:
            continue
        arm, reason = next(iter(own.items()))
        for name, found in reasons.items():
            if name not in own:
                found[patient_id] = Reason(reason.causes, names.arm(arm))
    for name, found in reasons.items():
        reasons[name] = {
            patient_id: found[patient_id] for patient_id in order if patient_id in found
        }


def has_value(patient: Patient, column: str) -> bool:
    """Return whether a patient's value in a clinical column is known."""
    return not is_missing(patient.clinical.get(column, ""))


def _no_outcome(patient_id: str) -> CohortError:
    return CohortError(Sentence('No outcome is known for patient "{patient}".', patient=patient_id))
