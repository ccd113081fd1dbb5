from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.comparison.statistics import holm
from lungmet_worc.analyses.permutations.table import permutations_table
from tests.analyses.test_results import make_arms

pytestmark = pytest.mark.filterwarnings("error")


def permuted(arm: str, aucs: list[list[float]]) -> pd.DataFrame:
    """Return permuted AUCs, a list over the splits for each permutation."""
    rows = [(arm, i, k, auc) for i, over in enumerate(aucs) for k, auc in enumerate(over)]
    return pd.DataFrame(rows, columns=["arm", "permutation", "split", "auc"])


def test_permutations_by_hand() -> None:
    strong, weak = make_arms({"strong": 5.0, "weak": 0.0}, n_splits=2)
    observed = np.mean([split.metrics["auc"] for split in weak.splits])
    frame = pd.concat(
        [
            permuted("strong", [[0.4, 0.6], [0.5, 0.3], [0.6, 0.7]]),
            # Means: above, equal to and below what was observed.
            permuted("weak", [[1.0, 1.0], [observed, observed], [0.0, 0.0]]),
        ]
    )
    table = permutations_table([strong, weak], frame).set_index("arm")
    assert list(table["n_permutations"]) == [3, 3]
    assert table.at["strong", "permuted_mean"] == pytest.approx((0.5 + 0.4 + 0.65) / 3)
    assert table.at["strong", "p_value"] == pytest.approx(1 / 4)
    assert table.at["weak", "p_value"] == pytest.approx(3 / 4)
    assert table.at["weak", "auc"] == pytest.approx(observed)
    assert list(table["p_adjusted"]) == pytest.approx(list(holm([1 / 4, 3 / 4])))
    low, high = np.percentile([0.5, 0.4, 0.65], [2.5, 97.5])
    assert tuple(table.loc["strong", ["permuted_low", "permuted_high"]]) == (low, high)


def test_only_the_splits_that_were_permuted_count() -> None:
    arm = make_arms({"x": 1.0}, n_splits=4)[0]
    table = permutations_table([arm], permuted("x", [[0.5, 0.5], [0.4, 0.6]]))
    expected = np.mean([split.metrics["auc"] for split in arm.splits[:2]])
    assert table.loc[0, "auc"] == pytest.approx(expected)


def test_without_permutations_there_are_no_rows() -> None:
    arms = make_arms({"x": 1.0}, n_splits=2)
    assert permutations_table(arms, permuted("y", [[0.5]])).empty
    assert permutations_table(
        arms, pd.DataFrame(columns=["arm", "permutation", "split", "auc"])
    ).empty
