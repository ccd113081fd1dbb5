"""Who enters which arm, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from lungmet_worc.config import ArmConfig, StudyConfig
from lungmet_worc.errors import CohortError
from lungmet_worc.manifest import Manifest, Patient
from lungmet_worc.shown_names import ShownNames, shown_names
from lungmet_worc.spreadsheet import is_missing

_NONE: Mapping[tuple[str, str], str] = MappingProxyType({})


@dataclass(frozen=True)
class Cohort:
    """The patients of a study and the arms that they enter.

    Parameters
    ----------
    patients : tuple of Patient
        All patients of the manifest.
    arms : mapping of str to tuple of str
        Arm -> ids of the patients that enter, in the order of the manifest.
    reasons : mapping of str to mapping
        Arm -> id -> why the patient does not enter.
    outcome_name : str
        The column of the outcome.
    clinical : tuple of str
        The clinical columns that arms name.
    names : ShownNames
        What arms and modalities are called.
    """

    patients: tuple[Patient, ...]
    arms: Mapping[str, tuple[str, ...]]
    reasons: Mapping[str, Mapping[str, str]]
    outcome_name: str = "the outcome"
    clinical: tuple[str, ...] = ()
    names: ShownNames = field(default_factory=ShownNames)

    def outcome_of(self, patient_id: str) -> int:
        """Return 1 or 0 for a patient.

        Raises
        ------
        CohortError
            There is no such patient, or the outcome is not known.
        """
        for patient in self.patients:
            if patient.patient_id == patient_id and patient.outcome is not None:
                return patient.outcome
        message = f'No outcome is known for patient "{patient_id}".'
        raise CohortError(message)

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
                message = f'No outcome is known for patient "{patient_id}".'
                raise CohortError(message)
        return [outcome for outcome in outcomes if outcome is not None]

    @property
    def everyone(self) -> tuple[str, ...]:
        """Ids of the patients that enter at least one arm, in the order of the manifest."""
        entering = {patient_id for ids in self.arms.values() for patient_id in ids}
        ids = (patient.patient_id for patient in self.patients)
        return tuple(dict.fromkeys(patient_id for patient_id in ids if patient_id in entering))

    def table(self) -> pd.DataFrame:
        """Return one row for each patient.

        Returns
        -------
        DataFrame
            patient_id; outcome (1, 0 or ""); "<modality> scan" and "<column> value" of clinical
            columns (present, missing); "arm <arm>" ("yes", or why not).
        """
        rows = []
        for patient in self.patients:
            row: dict[str, object] = {
                "patient_id": patient.patient_id,
                "outcome": "" if patient.outcome is None else patient.outcome,
            }
            for modality, pair in patient.pairs.items():
                row[f"{modality} scan"] = "present" if pair.present else "missing"
            for column in self.clinical:
                row[f"{column} value"] = "present" if _has(patient, column) else "missing"
            for arm in self.arms:
                row[f"arm {arm}"] = self.reasons[arm].get(patient.patient_id, "yes")
            rows.append(row)
        return pd.DataFrame(rows)

    def as_dict(self) -> dict[str, object]:
        """Return the cohort in numbers and ids, ready for JSON."""
        outcomes = [patient.outcome for patient in self.patients]
        return {
            "outcome": self.outcome_name,
            "n_patients": len(self.patients),
            "n_events": outcomes.count(1),
            "n_non_events": outcomes.count(0),
            "n_outcome_missing": outcomes.count(None),
            "modalities": {
                modality: {"present": present, "missing": missing}
                for modality, (present, missing) in self._scans().items()
            },
            "clinical": {
                column: {"present": present, "missing": missing}
                for column, (present, missing) in self._values().items()
            },
            "arms": {
                arm: {
                    "n_patients": len(ids),
                    "n_events": sum(self.outcomes_of(ids)),
                    "patients": list(ids),
                    "not_entering": dict(self.reasons[arm]),
                }
                for arm, ids in self.arms.items()
            },
        }

    def summary(self) -> str:
        """Return the cohort in words and small tables."""
        outcomes = [patient.outcome for patient in self.patients]
        parts = [f"{outcomes.count(1)} with {self.outcome_name}", f"{outcomes.count(0)} without"]
        if None in outcomes:
            parts.append(f"{outcomes.count(None)} not known")
        blocks = [f"{_patients(len(self.patients))} in the manifest: {', '.join(parts)}."]
        if scans := self._scans():
            rows = [
                [self.names.modality(name), str(present), str(missing)]
                for name, (present, missing) in scans.items()
            ]
            blocks.append(_columns([["Scan", "present", "missing"], *rows]))
        if values := self._values():
            rows = [
                [name, str(present), str(missing)] for name, (present, missing) in values.items()
            ]
            blocks.append(_columns([["Clinical value", "present", "missing"], *rows]))
        rows = []
        for arm, ids in self.arms.items():
            events = sum(self.outcomes_of(ids))
            rows.append([self._arm(arm), str(len(ids)), str(events), str(len(ids) - events)])
        blocks.append(
            _columns([["Arm", "patients", f"with {self.outcome_name}", "without"], *rows])
        )
        blocks += self._who_does_not_enter()
        return "\n\n".join(blocks) + "\n"

    def _scans(self) -> dict[str, tuple[int, int]]:
        counts: dict[str, tuple[int, int]] = {}
        for patient in self.patients:
            for modality, pair in patient.pairs.items():
                present, missing = counts.get(modality, (0, 0))
                counts[modality] = (present + pair.present, missing + (not pair.present))
        return counts

    def _values(self) -> dict[str, tuple[int, int]]:
        counts = {}
        for column in self.clinical:
            present = sum(_has(patient, column) for patient in self.patients)
            counts[column] = (present, len(self.patients) - present)
        return counts

    def _arm(self, key: str) -> str:
        return self.names.arms.get(key, key)

    def _who_does_not_enter(self) -> list[str]:
        """Return one block of lines for each arm that not all patients enter."""
        blocks = []
        for arm, reasons in self.reasons.items():
            by_reason: dict[str, list[str]] = {}
            for patient_id, reason in reasons.items():
                by_reason.setdefault(reason, []).append(patient_id)
            if not by_reason:
                continue
            lines = [f"Not in arm {self._arm(arm)}:"]
            for reason, ids in by_reason.items():
                lines.append(f"  {_patients(len(ids))}: {reason} ({', '.join(ids)})")
            blocks.append("\n".join(lines))
        return blocks


def build_cohort(
    study: StudyConfig, manifest: Manifest, unusable: Mapping[tuple[str, str], str] = _NONE
) -> Cohort:
    """Decide who enters which arm.

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
    patients = {patient.patient_id: patient for patient in reversed(manifest.patients)}
    order = list(dict.fromkeys(patient.patient_id for patient in manifest.patients))
    reasons: dict[str, dict[str, str]] = {}
    for name, arm in study.arms.items():
        found = {
            patient_id: _why_not(study, arm, patients[patient_id], unusable) for patient_id in order
        }
        reasons[name] = {patient_id: reason for patient_id, reason in found.items() if reason}
    if study.cohort.patients == "common":
        _keep_common(reasons, order)
    arms = {
        name: tuple(patient_id for patient_id in order if patient_id not in reasons[name])
        for name in study.arms
    }
    columns = dict.fromkeys(column for arm in study.arms.values() for column in arm.clinical)
    names = shown_names(study)
    return Cohort(manifest.patients, arms, reasons, study.outcome, tuple(columns), names)


def _why_not(
    study: StudyConfig,
    arm: ArmConfig,
    patient: Patient,
    unusable: Mapping[tuple[str, str], str],
) -> str:
    """Return why a patient does not enter an arm, "" if it does."""
    if patient.patient_id in study.cohort.exclude:
        return "excluded in the study file"
    if patient.outcome is None:
        return "outcome missing"
    lacking = []
    for modality in arm.modalities:
        pair = patient.pairs.get(modality)
        if pair is None or not pair.present:
            lacking.append(f"no {modality} image")
        elif (patient.patient_id, modality) in unusable:
            cause = unusable[patient.patient_id, modality]
            lacking.append(f"{modality} extraction failed: {cause}")
    lacking += [f"{column} missing" for column in arm.clinical if not _has(patient, column)]
    asked = len(arm.modalities) + len(arm.clinical)
    if arm.missing == "impute" and len(lacking) < asked:
        return ""
    return ", ".join(lacking)


def _keep_common(reasons: dict[str, dict[str, str]], order: Sequence[str]) -> None:
    """Take out of every arm who does not enter all of them, and say why."""
    for patient_id in order:
        own = {name: found[patient_id] for name, found in reasons.items() if patient_id in found}
        if not own:
            continue
        arm, cause = next(iter(own.items()))
        for name, found in reasons.items():
            if name not in own:
                found[patient_id] = f"not complete for all arms (arm {arm}: {cause})"
    for name, found in reasons.items():
        reasons[name] = {
            patient_id: found[patient_id] for patient_id in order if patient_id in found
        }


def _has(patient: Patient, column: str) -> bool:
    """Return whether a patient's value in a clinical column is known."""
    return not is_missing(patient.clinical.get(column, ""))


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned text: the first column to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
