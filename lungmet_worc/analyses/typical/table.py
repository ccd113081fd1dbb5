"""Patients that an arm classifies right or wrong most often."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.basics.words import natural_order
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table
from lungmet_worc.display.wording import number_text, yes_no

KINDS = {"typical": later("Typical"), "atypical": later("Atypical")}
#: Patients of a kind for each arm and outcome.
SHOWN = 3
#: One test says little of a patient.
TESTED_ENOUGH = 2


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    return {"typical": typical_table(made["patients"])}


def typical_table(patients: pd.DataFrame) -> pd.DataFrame:
    """List the typical and the atypical patients of each arm and outcome.

    As in WORC's ranking of patients: who is classified right whenever tested is typical, who is
    classified wrong whenever tested is atypical. Where there are none, those follow that are
    right, or wrong, in more than half of their tests. Patients who were tested once only count
    where no patient of the arm and outcome was tested more often.

    Parameters
    ----------
    patients : DataFrame
        The table of patients.

    Returns
    -------
    DataFrame
        Columns of the table ``typical``: at most `SHOWN` patients of a kind for each arm and
        outcome, ordered by the share of right (wrong) tests, then by how near to (far from) the
        outcome the mean probability is, then by id.
    """
    rows = []
    for arm, of_arm in patients.groupby("arm", sort=False):
        for kind in KINDS:
            for outcome in (1, 0):
                chosen = _clearest(of_arm[of_arm["outcome"] == outcome], kind)
                rows += chosen.assign(arm=arm, kind=kind)[list(TYPICAL.columns)].to_numpy().tolist()
    return TYPICAL.frame(rows)


def _clearest(patients: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the patients of a kind, the clearest first."""
    enough = patients[patients["n_tested"] >= TESTED_ENOUGH]
    patients = enough if len(enough) else patients
    right = patients["times_correct"] / patients["n_tested"]
    distance = (patients["outcome"] - patients["posterior_mean"]).abs()
    order = patients["patient_id"].map(natural_order)
    ranked = patients.assign(right=right, distance=distance, order=order)
    is_typical = kind == "typical"
    of_kind = ranked[right > 0.5] if is_typical else ranked[right < 0.5]
    ascending = [not is_typical, is_typical, True]
    return of_kind.sort_values(["right", "distance", "order"], ascending=ascending).head(SHOWN)


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """How often a patient was right of how often tested in one cell."""
    table = TYPICAL.rows(frame[["arm", "kind", "patient_id"]], say)
    table[say("Outcome")] = [yes_no(value, say) for value in frame["outcome"]]
    table[say("Mean probability")] = [number_text(v, say=say) for v in frame["posterior_mean"]]
    table[say("Times right")] = [
        say("{right} of {tested}", right=int(right), tested=int(tested))
        for right, tested in zip(frame["times_correct"], frame["n_tested"], strict=True)
    ]
    return table


TYPICAL = Table(
    "typical",
    "Typical patients",
    "Patients that each arm classifies right (typical) or wrong (atypical) most often",
    (
        *("arm", Column("kind", later("Kind"), "text", KINDS), "patient_id", "outcome"),
        *("posterior_mean", "n_tested", "times_correct"),
    ),
    _form,
    notes=("At most three of a kind for each arm and outcome, the clearest first.",),
    counts=False,
)
TABLES = (TYPICAL,)
