"""Patients that an arm classifies right or wrong most often."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lungmet_worc.collect import natural_key
from lungmet_worc.tables.schema import TABLES

#: Patients of a kind for each arm and outcome.
SHOWN = 3
#: One test says little of a patient.
TESTED_ENOUGH = 2


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
    table = TABLES["typical"]
    rows = []
    for arm, of_arm in patients.groupby("arm", sort=False):
        for outcome in (1, 0):
            found = of_arm[of_arm["outcome"] == outcome]
            enough = found[found["n_tested"] >= TESTED_ENOUGH]
            for kind, chosen in _ranked(enough if len(enough) else found):
                rows += [
                    (arm, kind, row["patient_id"], outcome)
                    + tuple(row[name] for name in ("posterior_mean", "n_tested", "times_correct"))
                    for _, row in chosen.iterrows()
                ]
    return table.frame(rows)


def _ranked(patients: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each kind with its patients, the clearest first."""
    right = patients["times_correct"] / patients["n_tested"]
    distance = (patients["outcome"] - patients["posterior_mean"]).abs()
    order = patients["patient_id"].map(natural_key)
    ranked = patients.assign(right=right, distance=distance, order=order)
    typical = ranked[right > 0.5].sort_values(
        ["right", "distance", "order"], ascending=[False, True, True]
    )
    atypical = ranked[right < 0.5].sort_values(
        ["right", "distance", "order"], ascending=[True, False, True]
    )
    yield "typical", typical.head(SHOWN)
    yield "atypical", atypical.head(SHOWN)
