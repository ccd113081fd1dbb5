from __future__ import annotations

import pytest

from lungmet_worc.analyses.power.statistics import auc_half_width, smallest_difference
from lungmet_worc.analyses.power.table import power_table
from lungmet_worc.analyses.results import ArmPredictions
from tests.analyses.test_results import prediction

pytestmark = pytest.mark.filterwarnings("error")


def test_power_is_of_the_patients_that_all_arms_tested() -> None:
    first = ArmPredictions("x", (prediction(["A", "B", "C", "D"], [1, 1, 0, 0], [0.5] * 4),))
    second = ArmPredictions("y", (prediction(["A", "C", "D", "E"], [1, 0, 0, 1], [0.5] * 4),))
    table = power_table([first, second])
    assert set(table["n_patients"]) == {3}
    assert set(table["n_events"]) == {1}
    assert len(table) == 9
    row = table.iloc[4]
    assert (row["auc"], row["correlation"]) == (0.7, 0.5)
    assert row["half_width"] == auc_half_width(0.7, 1, 2)
    assert row["smallest_difference"] == pytest.approx(
        smallest_difference(0.7, 1, 2, 0.5), nan_ok=True
    )


def test_power_needs_both_outcomes() -> None:
    assert power_table([ArmPredictions("x", (prediction(["A", "B"], [1, 1], [0.5, 0.5]),))]).empty
