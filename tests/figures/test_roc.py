from __future__ import annotations

import dataclasses
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.text import Text

from lungmet_worc.collect import ArmPredictions, performance_table
from lungmet_worc.figures import roc as figures
from lungmet_worc.figures.roc import GRID, roc_band, split_curves, write_all_figures
from lungmet_worc.statistics.metrics import corrected_resampled_interval
from tests.test_collect import prediction, three_arms

COLOURS = {"mri_only": "#0072B2", "ct_only": "#D55E00", "combined": "#009E73"}
PNG = b"\x89PNG\r\n\x1a\n"


def test_every_figure_has_its_picture_and_its_numbers(tmp_path: Path) -> None:
    arms = three_arms(5)
    written = write_all_figures(arms, performance_table(arms), tmp_path)
    assert list(written) == ["roc", "auc", "roc_mri_only", "roc_ct_only", "roc_combined"]
    for name, path in written.items():
        assert path == tmp_path / f"{name}.svg"
        assert path.read_text(encoding="utf-8").startswith("<?xml")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
        assert len(pd.read_csv(tmp_path / f"{name}.csv")) > 3


def test_figures_are_the_same_each_time(tmp_path: Path) -> None:
    arms = three_arms(5)
    for folder in ("one", "two"):
        write_all_figures(arms, performance_table(arms), tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    svg = (tmp_path / "one" / "roc.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg


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


def test_csv_holds_what_was_drawn(tmp_path: Path) -> None:
    arms = three_arms(3)
    performance = performance_table(arms)
    write_all_figures(arms, performance, tmp_path)
    roc = pd.read_csv(tmp_path / "roc.csv")
    combined = roc[roc["arm"] == "combined"].reset_index(drop=True)
    expected = roc_band(arms[2])
    np.testing.assert_allclose(combined["sensitivity"], expected["sensitivity"], atol=1e-6)
    single = pd.read_csv(tmp_path / "roc_combined.csv")
    np.testing.assert_allclose(single["split_2"], split_curves(arms[2])[2], atol=1e-6)
    auc = pd.read_csv(tmp_path / "auc.csv")
    assert list(auc["split"].head(3)) == ["all"] * 3
    assert len(auc) == 3 + 9
    row = performance[(performance["arm"] == "ct_only") & (performance["metric"] == "auc")]
    drawn = auc[(auc["arm"] == "ct_only") & (auc["split"] == "all")]
    assert drawn["auc"].item() == pytest.approx(row["mean"].item(), abs=1e-6)


def test_figure_of_many_splits_shows_some_and_its_csv_has_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = three_arms(6)[:1]
    drawn = {}
    for shown in (2, 6):
        monkeypatch.setattr(figures, "SHOWN_CURVES", shown)
        folder = tmp_path / str(shown)
        write_all_figures(arms, performance_table(arms), folder)
        svg = (folder / "roc_mri_only.svg").read_text(encoding="utf-8")
        # What is drawn pale: the lines of single splits.
        drawn[shown] = svg.count("stroke-opacity: 0.28")
        numbers = pd.read_csv(folder / "roc_mri_only.csv")
        assert [name for name in numbers if name.startswith("split_")][-1] == "split_5"
    assert drawn == {2: 2, 6: 6}


def test_hundreds_of_splits_warn_of_nothing(tmp_path: Path) -> None:
    split = prediction(["A", "B", "C"], [1, 0, 0], [0.9, 0.1, 0.4])
    arm = ArmPredictions("x", tuple(dataclasses.replace(split, split=i) for i in range(120)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.PerformanceWarning)
        write_all_figures([arm], performance_table([arm]), tmp_path)
    assert len(pd.read_csv(tmp_path / "roc_x.csv").columns) == 6 + 120


def test_legend_says_auc_interval_and_counts() -> None:
    arms = three_arms()
    performance = performance_table(arms)
    performance.loc[performance["metric"] == "auc", ["mean", "ci_low", "ci_high"]] = (
        0.62,
        0.48,
        0.76,
    )
    drawing = figures._draw_roc({arm.arm: roc_band(arm) for arm in arms}, performance, COLOURS)
    assert drawing.axes[0].get_title(loc="left") == "51 patients, 19 events, 20 splits"
    legend = [text.get_text() for text in drawing.legends[0].get_texts()]
    assert legend[0] == "MRI only: AUC 0.62 (0.48 to 0.76)"
    assert len(legend) == 3
    # Arms of different patients say how many each has.
    performance.loc[performance["arm"] == "ct_only", "n_patients"] = 40
    drawing = figures._draw_roc({arm.arm: roc_band(arm) for arm in arms}, performance, COLOURS)
    assert drawing.axes[0].get_title(loc="left") == "20 splits"
    legend = [text.get_text() for text in drawing.legends[0].get_texts()]
    assert legend[1] == "CT only: AUC 0.62 (0.48 to 0.76), 40 patients, 19 events"


def test_text_is_large_enough_to_read() -> None:
    arms = three_arms(3)
    with rc_context(figures.STYLE):
        drawings = figures._draw_all(arms, performance_table(arms))
        for drawing, _ in drawings.values():
            drawing.canvas.draw()
    for drawing, _ in drawings.values():
        sizes = [text.get_fontsize() for text in drawing.findobj(Text) if text.get_text()]
        assert len(sizes) > 10
        assert min(sizes) >= 9
        assert drawing.axes[0].title.get_fontsize() == 11  # the style reached the drawing


@pytest.mark.parametrize("n_splits", [1, 2])
def test_one_arm_and_few_splits(tmp_path: Path, n_splits: int) -> None:
    arms = three_arms(n_splits)[:1]
    written = write_all_figures(arms, performance_table(arms), tmp_path)
    assert list(written) == ["roc", "auc", "roc_mri_only"]


def test_arm_without_any_auc(tmp_path: Path) -> None:
    arms = [
        ArmPredictions("x", (prediction(["A", "B"], [0, 0], [0.9, 0.1], 0),)),
        ArmPredictions("y", (prediction(["A", "B"], [0, 0], [0.2, 0.1], 0),)),
    ]
    write_all_figures(arms, performance_table(arms), tmp_path)
    assert pd.read_csv(tmp_path / "roc.csv")["sensitivity"].isna().all()


def test_matplotlib_waits_until_something_is_drawn() -> None:
    code = "import sys, lungmet_worc.figures.roc, lungmet_worc.report; "
    code += "assert not {'matplotlib', 'jinja2', 'openpyxl', 'WORC'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
