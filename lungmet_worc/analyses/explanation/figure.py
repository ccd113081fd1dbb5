"""What the ensembles of each arm look at: groups of features by permutation importance."""

from __future__ import annotations

import math
from typing import Any

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
    row_height,
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
    interval_text,
    label_axis,
    lines_height,
    looks,
    number_text,
    rows_of,
    sheet,
    wrapped,
    write,
)
from lungmet_worc.study.feature_groups import IMAGE_GROUPS

GROUP_NAMES = {
    "all": later("all features"),
    "shape": later("shape"),
    "orientation": later("orientation"),
    "intensity": later("intensity"),
    "texture": later("texture"),
    "filtered": later("filtered images"),
    "clinical": later("clinical data"),
    "other": later("other features"),
}
#: More rows than this stand in two columns, without the numbers beside them.
MOST_ROWS = 34
_ROW = 0.42
_CHOSEN, _TEXTS = 1.5, 3.3
_Entry = dict[str, Any] | None
CAPTIONS = {
    "importance": (
        later("Fall of the AUC of each arm when a group of features is permuted."),
        later(
            "How much the AUC of the test parts falls when the features of a group are "
            "mixed up among the patients, with 95% intervals: around zero, the models do "
            "not need the group."
        ),
    ),
}


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw how much each group of features matters to each arm, with its interval.

    Returns
    -------
    dict of str to Drawing
        Empty without explanations. Numbers: the rows of the table that are drawn; a modality of
        one group only is drawn once.
    """
    importance = tables["importance"]
    if importance.empty:
        return {}
    shown = _shown(importance)
    looks_of = looks(map(str, shown["arm"]))
    in_two = len(shown) + len(looks_of) > MOST_ROWS
    width = (DOUBLE - 0.3 - (0.5 if in_two else 0.0)) / (2 if in_two else 1)
    labels = 3.9 if in_two else 5.0
    blocks = [
        (arm, _block(arm, shown[shown["arm"] == arm], labels, in_two, say)) for arm in looks_of
    ]
    sides = _two_columns(blocks) if in_two else [blocks]
    heights = [sum(_height(rows) for _, (rows, _) in side) for side in sides]
    note = wrapped(
        say(
            "Permutation importance: mean fall of the test AUC over the splits when the features "
            "of a group are permuted together, with 95% interval; in brackets their number. "
            "Chosen: share of the workflows that use at least one of them."
        ),
        DOUBLE - 0.3,
    )
    top = 0.15 + lines_height(1) + 0.1
    figure = sheet(DOUBLE, top + max(heights) + 1.0 + lines_height(len(note)) + 0.15)
    limits = _range(shown)
    for i, side in enumerate(sides):
        left = 0.15 + i * (width + 0.5)
        rows = [row for _, (block, _) in side for row in block]
        entries = [(arm, entry) for arm, (_, block) in side for entry in block]
        texts = 0.0 if in_two else _TEXTS
        columns = (left, top, left + labels + 0.15, width - labels - _CHOSEN - texts - 0.25)
        _draw_side(figure, columns, rows, entries, looks_of, limits, say)
    write(figure, 0.15, top + max(heights) + 1.0, note, colour=SOFT)
    return {"importance": Drawing(figure, shown.reset_index(drop=True))}


def _shown(importance: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in order: modalities as they come, all features before the groups."""
    frames = []
    order = {group: i for i, group in enumerate(("all", *IMAGE_GROUPS, "clinical", "other"))}
    for _, frame in importance.groupby(["arm", "modality"], sort=False):
        ranked = frame.assign(rank=frame["group"].map(lambda group: order.get(group, len(order))))
        ranked = ranked.sort_values("rank", kind="stable").drop(columns="rank")
        groups = ranked[ranked["group"] != "all"]
        frames.append(groups if len(groups) == 1 else ranked)
    return pd.concat(frames)


def _block(
    arm: str, frame: pd.DataFrame, width: float, in_two: bool, say: Language
) -> tuple[list[Row], list[_Entry]]:
    """Return the rows of an arm: its name, then modalities and groups."""
    rows = [Row(wrapped(say.arm(arm), width + 1.5, SMALL, "bold"), is_heading=True)]
    entries: list[_Entry] = [None]
    for entry in rows_of(frame):
        modality, group = str(entry["modality"]), str(entry["group"])
        name = say(GROUP_NAMES[group]) if group in GROUP_NAMES else group
        if group != "all" and group == modality:
            label, indent = name, 0.25
        elif group == "all" or (frame["modality"] == modality).sum() == 1:
            label, indent = f"{say.modality(modality)}: {name}", 0.25
        else:
            label, indent = name, 0.6
        label += f" ({int(entry['n_features'])})"
        text = interval_text(entry["importance"], entry["ci_low"], entry["ci_high"], say, 3)
        shown = () if in_two else (text,)
        rows.append(Row(wrapped(label, width - indent), shown, indent=indent))
        entries.append(entry)
    return rows, entries


def _height(rows: list[Row]) -> float:
    return sum(row_height(row, _ROW) for row in rows)


def _two_columns(blocks: list[Any]) -> list[list[Any]]:
    """Cut the arms where the two columns are about equally high."""
    heights = np.cumsum([_height(rows) for _, (rows, _) in blocks])
    if len(blocks) == 1:
        return [blocks]
    higher = [max(h, heights[-1] - h) for h in heights[:-1]]
    cut = int(np.argmin(higher)) + 1
    return [blocks[:cut], blocks[cut:]]


def _draw_side(
    figure: Any,
    columns: tuple[float, float, float, float],
    rows: list[Row],
    entries: list[tuple[str, _Entry]],
    looks_of: dict[str, Look],
    limits: tuple[float, float],
    say: Language,
) -> None:
    """Draw arms under each other."""
    left, top, axes_left, width = columns
    centres = row_centres(rows, _ROW)
    axes = draw_rows(figure, (left, top, axes_left, width), rows, centres, limits)
    vertical(axes, 0.0)
    has_text = any(row.text for row in rows)
    chosen_at = axes_left + width + 0.25 + (_TEXTS if has_text else 0.0) + _CHOSEN - 0.35
    if has_text:
        heading = say("Fall (95% interval)")
        write(figure, axes_left + width + 0.25, top - 0.35, heading, weight="bold")
    write(figure, chosen_at, top - 0.35, say("Chosen"), weight="bold", align="right")
    for (arm, entry), y in zip(entries, centres, strict=False):
        if entry is None:
            continue
        estimate = (entry["importance"], entry["ci_low"], entry["ci_high"])
        is_sum = entry["group"] == "all"
        look = looks_of[arm]
        draw_interval(axes, estimate, y, look, size=5.0 if is_sum else 4.0, filled=is_sum)
        share = float(entry["chosen"])
        if not math.isnan(share):
            text = f"{number_text(100 * share, say, 0)}%"
            write(figure, chosen_at, top + y - lines_height(1) / 2, text, align="right")
    ticks, digits = ticks_of(*limits, width)
    label_axis(axes, "x", ticks, say, digits)
    axes.set_xlabel(say("Fall of the AUC"), size=TEXT)


def _range(shown: pd.DataFrame) -> tuple[float, float]:
    """Return the range that holds every interval and zero."""
    values = shown[["importance", "ci_low", "ci_high"]].to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    low, high = min([-0.02, *values]), max([0.05, *values])
    return round_range(low, high, 0.05 if high - low < 0.6 else 0.1)
