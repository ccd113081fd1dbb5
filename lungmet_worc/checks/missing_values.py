"""Who has no value in a clinical column, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.words import listed
from lungmet_worc.checks.causes import MISSING_VALUES
from lungmet_worc.study.config import ArmConfig, StudyConfig
from lungmet_worc.study.manifest import Patient

_MOST_LISTED = 6


def missing_values(
    study: StudyConfig, file: str, column: str, lacking: Sequence[Patient], n_patients: int
) -> Problem:
    """Say who has no value in a clinical column, and what becomes of them.

    Parameters
    ----------
    study : StudyConfig
        Its arms.
    file : str
        The manifest, as the user knows it.
    column : str
        The column.
    lacking : sequence of Patient
        Those without a value, at least one, but not all.
    n_patients : int
        Patients with a known outcome.
    """
    arms = {name: arm for name, arm in study.arms.items() if column in arm.clinical}
    imputed = {name for name, arm in arms.items() if arm.missing == "impute" and _knows_more(arm)}
    left_out = {name: arm for name, arm in arms.items() if name not in imputed}
    common = study.cohort.patients == "common" and len(study.arms) > len(left_out)
    what = Sentence(
        "{n} of {total} missing ({names}); {fate}.",
        n=len(lacking),
        total=n_patients,
        names=_named(lacking, column),
        fate=_fate(list(left_out), [name for name in arms if name in imputed], common=common),
    )
    can_impute = any(_knows_more(arm) for arm in left_out.values())
    remedy = _remedy(can_impute=can_impute, common=common and bool(left_out))
    return Problem(what, remedy, "warning", file=file, column=column, kind=MISSING_VALUES)


def _fate(left_out: Sequence[str], imputed: Sequence[str], *, common: bool) -> Sentence:
    """Return what becomes of patients without a value."""
    kept = Sentence("in {arms} a value is imputed from each training part", arms=arms_text(imputed))
    if not left_out:
        return kept
    out = Sentence("they do not enter {arms}", arms=arms_text(left_out))
    if common:
        out = Sentence(
            'they do not enter {arms} nor, with patients = "common", any other',
            arms=arms_text(left_out),
        )
    return joined([out, kept], "; ") if imputed else out


def _remedy(*, can_impute: bool, common: bool) -> Sentence:
    """Return what keeps such patients in; how many each way lets in stands under the table."""
    if can_impute and common:
        return Sentence(
            'Fill in what is known. To keep these patients, say patients = "available" in '
            '[cohort], or missing = "impute" in the arm: see "Left out" for what each gives.'
        )
    if common:
        return Sentence(
            "Fill in what is known. To keep these patients in other arms, say patients = "
            '"available" in [cohort]: see "Left out" for what that gives.'
        )
    if can_impute:
        return Sentence(
            'Fill in what is known. To keep these patients, say missing = "impute" in the arm: '
            'see "Left out" for what that gives.'
        )
    return Sentence("Fill in what is known.")


def arms_text(names: Iterable[str]) -> Sentence:
    """Return "arm a", or "arms a, b"."""
    found = list(names)
    return Sentence.plural(len(found), "arm {names}", "arms {names}", names=", ".join(found))


def _named(patients: Sequence[Patient], column: str) -> str:
    """Return 'P7 (row 8), P10 (row 11: "onbekend")', the first of many."""
    return listed([_cell(patient, column) for patient in patients], _MOST_LISTED)


def _cell(patient: Patient, column: str) -> Sentence:
    text = patient.clinical.get(column, "").strip()
    name, row = patient.patient_id, patient.row
    if text:
        return Sentence('{patient} (row {row}: "{text}")', patient=name, row=row, text=text)
    return Sentence("{patient} (row {row})", patient=name, row=row)


def _knows_more(arm: ArmConfig) -> bool:
    """Return whether an arm has more than one clinical column or modality."""
    return len(arm.modalities) + len(arm.clinical) > 1
