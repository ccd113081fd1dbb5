"""All figures of a made-up study: what is written, what the numbers are, what is left out."""

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

from lungmet_worc.analyses.all_figures import draw_all, write_all_figures
from lungmet_worc.analyses.all_tables import write_all_tables
from lungmet_worc.analyses.performance.roc_figure import roc_band, split_curves
from lungmet_worc.analyses.results import ArmPredictions, StudyResults
from lungmet_worc.display.language import language
from lungmet_worc.display.style import STYLE
from tests.analyses.made_up import made_up_results, results_of
from tests.analyses.test_results import prediction, three_arms
from tests.report.made_up_page import cohort

PNG = b"\x89PNG\r\n\x1a\n"
ALL = {
    "flow", "roc", "auc", "comparison", "calibration", "decision", "subgroups", "importance",
    "posteriors",
}  # fmt: skip


def drawn(results: StudyResults, folder: Path, code: str = "en") -> dict[str, Path]:
    tables = write_all_tables(results, folder / "tables")
    results = dataclasses.replace(results, cohort=cohort([arm.arm for arm in results.arms]))
    return write_all_figures(results, tables, folder / "figures", say=language(code))


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResults, dict[str, Path]]:
    results = made_up_results(n_arms=3)
    return results, drawn(results, tmp_path_factory.mktemp("figures"))


def test_every_figure_has_its_pictures_and_its_numbers(
    figures: tuple[StudyResults, dict[str, Path]],
) -> None:
    results, written = figures
    assert set(written) == ALL | {f"roc_{arm.arm}" for arm in results.arms}
    for name, path in written.items():
        assert path.name == f"{name}.svg"
        svg = path.read_text("utf-8")
        assert svg.startswith("<?xml")
        assert "<dc:date>" not in svg
        # They all go into one page of less than 5 MB.
        assert len(svg) < 150_000
        assert path.with_suffix(".png").read_bytes().startswith(PNG)
        assert not pd.read_csv(path.with_suffix(".csv")).empty


def test_pictures_have_300_dots_an_inch(figures: tuple[StudyResults, dict[str, Path]]) -> None:
    from PIL import Image

    for path in figures[1].values():
        with Image.open(path.with_suffix(".png")) as image:
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_figures_are_the_same_each_time(
    figures: tuple[StudyResults, dict[str, Path]], tmp_path: Path
) -> None:
    results, written = figures
    again = drawn(results, tmp_path)
    for name, path in written.items():
        for suffix in (".svg", ".png", ".csv"):
            one, two = (each.with_suffix(suffix).read_bytes() for each in (path, again[name]))
            assert one == two, (name, suffix)


def test_numbers_are_those_of_the_predictions(
    figures: tuple[StudyResults, dict[str, Path]],
) -> None:
    results, written = figures
    arm = results.arms[1]
    roc = pd.read_csv(written["roc"].with_suffix(".csv")).set_index("arm").loc[arm.arm]
    np.testing.assert_allclose(roc["sensitivity"], roc_band(arm)["sensitivity"], atol=1e-6)
    single = pd.read_csv(written[f"roc_{arm.arm}"].with_suffix(".csv"))
    np.testing.assert_allclose(single["split_2"], split_curves(arm)[2], atol=1e-6)


def test_dutch_changes_the_pictures_and_not_the_numbers(
    figures: tuple[StudyResults, dict[str, Path]], tmp_path: Path
) -> None:
    results, written = figures
    dutch = drawn(results, tmp_path, "nl")
    for name, path in written.items():
        assert dutch[name].read_bytes() != path.read_bytes(), name
        numbers = (each.with_suffix(".csv").read_bytes() for each in (path, dutch[name]))
        assert len(set(numbers)) == 1, name


def test_text_is_large_enough_to_read_in_print(tmp_path: Path) -> None:
    results = made_up_results(n_arms=6)
    tables = write_all_tables(results, tmp_path)
    with rc_context(STYLE):
        entering = cohort([arm.arm for arm in results.arms])
        whole = dataclasses.replace(results, cohort=entering)
        drawings = draw_all(whole, tables, language("nl"))
        for name, drawing in drawings.items():
            found = drawing.figure.findobj(Text)
            sizes = [text.get_fontsize() for text in found if text.get_text()]
            assert len(sizes) > 3, name
            assert min(sizes) >= 7, name


@pytest.mark.parametrize("n_splits", [1, 2])
def test_one_arm_and_few_splits(tmp_path: Path, n_splits: int) -> None:
    written = drawn(results_of(three_arms(n_splits)[:1]), tmp_path)
    assert {"roc", "auc", "roc_mri_only"} < set(written)
    assert {"comparison", "importance", "subgroups"}.isdisjoint(written)


def test_arms_without_any_auc(tmp_path: Path) -> None:
    arms = [
        ArmPredictions("x", (prediction(["A", "B"], [0, 0], [0.9, 0.1], 0),)),
        ArmPredictions("y", (prediction(["A", "B"], [0, 0], [0.2, 0.1], 0),)),
    ]
    written = drawn(results_of(arms), tmp_path)
    assert pd.read_csv(written["roc"].with_suffix(".csv"))["sensitivity"].isna().all()


def test_hundreds_of_splits_warn_of_nothing_and_are_all_in_the_numbers(tmp_path: Path) -> None:
    split = prediction(["A", "B", "C"], [1, 0, 0], [0.9, 0.1, 0.4])
    arm = ArmPredictions("x", tuple(dataclasses.replace(split, split=i) for i in range(120)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.PerformanceWarning)
        written = drawn(results_of([arm]), tmp_path)
    numbers = pd.read_csv(written["roc_x"].with_suffix(".csv"))
    assert sum(name.startswith("split_") for name in numbers) == 120


def test_matplotlib_waits_until_something_is_drawn() -> None:
    code = "import sys, lungmet_worc.analyses.all_figures, lungmet_worc.report; "
    code += "assert not {'matplotlib', 'jinja2', 'openpyxl', 'WORC'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
