"""The tables of a report that no file has: who entered, who was often wrong, settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from lungmet_worc.collect import natural_key
from lungmet_worc.report.wording import arm_label, number_text, yes_no

SHOWN_PATIENTS = 10
#: Nobody reads a longer list in a report.
SHOWN_ROWS = 200
SHOWN_REASONS = 10
#: Single splits in a figure: more are one blot, and megabytes. The figure's CSV has all.
SHOWN_CURVES = 100
Row = Mapping[Any, Any]


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
    arms = list(dict.fromkeys(patients["arm"]))
    by_patient: dict[str, dict[str, Row]] = {}
    for row in patients.to_dict("records"):
        by_patient.setdefault(str(row["patient_id"]), {})[str(row["arm"])] = row
    tallies = [_tally(patient, rows) for patient, rows in by_patient.items()]
    wrong = [tally for tally in tallies if 2 * tally.wrong > tally.tested]
    wrong.sort(key=lambda t: (-t.wrong / t.tested, -t.tested, natural_key(t.patient)))
    table = [
        [t.patient, yes_no(t.outcome), *(_wrong_text(by_patient[t.patient].get(a)) for a in arms)]
        for t in wrong[:shown]
    ]
    return OftenWrong(
        table=pd.DataFrame(table, columns=["Patient", "Outcome", *map(arm_label, arms)]),
        n_patients=len(wrong),
        n_events=sum(tally.outcome for tally in wrong),
        n_tested=len(tallies),
    )


class _Tally(NamedTuple):
    """How often a patient was tested and wrong, all arms together."""

    patient: str
    outcome: int
    tested: int
    wrong: int


def _tally(patient: str, rows: Mapping[str, Row]) -> _Tally:
    """Count the tests of a patient over the arms."""
    tested = sum(int(row["n_tested"]) for row in rows.values())
    right = sum(int(row["times_correct"]) for row in rows.values())
    outcome = int(next(iter(rows.values()))["outcome"])
    return _Tally(patient, outcome, tested, tested - right)


def _wrong_text(row: Row | None) -> str:
    """Return how often an arm was wrong on a patient and its mean probability."""
    if row is None:
        return "not tested"
    tested = int(row["n_tested"])
    wrong = tested - int(row["times_correct"])
    return f"{wrong} of {tested} (probability {number_text(float(row['posterior_mean']))})"


def cohort_flow(cohort: pd.DataFrame, arms: Mapping[str, str]) -> pd.DataFrame:
    """Count who enters each arm, and why others do not.

    Parameters
    ----------
    cohort : DataFrame
        outcome (1, 0 or empty), and a column "arm <arm>" for each arm that says "yes" or the
        reason (see `lungmet_worc.cohort.Cohort.table`).
    arms : mapping of str to str
        Arm to what it knows, in words.

    Returns
    -------
    DataFrame
        All cells text; empty if the cohort names no arm.
    """
    rows = []
    for arm, description in arms.items():
        if f"arm {arm}" not in cohort.columns:
            continue
        status = [str(value) for value in cohort[f"arm {arm}"]]
        is_event = [str(value) == "1" for value in cohort["outcome"]]
        enters = [value == "yes" for value in status]
        events = sum(a and b for a, b in zip(enters, is_event, strict=True))
        reasons = Counter(value for value in status if value != "yes")
        named = reasons.most_common(SHOWN_REASONS)
        if len(named) < len(reasons):
            named.append(("other reasons", reasons.total() - sum(count for _, count in named)))
        why = "; ".join(f"{count}: {reason}" for reason, count in named)
        rows.append(
            {
                "Arm": arm_label(arm),
                "What it knows": description,
                "Patients": str(sum(enters)),
                "With outcome": str(events),
                "Left out": str(len(enters) - sum(enters)),
                "Why left out": why or "nobody",
            }
        )
    return pd.DataFrame(rows)


def shown_cohort(cohort: pd.DataFrame, shown: int = SHOWN_ROWS) -> tuple[pd.DataFrame, str]:
    """Choose the patients of a large cohort that a report lists.

    Parameters
    ----------
    cohort : DataFrame
        See `cohort_flow`.
    shown : int
        Most rows.

    Returns
    -------
    tuple of (DataFrame, str)
        The cohort as it is where it is no longer than that; else those who do not enter every
        arm, as many as are shown. Then what is left out, in words.
    """
    if len(cohort) <= shown:
        return cohort, ""
    arms = [column for column in cohort.columns if str(column).startswith("arm ")]
    partial = cohort[(cohort[arms] != "yes").any(axis=1)]
    if partial.empty:
        return partial, f"All {len(cohort)} patients enter every arm; none is listed."
    note = f"{len(partial)} of {len(cohort)} patients do not enter every arm. "
    if len(partial) <= shown:
        return partial, note + "These are listed."
    return partial.head(shown), note + f"The first {shown} are listed; all are named above."


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
