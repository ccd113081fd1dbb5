"""Differences in AUC between the arms, by every test, as a forest plot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lungmet_worc.analyses.comparison.statistics import BOOTSTRAP_NAME, DELONG_NAME, TEST_NAME
from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.marks import (
    Row,
    draw_interval,
    draw_key,
    draw_rows,
    key_height,
    round_range,
    row_centres,
    ticks_of,
    vertical,
)
from lungmet_worc.display.style import (
    COLOURS,
    DOUBLE,
    SMALL,
    SOFT,
    TEXT,
    Drawing,
    Look,
    interval_text,
    label_axis,
    lines_height,
    rows_of,
    sheet,
    wrapped,
    write,
)
from lungmet_worc.display.wording import p_text

TEST_NAMES = {
    TEST_NAME: later("Corrected resampled t-test over the splits"),
    DELONG_NAME: later("DeLong test on pooled probabilities"),
    BOOTSTRAP_NAME: later("Bootstrap over patients on pooled probabilities"),
}
_LOOKS = (
    Look(COLOURS[0], "-", "o"),
    Look(COLOURS[3], "-", "s"),
    Look(COLOURS[2], "-", "^"),
)
#: More pairs than this stand closer, so that the figure fits on a page.
MANY_PAIRS = 15
_TEXTS, _P = 3.25, 1.5
COLUMNS = (
    "arm_a",
    "arm_b",
    "test",
    "difference",
    "ci_low",
    "ci_high",
    "p_value",
    "p_adjusted",
    "n_patients",
)
CAPTIONS = {
    "comparison": (
        later("Difference in AUC of each pair of arms with its 95% interval, beside zero."),
        later(
            "Differences in AUC between arms with their 95% intervals; an interval that "
            "crosses the dashed line at zero shows no clear difference."
        ),
    ),
}


def figures(results: StudyResults, tables: Tables, say: Language) -> dict[str, Drawing]:
    """Draw the difference in AUC of every pair of arms with its interval.

    Returns
    -------
    dict of str to Drawing
        Empty where there is nothing to compare. Numbers: `COLUMNS`.
    """
    comparison = tables["comparison"]
    if comparison.empty:
        return {}
    shown = comparison[(comparison["metric"] == "auc") & comparison["test"].isin(TEST_NAMES)]
    shown = shown[shown["difference"].notna()]
    if shown.empty:
        return {}
    tests = [test for test in TEST_NAMES if test in set(shown["test"])]
    pairs = list(dict.fromkeys((str(r["arm_a"]), str(r["arm_b"])) for r in rows_of(shown)))
    by_key = {(r["arm_a"], r["arm_b"], r["test"]): r for r in rows_of(shown)}
    counts = {int(number) for number in shown["n_patients"]}
    labels = 5.0 if len(pairs) <= MANY_PAIRS else 6.8
    rows = [_row(pair, by_key, labels, say, len(counts) > 1) for pair in pairs]
    step = 0.0 if len(tests) == 1 else 0.24 if len(pairs) <= MANY_PAIRS else 0.17
    centres = row_centres(rows, (0.34 if len(pairs) <= MANY_PAIRS else 0.2) + step * len(tests))
    texts = [[say(TEST_NAMES[test])] for test in tests]
    top = _top(len(counts) == 1)
    bottom = top + float(centres[-1])
    figure = sheet(DOUBLE, bottom + 1.45 + key_height(texts) + 0.1)
    _headings(figure, say, counts)
    low, high = _range(shown)
    left = 0.15 + labels + 0.2
    width = DOUBLE - left - _TEXTS - _P - 0.5
    axes = draw_rows(figure, (0.15, top, left, width), rows, centres, (low, high))
    vertical(axes, 0.0)
    for pair, y in zip(pairs, centres, strict=False):
        for i, test in enumerate(tests):
            row = by_key.get((*pair, test))
            if row is not None:
                estimate = (row["difference"], row["ci_low"], row["ci_high"])
                shift = step * (i - (len(tests) - 1) / 2)
                draw_interval(axes, estimate, y + shift, _LOOKS[i], size=5 if i == 0 else 4)
        first = by_key.get((*pair, tests[0]), {})
        adjusted = float(first.get("p_adjusted", np.nan))
        lines = wrapped(p_text(adjusted, say), _P)
        height = lines_height(len(lines))
        write(figure, left + width + 0.25 + _TEXTS, top + y - height / 2, lines)
    ticks, digits = ticks_of(low, high, width)
    label_axis(axes, "x", ticks, say, digits)
    axes.set_xlabel(say("Difference in AUC, first arm minus second arm, with 95% interval"))
    draw_key(figure, left, bottom + 1.4, _LOOKS[: len(tests)], texts)
    return {"comparison": Drawing(figure, shown[list(COLUMNS)].reset_index(drop=True))}


def _top(has_title: bool) -> float:
    """Return where the axes begin, in cm."""
    return 0.2 + has_title * (lines_height(1, TEXT) + 0.1) + lines_height(2) + 0.1


def _headings(figure: Any, say: Language, counts: set[int]) -> None:
    """Write how many patients, and what the columns at the right are."""
    top = 0.15
    if len(counts) == 1:
        text = say.plural(counts.pop(), "{n} patient", "{n} patients")
        top += write(figure, 0.15, top, text, size=TEXT, colour=SOFT) + 0.1
    right = DOUBLE - _P - 0.25
    width = _TEXTS - 0.1
    for left, wide, text in (
        (right - _TEXTS, width, say("Difference by the first test")),
        (right, _P + 0.15, say("p (Holm)")),
    ):
        lines = wrapped(text, wide, SMALL, "bold")
        write(figure, left, top + lines_height(2 - len(lines)), lines, weight="bold")


def _row(
    pair: tuple[str, str],
    by_key: dict[tuple[str, str, str], dict[str, Any]],
    width: float,
    say: Language,
    with_counts: bool,
) -> Row:
    """Return the texts of a pair; the numbers are those of the first test."""
    first, second = (say.arm(arm) for arm in pair)
    minus = "\N{MINUS SIGN} "
    label = wrapped(first, width)
    if len(label) == 1 and len(whole := wrapped(f"{first} {minus}{second}", width)) == 1:
        label = whole
    else:
        label += wrapped(minus + second, width)
    found = [by_key[(*pair, test)] for test in TEST_NAMES if (*pair, test) in by_key]
    if with_counts:
        n = int(found[0]["n_patients"])
        label += [say.plural(n, "{n} patient", "{n} patients")]
    text = interval_text(found[0]["difference"], found[0]["ci_low"], found[0]["ci_high"], say)
    return Row(label, wrapped(text, _TEXTS - 0.1))


def _range(shown: pd.DataFrame) -> tuple[float, float]:
    """Return the range of the intervals, zero well inside; no difference of AUC is above 1."""
    values = shown[["difference", "ci_low", "ci_high"]].to_numpy(dtype=float)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return round_range(max(min(low, -0.1) - 0.02, -1.0), min(max(high, 0.1) + 0.02, 1.0), 0.1)
