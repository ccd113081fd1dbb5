"""Figures of a study: ROC curves and the AUC of each arm, with the numbers they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from lungmet_worc.collect import ArmPredictions, check_arms, splits_table
from lungmet_worc.report.sections import SHOWN_CURVES
from lungmet_worc.report.wording import arm_label, interval_text, plural
from lungmet_worc.statistics.metrics import corrected_resampled_interval
from lungmet_worc.tables import csv_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette without its yellow, which is too pale for a line on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
LINES = ("-", "--", "-.", ":")
# Every curve starts in the corner (0, 0) and may rise there before it goes right.
GRID = np.concatenate([[0.0], np.linspace(0.0, 1.0, 201)])
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "legend.fontsize": 9.5,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    # Without a fixed salt every SVG would differ from the last one.
    "svg.hashsalt": "lungmet_worc",
    "svg.fonttype": "path",
}


def write_all_figures(
    arms: Sequence[ArmPredictions], performance: pd.DataFrame, folder: Path
) -> dict[str, Path]:
    """Draw every figure of a study, each as PNG, SVG and the CSV of what was drawn.

    Parameters
    ----------
    arms : sequence of ArmPredictions
    performance : DataFrame
        The performance table of these arms.
    folder : Path
        Made if it is missing.

    Returns
    -------
    dict of str to Path
        The SVG of each figure: "roc" (all arms), "auc", and "roc_<arm>" for each arm.

    Raises
    ------
    ResultsError
        If the predictions do not belong to one study.
    """
    from matplotlib import rc_context

    check_arms(arms)
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        figures = _draw_all(arms, performance)
        return {name: _save(*figure, folder, name) for name, figure in figures.items()}


def _draw_all(
    arms: Sequence[ArmPredictions], performance: pd.DataFrame
) -> dict[str, tuple[Figure, pd.DataFrame]]:
    """Draw every figure; return each with the numbers that it shows."""
    single = {arm.arm: split_curves(arm) for arm in arms}
    curves = {arm.arm: roc_band(arm, single[arm.arm]) for arm in arms}
    colours = {arm.arm: COLOURS[i % len(COLOURS)] for i, arm in enumerate(arms)}
    splits = splits_table(arms)
    figures = {
        "roc": (_draw_roc(curves, performance, colours), _roc_numbers(curves)),
        "auc": (_draw_auc(performance, splits, colours), _auc_numbers(performance, splits)),
    }
    for arm in arms:
        one = {arm.arm: curves[arm.arm]}
        names = [f"split_{split.split}" for split in arm.splits]
        each = pd.DataFrame(single[arm.arm].T, columns=names)
        numbers = pd.concat([_roc_numbers(one), each], axis=1)
        drawing = _draw_roc(one, performance, colours, single[arm.arm][:SHOWN_CURVES])
        figures[f"roc_{arm.arm}"] = (drawing, numbers)
    return figures


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


def _roc_numbers(curves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the curves of all arms under each other."""
    frames = [frame.assign(arm=arm)[["arm", *frame.columns]] for arm, frame in curves.items()]
    return pd.concat(frames, ignore_index=True)


def _auc_numbers(performance: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Return the mean AUC of each arm, then that of each split."""
    means = performance[performance["metric"] == "auc"].rename(columns={"mean": "auc"})
    columns = ["arm", "split", "auc", "ci_low", "ci_high"]
    both = pd.concat([means.assign(split="all"), splits.assign(split=splits["split"].map(str))])
    return both[columns].reset_index(drop=True)


def _draw_roc(
    curves: Mapping[str, pd.DataFrame],
    performance: pd.DataFrame,
    colours: Mapping[str, str],
    single_splits: NDArray[np.float64] | None = None,
) -> Figure:
    """Draw ROC curves with their intervals; the curves of single splits where they are given."""
    figure, axes = _new_figure(5.6, 5.7 + 0.24 * len(curves))
    axes.plot([0, 1], [0, 1], color="0.45", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.text(0.9, 0.885, "chance", color="0.35", fontsize=9, rotation=45, ha="center", va="top")
    for i, (arm, frame) in enumerate(curves.items()):
        for curve in single_splits if single_splits is not None else ():
            axes.plot(GRID, curve, color=colours[arm], linewidth=0.6, alpha=0.28, zorder=1.5)
        line = LINES[i % len(LINES)]
        rate = frame["false_positive_rate"].to_numpy(dtype=float)
        label = _legend(arm, performance)
        axes.plot(rate, frame["sensitivity"], line, color=colours[arm], lw=2.2, label=label)
        if len(curves) == 1:
            low, high = frame["ci_low"], frame["ci_high"]
            axes.fill_between(rate, low, high, color=colours[arm], alpha=0.18, linewidth=0)
        else:
            _draw_bars(axes, frame, colours[arm], 0.018 * (i - (len(curves) - 1) / 2))
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xlabel("1 \N{MINUS SIGN} specificity (false-positive rate)")
    axes.set_ylabel("Sensitivity (true-positive rate)")
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_title(_counts(list(curves), performance), loc="left", color="0.25")
    figure.legend(loc="outside lower left", frameon=False, handlelength=2.6)
    return figure


def _draw_bars(axes: Axes, frame: pd.DataFrame, colour: str, shift: float) -> None:
    """Draw the intervals of a curve at three places.

    Bands of several arms lie over each other and hide what they should show.
    """
    rate = frame["false_positive_rate"].to_numpy(dtype=float)
    for place in (0.2, 0.5, 0.8):
        row = frame.iloc[int(np.argmin(np.abs(rate - place - shift)))]
        x = float(row["false_positive_rate"])
        axes.plot([x, x], [row["ci_low"], row["ci_high"]], color=colour, lw=1.4, alpha=0.75)


def _draw_auc(
    performance: pd.DataFrame, splits: pd.DataFrame, colours: Mapping[str, str]
) -> Figure:
    """Draw the AUC of each arm with its interval, the splits as pale dots."""
    rows = performance[performance["metric"] == "auc"].to_dict("records")
    figure, axes = _new_figure(7.2, 1.25 + 0.62 * len(rows))
    axes.axvline(0.5, color="0.45", linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    lowest = 0.5
    for i, row in enumerate(rows):
        arm, y = str(row["arm"]), len(rows) - 1 - i
        single = splits.loc[splits["arm"] == arm, "auc"].dropna().to_numpy(dtype=float)
        # Spread evenly, not at random: the figure is the same each time.
        spread = y - 0.24 + 0.1 * ((np.arange(single.size) * 0.618) % 1 - 0.5)
        axes.scatter(
            single,
            spread,
            s=13,
            color=colours[arm],
            alpha=0.4,
            linewidth=0,
            zorder=2,
            clip_on=False,
        )
        lowest = min([lowest, *single])
        if np.isnan(row["mean"]):
            continue
        if not np.isnan(row["ci_low"]):
            axes.plot(
                [row["ci_low"], row["ci_high"]],
                [y, y],
                color=colours[arm],
                linewidth=2.4,
                solid_capstyle="butt",
                zorder=3,
            )
            lowest = min(lowest, row["ci_low"])
        axes.plot(row["mean"], y, "o", color=colours[arm], markersize=8, zorder=4)
    for i, row in enumerate(rows):
        text = interval_text(row["mean"], row["ci_low"], row["ci_high"])
        axes.text(
            1.03,
            len(rows) - 1 - i,
            text,
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=10,
        )
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([arm_label(str(row["arm"])) for row in reversed(rows)], fontsize=10.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(
        xlim=(max(0.0, np.floor(lowest * 10 - 0.2) / 10), 1.015), ylim=(-0.6, len(rows) - 0.45)
    )
    axes.set_xlabel("AUC (0.5 is chance, 1 is perfect)")
    axes.set_title(_counts([str(r["arm"]) for r in rows], performance), loc="left", color="0.25")
    return figure


def _new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure (size in inches) without touching matplotlib's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width, height))
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _legend(arm: str, performance: pd.DataFrame) -> str:
    """Return the legend of an arm: its name, AUC and interval, patients where arms differ."""
    row = _auc_row(arm, performance)
    auc = interval_text(row["mean"], row["ci_low"], row["ci_high"])
    text = f"{arm_label(arm)}: AUC {auc}"
    rows = performance[performance["metric"] == "auc"]
    if len(rows[["n_patients", "n_events"]].drop_duplicates()) > 1:
        text += f", {_patients(row)}"
    return text


def _counts(arms: Sequence[str], performance: pd.DataFrame) -> str:
    """Return patients, events and splits if all arms share them, else the splits only."""
    rows = [_auc_row(arm, performance) for arm in arms]
    most = int(performance.loc[performance["arm"].isin(arms), "n_splits"].max())
    splits = plural(most, "split")
    same = len({(row["n_patients"], row["n_events"]) for row in rows}) == 1
    return f"{_patients(rows[0])}, {splits}" if same else splits


def _patients(row: Mapping[str, Any]) -> str:
    """Return the number of patients and events in words."""
    patients = plural(int(row["n_patients"]), "patient")
    return f"{patients}, {plural(int(row['n_events']), 'event')}"


def _auc_row(arm: str, performance: pd.DataFrame) -> dict[str, Any]:
    """Return the AUC of an arm in the performance table."""
    chosen = (performance["arm"] == arm) & (performance["metric"] == "auc")
    return {str(k): v for k, v in performance[chosen].to_dict("records")[0].items()}


def _save(figure: Figure, drawn: pd.DataFrame, folder: Path, name: str) -> Path:
    """Write a figure as PNG and SVG and its numbers as CSV; return the SVG's path."""
    svg = folder / f"{name}.svg"
    figure.savefig(folder / f"{name}.png", dpi=200, metadata={"Software": None})
    figure.savefig(svg, metadata={"Date": None, "Creator": None})
    text = csv_text(drawn)
    (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return svg
