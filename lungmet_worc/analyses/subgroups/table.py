"""AUC of each arm in subgroups of patients."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.schema import TABLES
from lungmet_worc.analyses.subgroups.statistics import subgroup_table


def subgroups_table(patients: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Return the AUC of each arm in each subgroup, on the mean probabilities of the patients.

    Parameters
    ----------
    patients : DataFrame
        The table of patients.
    levels : DataFrame
        Index: patient ids; a column of levels for each variable that makes subgroups.

    Returns
    -------
    DataFrame
        Columns of the table ``subgroups``; empty where no variable makes subgroups.
    """
    table = TABLES["subgroups"]
    if levels.columns.empty:
        return table.frame()
    arms = {
        str(arm): of_arm[["patient_id", "outcome", "posterior_mean"]].reset_index(drop=True)
        for arm, of_arm in patients.groupby("arm", sort=False)
    }
    return table.frame(subgroup_table(arms, levels)[list(table.columns)].to_numpy().tolist())
