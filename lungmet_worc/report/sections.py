"""The tables of a report that no file has: who entered, who was often wrong, settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from lungmet_worc.collect import natural_key
from lungmet_worc.report.wording import arm_label, number_text, yes_no

SHOWN_PATIENTS = 10
EVENTS = frozenset({"1", "1.0", "true", "yes", "ja"})


@dataclass(frozen=True)
class OftenWrong:
    """Patients whom the arms misjudged more often than not.

    Parameters
    ----------
    table : DataFrame
        The patients most often wrong, all cells text.
    n_patients, n_events : int
        How many patients there are of this kind, and how many of them have the outcome.
    n_tested : int
        Patients tested at least once.
    """

    table: pd.DataFrame
    n_patients: int
    n_events: int
    n_tested: int


def often_wrong(patients: pd.DataFrame, shown: int = SHOWN_PATIENTS) -> OftenWrong:
    """Find the patients whose predicted class was wrong in more than half of their tests.

    Tests of all arms count together. Most often wrong first; of equal ones, the one tested more.

    Parameters
    ----------
    patients : DataFrame
        The patients table (see `lungmet_worc.collect.patients_table`).
    shown : int
        Most rows of the table.
    """
    totals = patients.groupby("patient_id", sort=False).agg(
        outcome=("outcome", "first"), tested=("n_tested", "sum"), right=("times_correct", "sum")
    )
    wrong = totals[2 * totals["right"] < totals["tested"]].copy()
    wrong["share"] = 1 - wrong["right"] / wrong["tested"]
    order = sorted(
        wrong.index,
        key=lambda p: (-wrong.at[p, "share"], -wrong.at[p, "tested"], natural_key(str(p))),
    )
    by_arm = patients.set_index(["arm", "patient_id"])
    arms = list(dict.fromkeys(patients["arm"]))
    rows = []
    for patient in order[:shown]:
        row = {"Patient": str(patient), "Outcome": yes_no(int(wrong.at[patient, "outcome"]))}
        for arm in arms:
            row[arm_label(arm)] = _wrong_text(by_arm, arm, str(patient))
        rows.append(row)
    columns = ["Patient", "Outcome", *map(arm_label, arms)]
    return OftenWrong(
        table=pd.DataFrame(rows, columns=columns),
        n_patients=len(wrong),
        n_events=int(wrong["outcome"].sum()),
        n_tested=len(totals),
    )


def _wrong_text(by_arm: pd.DataFrame, arm: str, patient: str) -> str:
    """Return how often an arm was wrong on a patient and its mean probability."""
    if (arm, patient) not in by_arm.index:
        return "not tested"
    row = by_arm.loc[(arm, patient)]
    tested = int(row["n_tested"])
    wrong = tested - int(row["times_correct"])
    return f"{wrong} of {tested} (probability {number_text(float(row['posterior_mean']))})"


def cohort_flow(cohort: pd.DataFrame, arms: Mapping[str, str]) -> pd.DataFrame:
    """Count who enters each arm, and why others do not.

    Parameters
    ----------
    cohort : DataFrame
        patient_id, outcome, and a column for each arm that says "yes" or the reason.
    arms : mapping of str to str
        Arm to what it knows, in words.

    Returns
    -------
    DataFrame
        All cells text; empty if the cohort names no arm.
    """
    rows = []
    for arm, description in arms.items():
        if arm not in cohort.columns:
            continue
        status = _column(cohort, arm).astype(str)
        enters = status == "yes"
        events = _column(cohort, "outcome").astype(str).str.lower().isin(EVENTS)
        reasons = Counter(status[~enters])
        why = "; ".join(f"{count}: {reason}" for reason, count in reasons.most_common())
        rows.append(
            {
                "Arm": arm_label(arm),
                "What it knows": description,
                "Patients": str(int(enters.sum())),
                "With outcome": str(int((enters & events).sum())),
                "Left out": str(int((~enters).sum())),
                "Why left out": why or "nobody",
            }
        )
    return pd.DataFrame(rows)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column; the last one where a modality and an arm share a name."""
    found = frame.loc[:, name]
    return found.iloc[:, -1] if isinstance(found, pd.DataFrame) else found


def flattened(settings: Mapping[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Return settings as (name, text), nested ones as "ensemble.size".

    Parameters
    ----------
    settings : mapping of str to object
    prefix : str
        Put before every name.
    """
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += flattened(value, f"{name}.")
        elif isinstance(value, list | tuple):
            rows.append((name, ", ".join(map(str, value)) or "none"))
        else:
            rows.append((name, "not set" if value is None else str(value)))
    return rows
