"""The AUC of each arm with its interval, beside the AUC of each split."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.display.language import Language
from lungmet_worc.display.marks import (
    Row,
    draw_dots,
    draw_interval,
    draw_rows,
    round_range,
    row_centres,
    spread,
    ticks_of,
    vertical,
)
from lungmet_worc.display.style import (
    DOUBLE,
    SOFT,
    TEXT,
    Drawing,
    counts_text,
    interval_text,
    label_axis,
    looks,
    rows_of,
    shared_counts,
    sheet,
    wrapped,
    write,
)

_LABELS, _TEXTS = 4.6, 3.2


def auc_figure(performance: pd.DataFrame, splits: pd.DataFrame, say: Language) -> Drawing:
    """Draw the mean AUC of each arm with its interval, the splits as pale dots.

    Parameters
    ----------
    performance, splits : DataFrame
        These tables.
    say : Language

    Returns
    -------
    Drawing
        Numbers: arm, split ("all" for the mean), auc, ci_low, ci_high.
    """
    found = rows_of(performance[performance["metric"] == "auc"])
    looks_of = looks(str(row["arm"]) for row in found)
    shared = shared_counts(found)
    rows = [_row(row, say, shared is None) for row in found]
    centres = row_centres(rows, 0.95)
    n_splits = max(int(row["n_splits"]) for row in found)
    title = say.plural(n_splits, "{n} split", "{n} splits")
    if shared is not None:
        title = f"{counts_text(*shared, say)}, {title}"
    figure = sheet(DOUBLE, 0.75 + float(centres[-1]) + 1.0)
    write(figure, 0.15, 0.15, title, size=TEXT, colour=SOFT)
    low, high = _range(found, splits)
    left = 0.15 + _LABELS + 0.2
    width = DOUBLE - left - _TEXTS - 0.45
    axes = draw_rows(figure, (0.15, 0.75, left, width), rows, centres, (low, high))
    vertical(axes, 0.5)
    for row, y in zip(found, centres, strict=False):
        arm = str(row["arm"])
        single = splits.loc[splits["arm"] == arm, "auc"].dropna().to_numpy(dtype=float)
        dots = (single, y + 0.22 + spread(single.size, 0.2))
        draw_dots(axes, dots, looks_of[arm], filled=True, total=len(splits))
        estimate = (row["mean"], row["ci_low"], row["ci_high"])
        draw_interval(axes, estimate, y - 0.04, looks_of[arm], size=6)
    ticks, digits = ticks_of(low, high, width)
    label_axis(axes, "x", ticks, say, digits)
    axes.set_xlabel(say("AUC (0.5 is chance, 1 is perfect), mean and 95% interval; dots: splits"))
    return Drawing(figure, _numbers(performance, splits))


def _row(row: dict[str, Any], say: Language, with_counts: bool) -> Row:
    """Return the texts of an arm."""
    label = wrapped(say.arm(str(row["arm"])), _LABELS)
    if with_counts:
        label += wrapped(counts_text(row["n_patients"], row["n_events"], say), _LABELS)
    return Row(label, [interval_text(row["mean"], row["ci_low"], row["ci_high"], say)])


def _range(found: list[dict[str, Any]], splits: pd.DataFrame) -> tuple[float, float]:
    """Return the range of AUC that holds everything drawn, chance and 1."""
    values = [0.5, *splits["auc"].dropna(), *(row["ci_low"] for row in found)]
    return round_range(float(np.nanmin(values)), 1.0, 0.1)


def _numbers(performance: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Return the mean AUC of each arm, then that of each split."""
    means = performance[performance["metric"] == "auc"].rename(columns={"mean": "auc"})
    columns = ["arm", "split", "auc", "ci_low", "ci_high"]
    both = pd.concat([means.assign(split="all"), splits.assign(split=splits["split"].map(str))])
    return both[columns].reset_index(drop=True)
