"""Calibration of each arm: predicted probabilities beside what happened."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from lungmet_worc.analyses.calibration.statistics import calibration_curve
from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.style import (
    DASHED,
    DOUBLE,
    SINGLE,
    SMALL,
    SOFT,
    TEXT,
    Drawing,
    Look,
    counts_text,
    interval_text,
    label_axis,
    lines_height,
    looks,
    number_text,
    place,
    rows_of,
    sheet,
    wrapped,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A group of a curve has about so many patients: with fewer its interval says nothing.
PER_GROUP = 10
MOST_GROUPS = 10
HISTOGRAM = 20
_LEFT, _BELOW, _STRIP = 1.15, 0.95, 0.9
CAPTIONS = {
    "calibration": (
        later("Calibration curve of each arm: observed share against predicted probability."),
        later(
            "Observed share of patients with the outcome against the predicted probability, "
            "in groups of equally many patients, with 95% intervals. On the dashed diagonal "
            "a predicted 30% means that 30 of 100 such patients have the outcome."
        ),
    ),
}


class _Panel(NamedTuple):
    """What is drawn of one arm."""

    arm: str
    heading: list[str]
    lines: list[str]
    curve: pd.DataFrame
    posterior: tuple[np.ndarray, np.ndarray]


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw the calibration curve of each arm on the pooled probabilities of its patients.

    Returns
    -------
    dict of str to Drawing
        Empty where no arm has patients with and without the outcome. Numbers: arm, predicted,
        observed, ci_low, ci_high, n_patients, n_events, a row for each group of patients.
    """
    patients, calibration = tables["patients"], tables["calibration"]
    looks_of = looks(map(str, patients["arm"]))
    curves = {arm: _curve(patients[patients["arm"] == arm]) for arm in looks_of}
    curves = {arm: curve for arm, curve in curves.items() if not curve.empty}
    if not curves:
        return {}
    columns = min(len(curves), 4) if len(curves) != 5 and len(curves) != 6 else 3
    width = ((SINGLE if columns == 1 else DOUBLE) - 0.15) / columns
    side = min(width - _LEFT - 0.3, 6.0)
    panels = [
        _panel(arm, curve, patients[patients["arm"] == arm], calibration, width - 0.45, say)
        for arm, curve in curves.items()
    ]
    lines = max(lines_height(len(p.heading), TEXT) + lines_height(len(p.lines)) for p in panels)
    height = lines + 0.2 + side + 0.15 + _STRIP + _BELOW
    n_rows = math.ceil(len(panels) / columns)
    key = _key_lines(say, (SINGLE if columns == 1 else DOUBLE) - 0.3)
    figure = sheet(
        SINGLE if columns == 1 else DOUBLE, 0.15 + n_rows * height + lines_height(len(key)) + 0.3
    )
    for i, panel in enumerate(panels):
        left, top = 0.15 + width * (i % columns), 0.15 + height * (i // columns)
        _draw_panel(figure, panel, looks_of[panel.arm], (left, top, side, lines + 0.2), say)
    write(figure, 0.15, 0.25 + n_rows * height, key, colour=SOFT)
    numbers = [curve.assign(arm=arm)[["arm", *curve.columns]] for arm, curve in curves.items()]
    return {"calibration": Drawing(figure, pd.concat(numbers, ignore_index=True))}


def _curve(patients: pd.DataFrame) -> pd.DataFrame:
    """Return the calibration curve of an arm; empty where its patients have one outcome."""
    outcome = patients["outcome"].to_numpy(dtype=int)
    if np.unique(outcome).size < 2:
        return pd.DataFrame()
    groups = int(np.clip(outcome.size // PER_GROUP, 2, MOST_GROUPS))
    posterior = patients["posterior_mean"].to_numpy(dtype=float)
    return calibration_curve(outcome, posterior, bins=groups)


def _panel(
    arm: str,
    curve: pd.DataFrame,
    patients: pd.DataFrame,
    calibration: pd.DataFrame,
    width: float,
    say: Language,
) -> _Panel:
    """Return the texts and numbers of an arm."""
    outcome = patients["outcome"].to_numpy(dtype=int)
    posterior = patients["posterior_mean"].to_numpy(dtype=float)
    lines = wrapped(counts_text(outcome.size, outcome.sum(), say), width)
    rows = {str(row["measure"]): row for row in rows_of(calibration) if row["arm"] == arm}
    for text in _measures(rows, say):
        lines += wrapped(text, width)
    heading = wrapped(say.arm(arm), width, TEXT, "bold")
    return _Panel(arm, heading, lines, curve, (posterior[outcome == 1], posterior[outcome == 0]))


def _measures(rows: Mapping[str, Mapping[str, Any]], say: Language) -> list[str]:
    """Return the measures of calibration in words, those that the table has."""
    texts = []
    if row := rows.get("intercept"):
        text = interval_text(row["value"], row["ci_low"], row["ci_high"], say)
        texts.append(say("Intercept {interval}", interval=text))
    if row := rows.get("slope"):
        text = interval_text(row["value"], row["ci_low"], row["ci_high"], say)
        texts.append(say("Slope {interval}", interval=text))
    if row := rows.get("expected_calibration_error"):
        text = number_text(float(row["value"]), say)
        texts.append(say("Expected error {error}", error=text))
    return texts


def _draw_panel(
    figure: Figure,
    panel: _Panel,
    look: Look,
    corner: tuple[float, float, float, float],
    say: Language,
) -> None:
    """Draw an arm: its curve above, how its predictions are spread below."""
    left, top, side, texts = corner
    down = write(figure, left, top, panel.heading, size=TEXT, weight="bold")
    write(figure, left, top + down, panel.lines, colour=SOFT)
    axes = place(figure, left + _LEFT - 0.15, top + texts, side, side)
    axes.plot([0, 1], [0, 1], color="0.45", lw=0.8, ls=DASHED, zorder=1)
    curve = panel.curve
    axes.vlines(curve["predicted"], curve["ci_low"], curve["ci_high"], color=look.colour, lw=1)
    axes.plot(curve["predicted"], curve["observed"], ls=look.line, color=look.colour, lw=1.2)
    axes.plot(curve["predicted"], curve["observed"], look.marker, color=look.colour, ms=4.5)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_ylabel(say("Observed share"), size=SMALL)
    label_axis(axes, "y", (0, 0.5, 1), say, 1)
    axes.set_xticks((0, 0.5, 1), labels=[])
    strip = place(figure, left + _LEFT - 0.15, top + texts + side + 0.15, side, _STRIP)
    _draw_spread(strip, panel.posterior)
    label_axis(strip, "x", (0, 0.5, 1), say, 1)
    strip.set_xlabel(say("Predicted probability"), size=SMALL)


def _draw_spread(axes: Axes, posterior: tuple[np.ndarray, np.ndarray]) -> None:
    """Draw histograms: patients with the outcome upwards, without it downwards."""
    edges = np.linspace(0, 1, HISTOGRAM + 1)
    with_outcome, without = (np.histogram(np.clip(p, 0, 1), edges)[0] for p in posterior)
    # One line for all bars: an SVG of eight arms would be large.
    axes.stairs(with_outcome, edges, fill=True, color="0.25", lw=0)
    axes.stairs(-without, edges, color="0.25", lw=0.6)
    axes.axhline(0, color="0.25", lw=0.6)
    most = 1.08 * max(with_outcome.max(), without.max(), 1)
    axes.set(xlim=(-0.02, 1.02), ylim=(-most, most), yticks=[])
    axes.spines["left"].set_visible(False)


def _key_lines(say: Language, width: float) -> list[str]:
    """Return what is drawn, in words."""
    text = say(
        "Marks: groups of patients of equal size, with 95% interval. Dashed line: perfect "
        "calibration. Bars: number of patients with the outcome (filled, upwards) and without it "
        "(empty, downwards)."
    )
    return wrapped(text, width, SMALL)
