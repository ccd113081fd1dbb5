from __future__ import annotations

import pandas as pd
import pytest

from lungmet_worc.analyses.performance.table import patients_table
from lungmet_worc.analyses.typical.table import typical_table
from tests.analyses.made_up import made_up_results

pytestmark = pytest.mark.filterwarnings("error")


def patients(*rows: tuple[str, int, int, int, float]) -> pd.DataFrame:
    """Return a table of patients: id, outcome, times tested, times right, mean probability."""
    names = ["patient_id", "outcome", "n_tested", "times_correct", "posterior_mean"]
    return pd.DataFrame(list(rows), columns=names).assign(arm="x")


def shown(table: pd.DataFrame, kind: str, outcome: int) -> list[str]:
    found = table[(table["kind"] == kind) & (table["outcome"] == outcome)]
    return list(found["patient_id"])


def test_always_right_before_often_right_and_the_surest_first() -> None:
    table = typical_table(
        patients(
            ("often", 1, 4, 3, 0.99),
            ("sure", 1, 2, 2, 0.90),
            ("less_sure", 1, 9, 9, 0.60),
            ("half", 1, 4, 2, 0.55),
            ("once", 1, 1, 1, 1.00),
            ("wrong", 1, 3, 0, 0.10),
            ("more_wrong", 1, 3, 0, 0.05),
            ("often_wrong", 1, 4, 1, 0.01),
            ("too_many", 1, 5, 2, 0.40),
        )
    )
    assert shown(table, "typical", 1) == ["sure", "less_sure", "often"]
    assert shown(table, "atypical", 1) == ["more_wrong", "wrong", "often_wrong"]
    assert shown(table, "typical", 0) == []


def test_patients_without_the_outcome_are_sure_near_zero() -> None:
    table = typical_table(
        patients(("low", 0, 2, 2, 0.1), ("lower", 0, 2, 2, 0.05), ("high", 0, 2, 0, 0.9))
    )
    assert shown(table, "typical", 0) == ["lower", "low"]
    assert shown(table, "atypical", 0) == ["high"]


def test_patients_tested_once_count_where_there_are_no_others() -> None:
    table = typical_table(patients(("P10", 1, 1, 1, 0.8), ("P2", 1, 1, 1, 0.8)))
    assert shown(table, "typical", 1) == ["P2", "P10"]


def test_nobody_is_both() -> None:
    table = typical_table(patients_table(made_up_results(3, 10).arms))
    assert not table.duplicated(["arm", "patient_id"]).any()
    right = table["times_correct"] / table["n_tested"]
    assert ((right > 0.5) == (table["kind"] == "typical")).all()
    assert table.groupby(["arm", "kind", "outcome"]).size().max() == 3
