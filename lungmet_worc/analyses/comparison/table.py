"""Differences between the arms, pair by pair."""

from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.comparison.statistics import (
    BOOTSTRAP_NAME,
    DELONG_NAME,
    TEST_NAME,
    compare_arms,
)
from lungmet_worc.analyses.results import StudyResults, Tables
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table
from lungmet_worc.display.wording import comparison_reading, interval_text, p_text


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the table of this analysis."""
    samples = results.statistics.bootstrap
    return {"comparison": compare_arms(results.arms, bootstrap=samples, seed=results.seed)}


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each measure, pair and test, with what it means."""
    rows = []
    for row in frame.to_dict("records"):
        arms = {"a": say.arm(row["arm_a"]), "b": say.arm(row["arm_b"])}
        # Only one test is concluded from; the others stand beside it.
        reading = comparison_reading(row, say) if row["test"] == TEST_NAME else ""
        interval = interval_text(row["difference"], row["ci_low"], row["ci_high"], say=say)
        rows.append(
            (
                *(COMPARISON.label("metric", row["metric"], say), say("{a} minus {b}", **arms)),
                *(
                    COMPARISON.label("test", row["test"], say),
                    interval,
                    p_text(row["p_value"], say),
                ),
                *(p_text(row["p_adjusted"], say), str(int(row["n_patients"])), reading),
            )
        )
    names = (
        *(say("Measure"), say("Arms"), say("Test"), say("Difference (95% interval)")),
        *(say("p"), say("Adjusted p"), say("Patients"), say("Reading")),
    )
    table = pd.DataFrame(rows, columns=list(names))
    return table if frame["test"].nunique() > 1 else table.drop(columns=say("Test"))


COMPARISON = Table(
    "comparison",
    "Comparison",
    later("Differences between the arms (p adjusted by Holm's method over the pairs of a measure)"),
    (
        Column("arm_a", later("Arm A"), "text", said=Language.arm),
        Column("arm_b", later("Arm B"), "text", said=Language.arm),
        *("metric", Column("difference", later("Difference, A minus B")), "ci_low", "ci_high"),
        *("p_value", "p_adjusted"),
        Column(
            *("test", later("Test"), "text"),
            words={
                TEST_NAME: later("corrected resampled t-test"),
                DELONG_NAME: later("DeLong test"),
                BOOTSTRAP_NAME: later("bootstrap over patients"),
            },
        ),
        "n_patients",
    ),
    _form,
    notes=(
        "Arms are compared on the splits and patients that both have.",
        "DeLong's test and the bootstrap over patients compare the mean probabilities of the "
        "patients; they do not count how models differ between training parts, so the "
        "conclusion rests on the corrected resampled t-test.",
    ),
    required=True,
    counts=False,
)
TABLES = (COMPARISON,)
