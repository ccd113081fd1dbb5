"""Pooled probabilities of the patients by their outcome, in each arm."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.marks import Row, draw_dots, draw_rows, row_centres, spread, vertical
from lungmet_worc.display.style import (
    DOUBLE,
    SOFT,
    TEXT,
    Drawing,
    interval_text,
    label_axis,
    looks,
    sheet,
    wrapped,
    write,
)

_LABELS, _TEXTS = 5.4, 3.4
CAPTIONS = {
    "posteriors": (
        later("Predicted probability of each patient by outcome, arm by arm."),
        later(
            "Mean predicted probability of each patient in the splits that tested the "
            "patient; the further apart the two outcomes lie, the better the arm."
        ),
    ),
}


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw the pooled probability of every patient, with and without the outcome apart.

    Returns
    -------
    dict of str to Drawing
        Empty without patients. Numbers: arm, outcome, patient (a number, not the id, in the order
        of the table), posterior_mean.
    """
    patients = tables["patients"]
    if patients.empty:
        return {}
    looks_of = looks(map(str, patients["arm"]))
    rows: list[Row] = []
    groups: list[tuple[str, bool, np.ndarray] | None] = []
    for arm in looks_of:
        rows.append(Row(wrapped(say.arm(arm), _LABELS + 4, weight="bold"), is_heading=True))
        groups.append(None)
        for outcome in (1, 0):
            chosen = (patients["arm"] == arm) & (patients["outcome"] == outcome)
            values = patients.loc[chosen, "posterior_mean"].to_numpy(dtype=float)
            n = values.size
            label = say("With outcome (n = {n})", n=n)
            if not outcome:
                label = say("Without outcome (n = {n})", n=n)
            rows.append(Row(wrapped(label, _LABELS - 0.3), [_summary(values, say)], indent=0.3))
            groups.append((arm, bool(outcome), values))
    centres = row_centres(rows, 0.55)
    left = 0.15 + _LABELS
    width = DOUBLE - left - _TEXTS - 0.4
    figure = sheet(DOUBLE, 0.75 + float(centres[-1]) + 1.0)
    write(figure, left + width + 0.25, 0.2, say("Median (quartiles)"), weight="bold")
    write(figure, 0.15, 0.15, _title(patients, say), size=TEXT, colour=SOFT)
    axes = draw_rows(figure, (0.15, 0.75, left, width), rows, centres, (0.0, 1.0))
    vertical(axes, 0.5)
    for group, y in zip(groups, centres, strict=False):
        if group is None or not group[2].size:
            continue
        arm, is_event, values = group
        dots = (values, y + spread(values.size, 0.34))
        draw_dots(axes, dots, looks_of[arm], filled=is_event, total=len(patients))
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        axes.plot([low, high], [y, y], color="0.0", lw=1.0, zorder=3, solid_capstyle="butt")
        axes.plot([middle] * 2, [y - 0.2, y + 0.2], color="0.0", lw=1.4, zorder=3)
    label_axis(axes, "x", np.linspace(0, 1, 6).tolist(), say, 1)
    axes.set_xlabel(say("Probability of the outcome, mean over the tests of a patient"))
    return {"posteriors": Drawing(figure, _numbers(patients))}


def _summary(values: np.ndarray, say: Language) -> str:
    """Return the median with the quartiles."""
    if not values.size:
        return say("no patient")
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return interval_text(middle, low, high, say)


def _title(patients: pd.DataFrame, say: Language) -> str:
    """Return how often patients were tested."""
    least, most = int(patients["n_tested"].min()), int(patients["n_tested"].max())
    if least == most:
        return say.plural(least, "Each patient tested once", "Each patient tested {n} times")
    return say("Each patient tested {least} to {most} times", least=least, most=most)


def _numbers(patients: pd.DataFrame) -> pd.DataFrame:
    """Return what is drawn, without the ids of patients."""
    numbers = patients[["arm", "outcome", "posterior_mean"]].reset_index(drop=True)
    numbers.insert(2, "patient", numbers.groupby("arm", sort=False).cumcount() + 1)
    return numbers
