"""Splits in which an arm was not tested, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple

import pandas as pd

from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import later
from lungmet_worc.display.table import Table
from lungmet_worc.study.tested_splits import WHY_UNTESTED

UNTESTED = Table(
    "untested",
    "Splits not tested",
    "Splits in which an arm was not tested: they are in none of its means",
    (
        *("arm", "split", "n_train", "n_test"),
        Column("reason", later("Reason"), "text", words=WHY_UNTESTED),
    ),
    notes=(
        "Splits are drawn over the patients of all arms; arms are compared on the splits that "
        "both tested.",
    ),
    counts=False,
)
TABLES = (UNTESTED,)


def tables(results: StudyResults, made: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Make the table of this analysis."""
    return {"untested": UNTESTED.frame([astuple(split) for split in results.untested])}
