"""The AUC of each arm in subgroups of the patients, as forest plots side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.marks import (
    Row,
    draw_interval,
    draw_rows,
    round_range,
    row_centres,
    ticks_of,
    vertical,
)
from lungmet_worc.display.style import (
    DOUBLE,
    SMALL,
    SOFT,
    TEXT,
    Drawing,
    Look,
    label_axis,
    lines_height,
    looks,
    rows_of,
    sheet,
    wrapped,
    write,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Forest plots beside each other.
COLUMNS = 4
_LABELS, _COUNTS = 3.3, 1.15
Found = Mapping[tuple[str, str, str], Mapping[str, Any]]
CAPTIONS = {
    "subgroups": (
        later("AUC of each subgroup with its 95% interval, arm by arm."),
        later(
            "AUC within subgroups with 95% intervals; subgroups with too few events have "
            "none. The dashed line is chance."
        ),
    ),
}


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw the AUC in each subgroup, a forest plot for each arm.

    Returns
    -------
    dict of str to Drawing
        Empty without subgroups. Numbers: the rows of the table.
    """
    subgroups = tables["subgroups"]
    if subgroups.empty:
        return {}
    looks_of = looks(map(str, subgroups["arm"]))
    arms = list(looks_of)
    found = {(str(r["arm"]), str(r["column"]), str(r["level"])): r for r in rows_of(subgroups)}
    keys = list(dict.fromkeys((column, level) for _, column, level in found))
    rows, levels = _rows(keys)
    centres = row_centres(rows, 0.42)
    columns = min(len(arms), COLUMNS)
    width = (DOUBLE - 0.15 - _LABELS) / columns
    headings = {arm: wrapped(say.arm(arm), width - 0.35, TEXT, "bold") for arm in arms}
    top = max(lines_height(len(h), TEXT) for h in headings.values()) + lines_height(1) + 0.1
    height = top + float(centres[-1]) + 1.05
    note = wrapped(
        say(
            "AUC on pooled probabilities with 95% interval; no estimate with fewer than 10 "
            "patients with or without the outcome."
        ),
        DOUBLE - 0.3,
    )
    n_rows = math.ceil(len(arms) / columns)
    figure = sheet(DOUBLE, 0.15 + n_rows * height + lines_height(len(note)) + 0.15)
    limits = _range(subgroups)
    for i, arm in enumerate(arms):
        left = 0.15 + _LABELS + width * (i % columns)
        upper = 0.15 + height * (i // columns)
        shown = rows if i % columns == 0 else [row._replace(label=[""]) for row in rows]
        write(figure, left + 0.2, upper, headings[arm], size=TEXT, weight="bold")
        place_of = (left, upper + top, width)
        _draw_arm(
            figure, place_of, (shown, centres, levels), (arm, looks_of[arm], found), limits, say
        )
    write(figure, 0.15, 0.15 + n_rows * height, note, colour=SOFT)
    return {"subgroups": Drawing(figure, subgroups.reset_index(drop=True))}


def _rows(keys: list[tuple[str, str]]) -> tuple[list[Row], list[tuple[str, str] | None]]:
    """Return the rows of one plot: a heading for each column, then its levels."""
    rows: list[Row] = []
    levels: list[tuple[str, str] | None] = []
    for column in dict.fromkeys(column for column, _ in keys):
        label = wrapped(column.replace("_", " "), _LABELS - 0.2, SMALL, "bold")
        rows.append(Row(label, is_heading=True))
        levels.append(None)
        for key in keys:
            if key[0] == column:
                rows.append(Row(wrapped(key[1], _LABELS - 0.5), indent=0.3))
                levels.append(key)
    return rows, levels


def _draw_arm(
    figure: Figure,
    place_of: tuple[float, float, float],
    plot: tuple[list[Row], np.ndarray, list[tuple[str, str] | None]],
    of_arm: tuple[str, Look, Found],
    limits: tuple[float, float],
    say: Language,
) -> None:
    """Draw the forest plot of one arm, with events and patients of each level."""
    left, top, width = place_of
    rows, centres, levels = plot
    arm, look, found = of_arm
    wide = width - 0.45 - _COUNTS
    # Rows keep their heights where their labels are not written again.
    axes = draw_rows(figure, (0.15, top, left + 0.2, wide), rows, centres, limits)
    vertical(axes, 0.5)
    right = left + width - 0.2
    heading = say("events / n")
    write(figure, right, top - lines_height(1), heading, colour=SOFT, align="right")
    for key, y in zip(levels, centres, strict=False):
        row = found.get((arm, *key)) if key else None
        if row is None:
            continue
        text = f"{int(row['n_events'])} / {int(row['n_patients'])}"
        middle = top + y - lines_height(1) / 2
        write(figure, right, middle, text, align="right")
        if math.isnan(row["auc"]):
            few: dict[str, Any] = {
                "size": SMALL,
                "color": SOFT,
                "ha": "center",
                "va": "center_baseline",
            }
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
            axes.text(sum(limits) / 2, y, say("too few"), bbox=box, zorder=3, **few)
        draw_interval(axes, (row["auc"], row["ci_low"], row["ci_high"]), y, look, size=4.5)
    ticks, digits = ticks_of(*limits, wide)
    label_axis(axes, "x", ticks, say, digits)
    axes.set_xlabel(say("AUC"))


def _range(subgroups: pd.DataFrame) -> tuple[float, float]:
    """Return the range that holds every interval, chance and 1."""
    values = [0.5, *subgroups["ci_low"].dropna(), *subgroups["auc"].dropna()]
    return round_range(min(values), 1.0, 0.25)
