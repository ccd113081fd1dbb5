from __future__ import annotations

import numpy as np
import pytest

from lungmet_worc.analyses.performance import roc_figure as roc
from lungmet_worc.analyses.performance.roc_figure import (
    GRID,
    draw_roc,
    roc_band,
    roc_figures,
    split_curves,
)
from lungmet_worc.analyses.performance.table import performance_table
from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.display.language import language
from lungmet_worc.display.style import looks
from tests.analyses.test_results import prediction, three_arms

SAY = language("en")


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


def test_numbers_are_those_drawn() -> None:
    arms = three_arms(3)
    drawn = roc_figures(arms, performance_table(arms), SAY)
    assert list(drawn) == ["roc", "roc_mri_only", "roc_ct_only", "roc_combined"]
    numbers = drawn["roc"].numbers
    combined = numbers[numbers["arm"] == "combined"].reset_index(drop=True)
    np.testing.assert_array_equal(combined["sensitivity"], roc_band(arms[2])["sensitivity"])
    single = drawn["roc_combined"].numbers
    np.testing.assert_array_equal(single["split_2"], split_curves(arms[2])[2])


@pytest.mark.parametrize("shown", [2, 6])
def test_figure_of_many_splits_shows_some_and_its_numbers_have_all(
    shown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = three_arms(6)[:1]
    monkeypatch.setattr(roc, "SHOWN_CURVES", shown)
    drawing = roc_figures(arms, performance_table(arms), SAY)["roc_mri_only"]
    pale = [line for line in drawing.figure.axes[-1].lines if line.get_alpha() == 0.28]
    assert len(pale) == shown
    assert [name for name in drawing.numbers if name.startswith("split_")][-1] == "split_5"
    # Only the corners are drawn; the curve through them is the same.
    corners = pale[1].get_xydata()
    # At a vertical step between two points of the grid both ends are corners.
    np.testing.assert_allclose(
        np.interp(GRID[1:], corners[1:, 0], corners[1:, 1]), split_curves(arms[0])[1][1:], atol=1e-9
    )


def test_key_says_auc_interval_and_counts() -> None:
    arms = three_arms()
    performance = performance_table(arms)
    performance.loc[performance["metric"] == "auc", ["mean", "ci_low", "ci_high"]] = (
        0.62,
        0.48,
        0.76,
    )
    curves = {arm.arm: roc_band(arm) for arm in arms}

    def texts(code: str) -> list[str]:
        drawing = draw_roc(curves, performance, language(code), looks(curves))
        return [text.get_text() for text in drawing.figure.texts]

    assert "51 patients, 19 events, 20 splits" in texts("en")
    assert "MRI only: AUC 0.62 (0.48 to 0.76)" in texts("en")
    assert "MRI only: AUC 0,62 (0,48 tot 0,76)" in texts("nl")
    # Arms of different patients say how many each has.
    performance.loc[performance["arm"] == "ct_only", "n_patients"] = 40
    assert "20 splits" in texts("en")
    assert "CT only: AUC 0.62 (0.48 to 0.76), 40 patients, 19 events" in " ".join(texts("en"))
