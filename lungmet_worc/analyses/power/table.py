"""What a study of this size can show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lungmet_worc.analyses.power.statistics import auc_half_width, smallest_difference
from lungmet_worc.analyses.results import ArmPredictions, StudyResults, Tables, tested_outcomes
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table
from lungmet_worc.display.wording import number_text

AUCS = (0.6, 0.7, 0.8)
CORRELATIONS = (0.3, 0.5, 0.7)


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    return {"power": power_table(results.arms)}


def power_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """Return the interval to expect for an AUC, and the smallest difference that would be seen.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        The patients that all of them tested at least once count.

    Returns
    -------
    DataFrame
        Columns of the table ``power``; empty without patients of both outcomes.
    """
    shared = set.intersection(*(set(tested_outcomes([arm])) for arm in arms))
    outcomes = tested_outcomes(arms)
    n_events = sum(outcomes[patient] for patient in shared)
    n_others = len(shared) - n_events
    rows = []
    if n_events and n_others:
        for auc in AUCS:
            half = auc_half_width(auc, n_events, n_others)
            for correlation in CORRELATIONS:
                smallest = smallest_difference(auc, n_events, n_others, correlation)
                rows.append((auc, len(shared), n_events, half, correlation, smallest))
    return POWER.frame(rows)


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each AUC, one column for the difference at each correlation."""
    rows = []
    correlations = sorted(set(frame["correlation"]))
    for auc, of_auc in frame.groupby("auc"):
        found = dict(zip(of_auc["correlation"], of_auc["smallest_difference"], strict=True))
        rows.append(
            [
                number_text(float(auc), say=say),  # type: ignore[arg-type]
                *(str(of_auc[c].iloc[0]) for c in ("n_patients", "n_events")),
                "\N{PLUS-MINUS SIGN}" + number_text(of_auc["half_width"].iloc[0], say=say),
                *(number_text(found.get(c, np.nan), say=say) for c in correlations),
            ]
        )
    heads = [
        say("Smallest difference, correlation {value}", value=number_text(c, 1, say))
        for c in correlations
    ]
    names = [POWER.heading(c, say) for c in ("auc", "n_patients", "n_events")]
    return pd.DataFrame(rows, columns=[*names, say("95% interval"), *heads])


POWER = Table(
    "power",
    "Power",
    "What a study of this size can show: half the width of the 95% interval of the AUC, and "
    "the smallest difference in AUC that is found with 80% power",
    (
        *("auc", "n_patients", "n_events"),
        Column("half_width", later("Half width of the interval")),
        Column("correlation", later("Correlation")),
        Column("smallest_difference", later("Smallest difference")),
    ),
    _form,
    notes=(
        "Hanley and McNeil 1982 and 1983, two-sided at 0.05, without adjustment for the "
        "number of comparisons, as if each patient were predicted once. The correlation is "
        "that of the predictions of the two arms; patients are those that every arm tested. A "
        "difference is not defined where no AUC up to 1 is far enough from the first.",
    ),
    counts=False,
)
TABLES = (POWER,)
