"""Performance in the layout of papers that use WORC: measures by arms."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.display.measures import METRIC_NAMES, METRICS
from lungmet_worc.display.wording import UNDEFINED, number_text


def paper_table(performance: pd.DataFrame) -> pd.DataFrame:
    """Return performance as "0.81 [0.70, 0.92]", a row for each measure, a column for each arm.

    Parameters
    ----------
    performance : DataFrame
        The table of performance.

    Returns
    -------
    DataFrame
        ``Measure``, then the arms by their names in the study file; all text.
    """
    cells = {
        (row["arm"], row["metric"]): _cell(row["mean"], row["ci_low"], row["ci_high"])
        for row in performance.to_dict("records")
    }
    arms = list(performance["arm"].drop_duplicates())
    metrics = [metric for metric in METRICS if metric in set(performance["metric"])]
    rows = [
        [METRIC_NAMES[metric], *(cells.get((arm, metric), UNDEFINED) for arm in arms)]
        for metric in metrics
    ]
    return pd.DataFrame(rows, columns=["Measure", *arms], dtype=object)


def _cell(mean: float, low: float, high: float) -> str:
    if pd.isna(mean):
        return UNDEFINED
    if pd.isna(low) or pd.isna(high):
        return number_text(mean)
    return f"{number_text(mean)} [{number_text(low)}, {number_text(high)}]"
