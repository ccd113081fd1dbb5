"""What figures look like: nothing cut, nothing over another thing, numbers of the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.text import Text

from lungmet_worc.analyses.all_figures import draw_all, write_all_figures
from lungmet_worc.analyses.all_tables import make_all_tables
from lungmet_worc.analyses.results import ArmPredictions, StudyResults
from lungmet_worc.display.language import language
from lungmet_worc.display.style import DOUBLE, SINGLE, STYLE, Drawing
from lungmet_worc.study.cohort import NOBODY, Cohort
from lungmet_worc.study.reasons import Excluded, NoFeatures, NoImage, NoValue, Reason
from tests.analyses.made_up import made_up_cohort, made_up_results, outcome_tables
from tests.analyses.test_results import make_arms, prediction

Tables = dict[str, pd.DataFrame]
LONG = (
    "MRI_T1_with_gadolinium_contrast_before_surgery",
    "clinical_age_grade_and_size_of_the_tumour",
    "averyverylongnamewithoutanyspaceorunderscoreinitatallreallyindeed",
    "volume $only$ 50%",
)


@cache
def study(n_arms: int) -> tuple[StudyResults, Tables]:
    results = made_up_results(n_arms)
    return results, make_all_tables(results)


def make_cohort(arms: list[str], *, differ: bool = False) -> Cohort:
    """Return 57 patients, six of whom enter no arm; where arms differ, five more not all."""
    failed, no_age = Reason((NoFeatures("CT", "bad mask"),)), Reason((NoValue("age"),))
    rows = []
    for i in range(57):
        out = NoImage("MRI") if i > 52 else Excluded() if i > 50 else None
        why = dict.fromkeys(arms, Reason((out,)) if out else None)
        for arm in arms[1::2] if differ and i < 5 else ():
            why[arm] = failed if i < 3 else no_age
        rows.append((f"P{i}", int(i < 19), {"MRI": i <= 52}, why))
    return made_up_cohort(rows)


def renamed(n_arms: int) -> tuple[StudyResults, Tables]:
    """Return a study whose arms have long names."""
    results, made = study(n_arms)
    old = [arm.arm for arm in results.arms]
    new = [f"{LONG[i % 4]}_{i}" for i in range(len(old))]
    names = dict(zip(old, new, strict=True))
    arms = [ArmPredictions(names[arm.arm], arm.splits) for arm in results.arms]
    columns = ("arm", "arm_a", "arm_b")
    frames = {
        name: frame.assign(**{c: frame[c].map(names) for c in columns if c in frame})
        for name, frame in made.items()
        if name != "paper"
    }
    return StudyResults(**{**results.__dict__, "arms": arms}), frames


def drawn(
    results: StudyResults, made: Tables, code: str = "en", *, differ: bool = True
) -> dict[str, Drawing]:
    cohort = make_cohort([arm.arm for arm in results.arms], differ=differ)
    with rc_context(STYLE):
        drawings = draw_all(replace(results, cohort=cohort), made, language(code))
        for drawing in drawings.values():
            drawing.figure.canvas.draw()
    return drawings


def shown_texts(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def assert_readable(figure: Figure, name: str) -> None:
    """Check sizes of text, that nothing is cut, and that no text lies over another."""
    renderer = figure.canvas.get_renderer()
    texts = shown_texts(figure)
    assert min(text.get_fontsize() for text in texts) >= 7, name
    assert round(figure.get_figwidth() * 2.54, 2) in (SINGLE, DOUBLE), name
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    boxes = [(text, box) for text, box in boxes if text.strip()]
    width, height = figure.bbox.width, figure.bbox.height
    for text, box in boxes:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, (name, text)
    for (one, a), (two, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Lines of one text stand close.
        assert across < 1 or down < 0.25 * min(a.height, b.height), (name, one, two)


@pytest.mark.parametrize(
    ("n_arms", "of", "code"),
    [
        (1, renamed, "nl"),
        (2, study, "nl"),
        (3, renamed, "en"),
        (6, study, "en"),
        (6, renamed, "nl"),
    ],
)
def test_nothing_overlaps_and_nothing_is_cut(
    n_arms: int,
    of: Callable[[int], tuple[StudyResults, Tables]],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, drawing in drawn(*of(n_arms), code).items():
        assert_readable(drawing.figure, name)
    assert caplog.text == ""  # such as a text without Dutch


def test_an_overlap_would_be_seen() -> None:
    results, made = study(2)
    figure = drawn(results, made)["auc"].figure
    first = shown_texts(figure)[0]
    figure.text(0.0, 0.0, first.get_text(), transform=first.get_transform(), size=8).set_position(
        first.get_position()
    )
    with pytest.raises(AssertionError):
        assert_readable(figure, "auc")


def test_numbers_are_those_of_the_tables() -> None:
    results, made = study(3)
    figures = drawn(results, made)
    found = figures["subgroups"].numbers
    pd.testing.assert_frame_equal(found, made["subgroups"].reset_index(drop=True))
    differences = made["comparison"].query("metric == 'auc'")
    np.testing.assert_array_equal(figures["comparison"].numbers["ci_low"], differences["ci_low"])
    patients = figures["posteriors"].numbers
    np.testing.assert_array_equal(
        patients["posterior_mean"], made["patients"]["posterior_mean"].to_numpy()
    )
    assert "patient_id" not in patients
    mean = figures["auc"].numbers.query("split == 'all'")["auc"]
    performance = made["performance"].query("metric == 'auc'")
    np.testing.assert_array_equal(mean, performance["mean"])
    keys = ["arm", "modality", "group"]
    both = figures["importance"].numbers.merge(made["importance"], on=keys, suffixes=("", "_t"))
    assert len(both) == len(figures["importance"].numbers)
    np.testing.assert_array_equal(both["importance"], both["importance_t"])


def test_an_old_run_draws_what_it_can(tmp_path: Path) -> None:
    results, made = study(1)
    old = {name: made[name] for name in ("performance", "splits", "patients", "comparison")}
    written = write_all_figures(replace(results, cohort=NOBODY), old, tmp_path)
    assert list(written) == ["roc", "roc_MRI", "auc", "calibration", "decision", "posteriors"]


def test_arms_without_any_auc() -> None:
    arms = [
        ArmPredictions("x", (prediction(["A", "B"], [0, 0], [0.9, 0.1], 0),)),
        ArmPredictions("y", (prediction(["A", "B"], [0, 0], [0.2, 0.1], 0),)),
    ]
    results, _ = study(1)
    results = StudyResults(**{**results.__dict__, "arms": arms})
    figures = drawn(results, outcome_tables(arms))
    assert list(figures) == ["flow", "roc", "roc_x", "roc_y", "auc", "posteriors"]
    assert figures["roc"].numbers["sensitivity"].isna().all()
    for name, drawing in figures.items():
        assert_readable(drawing.figure, name)


def test_many_patients_and_splits_make_no_large_svg(tmp_path: Path) -> None:
    arms = make_arms({"a": 0.5, "b": 0.4, "c": 0.3}, 100, 700, 200)
    results, _ = study(1)
    results = replace(results, arms=arms, cohort=make_cohort(["a", "b", "c"]))
    written = write_all_figures(results, outcome_tables(arms), tmp_path)
    sizes = {name: path.stat().st_size for name, path in written.items()}
    assert max(sizes.values()) < 150_000, sizes
