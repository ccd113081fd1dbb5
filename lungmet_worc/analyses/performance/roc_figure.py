"""ROC curves: of all arms in one figure, and of each arm with its single splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from lungmet_worc.analyses.results import ArmPredictions
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.display.language import Language
from lungmet_worc.display.marks import curves_sheet
from lungmet_worc.display.style import (
    DASHED,
    Drawing,
    Look,
    counts_text,
    interval_text,
    label_axis,
    looks,
    rows_of,
    shared_counts,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Every curve starts in the corner (0, 0) and may rise there before it goes right.
GRID = np.concatenate([[0.0], np.linspace(0.0, 1.0, 201)])
#: Bands of several arms lie over each other and hide what they should show.
BAR_PLACES = (0.2, 0.5, 0.8)
#: Single splits in a figure: more are one blot, and megabytes. The figure's CSV has all.
SHOWN_CURVES = 100
CHANCE = Look("0.45", DASHED, "")


def roc_figures(
    arms: Sequence[ArmPredictions], performance: pd.DataFrame, say: Language
) -> dict[str, Drawing]:
    """Draw the ROC curves of all arms, then those of each arm with its single splits.

    Parameters
    ----------
    arms : sequence of ArmPredictions
    performance : DataFrame
        The performance table of these arms.
    say : Language

    Returns
    -------
    dict of str to Drawing
        "roc", and "roc_<arm>" for each arm.
    """
    single = {arm.arm: split_curves(arm) for arm in arms}
    curves = {arm.arm: roc_band(arm, single[arm.arm]) for arm in arms}
    drawings = {"roc": draw_roc(curves, performance, say, looks(curves))}
    for arm in arms:
        names = [f"split_{split.split}" for split in arm.splits]
        each = pd.DataFrame(single[arm.arm].T, columns=names)
        drawing = draw_roc(
            {arm.arm: curves[arm.arm]},
            performance,
            say,
            looks(curves),
            single[arm.arm][:SHOWN_CURVES],
        )
        numbers = pd.concat([drawing.numbers, each], axis=1)
        drawings[f"roc_{arm.arm}"] = drawing._replace(numbers=numbers)
    return drawings


def split_curves(arm: ArmPredictions) -> NDArray[np.float64]:
    """Compute the ROC curve of every split on one grid of false-positive rates.

    Sensitivity between the points of a curve is interpolated; at a vertical step it is the
    upper end [1]_.

    Parameters
    ----------
    arm : ArmPredictions

    Returns
    -------
    array of float, shape (n_splits, 202)
        Sensitivity at the false-positive rates 0, 0, 0.005, ..., 1, the first of them the corner
        (0, 0); nan for a split of one class only.

    References
    ----------
    .. [1] Fawcett T. An introduction to ROC analysis. Pattern Recognition Letters
       2006;27:861-874 (vertical averaging). doi:10.1016/j.patrec.2005.10.010
    """
    curves = np.full((len(arm.splits), GRID.size), np.nan)
    for i, split in enumerate(arm.splits):
        if np.unique(split.outcome).size == 2:
            fpr, tpr, _ = roc_curve(split.outcome, split.posterior, drop_intermediate=False)
            curves[i] = np.interp(GRID, fpr, tpr)
            curves[i, 0] = 0.0
    return curves


def roc_band(arm: ArmPredictions, curves: NDArray[np.float64] | None = None) -> pd.DataFrame:
    """Average the ROC curves of the splits vertically, with a pointwise interval.

    Parameters
    ----------
    arm : ArmPredictions
    curves : array of float, shape (n_splits, 202), optional
        What `split_curves` gives, where it is known already.

    Returns
    -------
    DataFrame
        Columns false_positive_rate, sensitivity, ci_low, ci_high, n_splits. The interval is the
        corrected resampled one (Nadeau and Bengio 2003) at each point of the grid.
    """
    if curves is None:
        curves = split_curves(arm)
    n_train = [len(split.train_ids) for split in arm.splits]
    n_test = [len(split.test_ids) for split in arm.splits]
    rows = [
        (rate, *corrected_resampled_interval(curves[:, j], n_train, n_test))
        for j, rate in enumerate(GRID)
    ]
    columns = ["false_positive_rate", "sensitivity", "ci_low", "ci_high", "n_splits"]
    return pd.DataFrame(rows, columns=columns)


def draw_roc(
    curves: Mapping[str, pd.DataFrame],
    performance: pd.DataFrame,
    say: Language,
    looks_of: Mapping[str, Look],
    single_splits: NDArray[np.float64] | None = None,
) -> Drawing:
    """Draw ROC curves with their intervals; the curves of single splits where they are given.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        Arm -> what `roc_band` gives.
    performance : DataFrame
    say : Language
    looks_of : mapping of str to Look
    single_splits : array of float, shape (n_splits, 202), optional

    Returns
    -------
    Drawing
        Numbers: arm, false_positive_rate, sensitivity, ci_low, ci_high, n_splits.
    """
    rows = {arm: _auc_row(arm, performance) for arm in curves}
    shared = shared_counts(list(rows.values()))
    # One arm is always drawn with a whole line.
    drawn = {arm: looks_of[arm]._replace(line="-", marker="") for arm in curves}
    if len(curves) > 1:
        drawn = {arm: looks_of[arm] for arm in curves}
    labels = [_legend(arm, row, say, shared is None) for arm, row in rows.items()]
    splits = say.plural(max(int(r["n_splits"]) for r in rows.values()), "{n} split", "{n} splits")
    title = splits if shared is None else f"{counts_text(*shared, say)}, {splits}"
    figure, axes = curves_sheet(
        [*drawn.values(), CHANCE], [*labels, say("Chance")], title, n_curves=len(curves)
    )
    axes.plot([0, 1], [0, 1], color=CHANCE.colour, lw=0.8, ls=CHANCE.line, zorder=1)
    for i, (arm, frame) in enumerate(curves.items()):
        look = drawn[arm]
        for curve in single_splits if single_splits is not None else ():
            axes.plot(*_corners(curve), color=look.colour, lw=0.5, alpha=0.28, zorder=1.5)
        rate = frame["false_positive_rate"].to_numpy(dtype=float)
        axes.plot(rate, frame["sensitivity"], ls=look.line, color=look.colour, lw=1.5, zorder=3)
        if len(curves) == 1:
            low, high = frame["ci_low"], frame["ci_high"]
            axes.fill_between(rate, low, high, color=look.colour, alpha=0.18, linewidth=0)
        else:
            _draw_bars(axes, frame, look, 0.022 * (i - (len(curves) - 1) / 2))
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_xlabel(say("1 \N{MINUS SIGN} specificity (false-positive rate)"))
    axes.set_ylabel(say("Sensitivity (true-positive rate)"))
    for which in "xy":
        label_axis(axes, which, np.linspace(0, 1, 6).tolist(), say, 1)
    return Drawing(figure, _numbers(curves))


def _corners(curve: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points of a curve where it turns: the others only make the SVG larger."""
    # Steps of the grid are equal but for the first, which is vertical.
    kept = np.concatenate([[True], ~(np.abs(np.diff(curve, n=2)) < 1e-9), [True]])
    kept[1] = True
    return GRID[kept], curve[kept]


def _draw_bars(axes: Axes, frame: pd.DataFrame, look: Look, shift: float) -> None:
    """Draw the intervals of a curve at three places."""
    rate = frame["false_positive_rate"].to_numpy(dtype=float)
    for place in BAR_PLACES:
        row = frame.iloc[int(np.argmin(np.abs(rate - place - shift)))]
        x = float(row["false_positive_rate"])
        axes.plot([x, x], [row["ci_low"], row["ci_high"]], color=look.colour, lw=1.0, alpha=0.8)
        axes.plot(x, row["sensitivity"], look.marker, color=look.colour, ms=4.5, zorder=4)


def _legend(arm: str, row: Mapping[str, Any], say: Language, with_counts: bool) -> str:
    """Return the legend of an arm: its name, AUC and interval, patients where arms differ."""
    auc = interval_text(row["mean"], row["ci_low"], row["ci_high"], say)
    text = say("{arm}: AUC {auc}", arm=say.arm(arm), auc=auc)
    if with_counts:
        text += f", {counts_text(row['n_patients'], row['n_events'], say)}"
    return text


def _auc_row(arm: str, performance: pd.DataFrame) -> dict[str, Any]:
    """Return the AUC of an arm in the performance table."""
    chosen = (performance["arm"] == arm) & (performance["metric"] == "auc")
    return rows_of(performance[chosen])[0]


def _numbers(curves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the curves of all arms under each other."""
    frames = [frame.assign(arm=arm)[["arm", *frame.columns]] for arm, frame in curves.items()]
    return pd.concat(frames, ignore_index=True)
