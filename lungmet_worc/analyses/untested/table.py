"""Splits in which an arm was not tested, and why."""

from __future__ import annotations

from dataclasses import astuple

from lungmet_worc.analyses.results import StudyResults, Tables
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


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    return {"untested": UNTESTED.frame([astuple(split) for split in results.untested])}
