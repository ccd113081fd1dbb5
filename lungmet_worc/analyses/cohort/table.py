"""The tables of the cohort in the report: who enters each arm, and why others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.privacy import without_paths
from lungmet_worc.study.cohort import Cohort, has_value
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.reasons import Reason

#: Nobody reads a longer list in a report.
SHOWN_ROWS = 200
SHOWN_REASONS = 10


def cohort_flow(cohort: Cohort, *, say: Language = ENGLISH) -> pd.DataFrame:
    """Count who enters each arm, and why others do not; all cells text, a row for each arm."""
    rows = []
    for arm, ids in cohort.arms.items():
        reasons = Counter(cohort.reasons[arm].values())
        named = reasons.most_common(SHOWN_REASONS)
        lines = [f"{count}: {_said(reason, say)}" for reason, count in named]
        if len(named) < len(reasons):
            rest = reasons.total() - sum(count for _, count in named)
            lines.append(f"{rest}: {say('other reasons')}")
        rows.append(
            {
                say("Arm"): say.arm(arm),
                say("Patients"): str(len(ids)),
                say("Events"): str(sum(cohort.outcomes_of(ids))),
                say("Left out"): str(reasons.total()),
                say("Why left out"): "; ".join(lines) or say("nobody left out"),
            }
        )
    return pd.DataFrame(rows)


def who_left_out(cohort: Cohort, *, say: Language = ENGLISH) -> list[str]:
    """Name who does not enter which arm, a line for each reason; arms that are alike together."""
    of_arms: dict[tuple[Reason, str], list[str]] = {}
    for arm, reasons in cohort.reasons.items():
        by_reason: dict[Reason, list[str]] = {}
        for patient_id, reason in reasons.items():
            by_reason.setdefault(reason, []).append(patient_id)
        for reason, ids in by_reason.items():
            of_arms.setdefault((reason, ", ".join(ids)), []).append(arm)
    lines = []
    for (reason, patients), arms in of_arms.items():
        fields = {"reason": _said(reason, say), "patients": patients}
        if len(arms) == len(cohort.arms):
            lines.append(say("Not in any arm, {reason}: {patients}", **fields))
        else:
            names = ", ".join(say.arm(arm) for arm in arms)
            lines.append(say("Not in {arms}, {reason}: {patients}", arms=names, **fields))
    return lines


def shown_patients(cohort: Cohort, *, say: Language = ENGLISH) -> tuple[Sequence[Patient], str]:
    """Choose the patients of a large cohort that a report lists.

    Parameters
    ----------
    cohort : Cohort
    say : Language

    Returns
    -------
    tuple of (sequence of Patient, str)
        Everybody where they are no more than `SHOWN_ROWS`; else those who do not enter every
        arm, as many as are shown. Then what is left out, in words.
    """
    everybody = cohort.patients
    if len(everybody) <= SHOWN_ROWS:
        return everybody, ""
    outside = {patient_id for reasons in cohort.reasons.values() for patient_id in reasons}
    partial = [patient for patient in everybody if patient.patient_id in outside]
    if not partial:
        return [], say("All {n} patients enter every arm; none is listed.", n=len(everybody))
    counts = {"n": len(partial), "all": len(everybody)}
    if len(partial) <= SHOWN_ROWS:
        note = say("{n} of {all} patients do not enter every arm. These are listed.", **counts)
        return partial, note
    return partial[:SHOWN_ROWS], say(
        "{n} of {all} patients do not enter every arm. The first {shown} are listed; all are "
        "named above.",
        **counts,
        shown=SHOWN_ROWS,
    )


def patients_table(cohort: Cohort, patients: Sequence[Patient], say: Language) -> pd.DataFrame:
    """Return what is there of each patient, and the arms that he enters; all cells text."""
    outcomes = {1: say("yes"), 0: say("no"), None: ""}
    columns = {
        say("Patient"): [patient.patient_id for patient in patients],
        say("Outcome"): [outcomes[patient.outcome] for patient in patients],
    }
    words = {True: say("present"), False: say("missing")}
    for modality in patients[0].data:
        head = say("{modality} scan", modality=say.modality(modality))
        columns[head] = [words[patient.data[modality].present] for patient in patients]
    for column in cohort.clinical:
        head = say("{column}, value", column=column)
        columns[head] = [words[has_value(patient, column)] for patient in patients]
    of_arms = {
        arm: [
            _said(reasons[patient.patient_id], say) if patient.patient_id in reasons else say("yes")
            for patient in patients
        ]
        for arm, reasons in cohort.reasons.items()
    }
    first, *others = of_arms.values()
    if others and all(cells == first for cells in others):
        return pd.DataFrame({**columns, say("Every arm"): first})
    for arm, cells in of_arms.items():
        columns[say("Arm {arm}", arm=say.arm(arm))] = cells
    return pd.DataFrame(columns)


def _said(reason: Reason, say: Language) -> str:
    return without_paths(say.of(reason.sentence), say)
