from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lungmet_worc.analyses.features.statistics import (
    UNIVARIATE_COLUMNS,
    false_discovery_rate,
    univariate_table,
)
from tests.analyses.statistics.asah import AGE, NDKA, OUTCOME, S100B, WFNS

pytestmark = pytest.mark.filterwarnings("error")

MATRIX = pd.DataFrame({"s100b": S100B, "ndka": NDKA, "age": AGE, "wfns": WFNS})


def test_table_equals_that_of_r() -> None:
    # R 4.2.2 (asah.py), for x in s, k, age, w: t <- wilcox.test(x[y == 1], x[y == 0],
    # exact = FALSE, correct = TRUE): t$statistic / (41 * 72), t$p.value; p.adjust(p, "holm") and
    # (p, "BH"); cor(x, s, method = "spearman"), S100B taking the place of a volume.
    table = univariate_table(MATRIX, OUTCOME, MATRIX["s100b"]).set_index("feature")
    assert list(table.index) == ["wfns", "s100b", "age", "ndka"]
    names = ["s100b", "ndka", "age", "wfns"]
    expected = {
        "auc": [0.731368563686, 0.61195799458, 0.615006775068, 0.823678861789],
        "p_value": [4.50920257633e-05, 0.0487701170397, 0.0428698985473, 3.0991702851e-09],
        "p_holm": [0.00013527607729, 0.0857397970945, 0.0857397970945, 1.23966811404e-08],
        "p_fdr": [9.01840515266e-05, 0.0487701170397, 0.0487701170397, 1.23966811404e-08],
        "volume_correlation": [1, -0.0599504922267, 0.250271258877, 0.64952271792],
    }
    for column, values in expected.items():
        assert list(table.loc[names, column]) == pytest.approx(values, rel=1e-9), column
    assert (table["n_patients"] == 113).all()
    assert (table["n_events"] == 41).all()


def test_small_groups_without_ties_are_tested_exactly() -> None:
    # R 4.2.2: wilcox.test(c(1.1, 2.3, 0.4, 3.9, 5.2), c(0.2, 0.9, 2.0, 0.1, 0.5, 3.0)):
    # W = 23, p-value = 0.177489177489.
    values = [1.1, 2.3, 0.4, 3.9, 5.2, 0.2, 0.9, 2.0, 0.1, 0.5, 3.0]
    row = univariate_table(pd.DataFrame({"x": values}), [1] * 5 + [0] * 6, None).iloc[0]
    assert row["auc"] == pytest.approx(23 / 30)
    assert row["p_value"] == pytest.approx(0.177489177489)
    assert np.isnan(row["volume_correlation"])


def test_missing_values_are_left_out_and_counted() -> None:
    # R 4.2.2: s2 <- s; s2[c(1, 5, 50, 100)] <- NA; wilcox.test as above: W = 1994,
    # p-value = 6.96744259481e-05; cor(s2, age, method = "spearman", use = "complete.obs").
    values = S100B.copy()
    values[[0, 4, 49]] = np.nan
    values[99] = np.inf
    frame = pd.DataFrame({"s100b": values})
    row = univariate_table(frame, OUTCOME, pd.Series(AGE)).iloc[0]
    assert (row["n_patients"], row["n_events"]) == (109, 39)
    assert row["auc"] == pytest.approx(1994 / (39 * 70))
    assert row["p_value"] == pytest.approx(6.96744259481e-05)
    assert row["volume_correlation"] == pytest.approx(0.258927137444)


def test_what_is_no_test_does_not_count() -> None:
    frame = pd.DataFrame(
        {"constant": np.ones(113), "age": AGE, "empty": np.full(113, np.nan), "wfns": WFNS}
    )
    table = univariate_table(frame, OUTCOME, pd.Series(AGE))
    assert list(table["feature"]) == ["wfns", "age", "constant", "empty"]
    alone = univariate_table(MATRIX[["age", "wfns"]], OUTCOME, pd.Series(AGE))
    columns = ["p_value", "p_holm", "p_fdr"]
    pd.testing.assert_frame_equal(table.loc[:1, columns], alone[columns])
    assert table.loc[2:, columns].isna().all(axis=None)
    assert table["auc"].iloc[2] == 0.5
    assert np.isnan(table["auc"].iloc[3])
    assert table["volume_correlation"].iloc[2:].isna().all()
    assert list(table["n_patients"]) == [113, 113, 113, 0]


@pytest.mark.parametrize("outcome", [[0, 0, 0], [1, 1, 1]])
def test_one_class_has_no_test(outcome: list[int]) -> None:
    row = univariate_table(pd.DataFrame({"x": [1.0, 2.0, 3.0]}), outcome, None).iloc[0]
    assert row[["auc", "p_value", "p_holm", "p_fdr"]].isna().all()
    assert row["n_events"] == sum(outcome)


def test_volume_follows_the_patients_and_the_feature() -> None:
    index = [f"P{i}" for i in range(113)]
    frame = MATRIX.set_axis(index, axis="index")
    size = pd.Series(S100B, index=index)
    in_other_order = size.sample(frac=1, random_state=0)
    table = univariate_table(frame, OUTCOME, in_other_order).set_index("feature")
    assert table.loc["wfns", "volume_correlation"] == pytest.approx(0.64952271792)
    by_name = univariate_table(frame, OUTCOME, {"wfns": in_other_order}).set_index("feature")
    assert by_name.loc["wfns", "volume_correlation"] == pytest.approx(0.64952271792)
    assert by_name["volume_correlation"].isna().sum() == 3


def test_two_patients_and_no_feature() -> None:
    row = univariate_table(pd.DataFrame({"x": [1.0, 2.0]}), [0, 1], None).iloc[0]
    assert (row["auc"], row["p_value"]) == (1, 1)
    empty = univariate_table(pd.DataFrame(index=[0, 1]), [0, 1], None)
    assert (len(empty), tuple(empty.columns)) == (0, UNIVARIATE_COLUMNS)


def test_outcomes_fit_the_rows() -> None:
    with pytest.raises(ValueError, match="one length"):
        univariate_table(MATRIX, OUTCOME[:-1], None)


def test_false_discovery_rate_equals_the_published_example() -> None:
    # Benjamini and Hochberg 1995, section 4.1: of these 15 p-values the first four are rejected at
    # 0.05, where Bonferroni rejects three. Adjusted: R 4.2.2, p.adjust(p, "BH")[1:5].
    p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    adjusted = false_discovery_rate(p_values)
    assert (adjusted <= 0.05).sum() == 4
    expected = [0.0015, 0.003, 0.0095, 0.035625, 0.0603]
    assert list(adjusted[:5]) == pytest.approx(expected)
    assert false_discovery_rate([]).size == 0
