from __future__ import annotations

import numpy as np
import pytest

from lungmet_worc.collect import ArmPredictions, performance_table
from lungmet_worc.figures.roc import GRID, roc_band, split_curves
from lungmet_worc.statistics.metrics import corrected_resampled_interval
from tests.test_collect import prediction, three_arms


def test_curve_of_a_split_drawn_by_hand() -> None:
    # In the order of the posterior: event, non-event, event, non-event.
    split = prediction(["A", "B", "C", "D"], [1, 0, 1, 0], [0.9, 0.8, 0.7, 0.6])
    curve = split_curves(ArmPredictions("x", (split,)))[0]
    below = (GRID > 0) & (GRID < 0.5)
    assert curve[0] == 0
    assert np.all(curve[1:][below[1:]] == 0.5)
    assert np.all(curve[GRID >= 0.5] == 1)


def test_ties_are_a_slope() -> None:
    split = prediction(["A", "B"], [1, 0], [0.5, 0.5])
    curve = split_curves(ArmPredictions("x", (split,)))[0]
    np.testing.assert_allclose(curve, GRID)


def test_area_under_the_mean_curve_is_the_mean_auc() -> None:
    for arm in three_arms():
        band = roc_band(arm)
        area = np.trapezoid if hasattr(np, "trapezoid") else np.trapz
        found = area(band["sensitivity"], band["false_positive_rate"])
        table = performance_table([arm]).set_index("metric")
        assert found == pytest.approx(table.at["auc", "mean"], abs=0.005)
        assert (band["ci_low"] <= band["sensitivity"]).all()
        assert (band["sensitivity"] <= band["ci_high"]).all()
        assert band[["ci_low", "ci_high"]].stack().between(0, 1).all()


def test_band_is_the_corrected_interval_at_each_point() -> None:
    arm = three_arms()[0]
    curves, band = split_curves(arm), roc_band(arm)
    for j in (1, 60, 130):
        expected = corrected_resampled_interval(curves[:, j], 40, 11)
        row = band.iloc[j]
        assert tuple(row[["sensitivity", "ci_low", "ci_high"]]) == pytest.approx(expected[:3])


def test_splits_of_one_class_are_left_out() -> None:
    good = prediction(["A", "B"], [1, 0], [0.9, 0.1], 0)
    bad = prediction(["A", "C"], [1, 1], [0.9, 0.1], 1)
    band = roc_band(ArmPredictions("x", (good, bad)))
    assert set(band["n_splits"]) == {1}
    assert band["ci_low"].isna().all()
