"""Patients whom the arms misjudged more often than not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lungmet_worc.basics.words import natural_order
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.wording import number_text, yes_no

SHOWN_PATIENTS = 10
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


def often_wrong(
    patients: pd.DataFrame, shown: int = SHOWN_PATIENTS, *, say: Language = ENGLISH
) -> OftenWrong:
    """Find the patients whose predicted class was wrong in more than half of their tests.

    Tests of all arms count together. Most often wrong first; of equal ones, the one tested more.

    Parameters
    ----------
    patients : DataFrame
        The patients table (see `lungmet_worc.analyses.performance.table.patients_table`).
    shown : int
        Most rows of the table.
    say : Language
    """
    arms = list(dict.fromkeys(patients["arm"]))
    rows = {(row["patient_id"], row["arm"]): row for row in patients.to_dict("records")}
    tallies = patients.groupby("patient_id", sort=False).agg(
        outcome=("outcome", "first"), tested=("n_tested", "sum"), right=("times_correct", "sum")
    )
    share = (tallies["tested"] - tallies["right"]) / tallies["tested"]
    wrong = tallies.assign(share=share)[share > 0.5]
    order = sorted(
        wrong.index, key=lambda p: (-wrong["share"][p], -wrong["tested"][p], natural_order(p))
    )
    table = [
        [
            patient,
            yes_no(wrong["outcome"][patient], say=say),
            *(_wrong_text(rows.get((patient, arm)), say) for arm in arms),
        ]
        for patient in order[:shown]
    ]
    heads = [say("Patient"), say("Outcome"), *(say.arm(arm) for arm in arms)]
    return OftenWrong(
        table=pd.DataFrame(table, columns=heads),
        n_patients=len(wrong),
        n_events=int(wrong["outcome"].sum()),
        n_tested=len(tallies),
    )


def _wrong_text(row: Row | None, say: Language) -> str:
    """Return how often an arm was wrong on a patient and its mean probability."""
    if row is None:
        return say("not tested")
    tested = int(row["n_tested"])
    return say(
        "{wrong} of {tested} ({probability})",
        wrong=tested - int(row["times_correct"]),
        tested=tested,
        probability=number_text(float(row["posterior_mean"]), say=say),
    )
