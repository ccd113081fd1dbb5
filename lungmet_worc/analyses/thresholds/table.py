"""Performance at thresholds that are chosen without the test part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lungmet_worc.analyses.results import (
    ArmPredictions,
    SplitPrediction,
    StudyResults,
    Tables,
    tested_outcomes,
)
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.analyses.table_notes import LEFT_OUT, OVER_SPLITS
from lungmet_worc.analyses.thresholds.statistics import (
    THRESHOLD_METRICS,
    at_threshold,
    sensitivity_threshold,
    youden_threshold,
)
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.table import Table, with_interval
from lungmet_worc.display.wording import number_text

FIXED = 0.5
#: The rules by which a threshold is set, as the tables name them.
_FIXED = Sentence("{value}", value=FIXED)
YOUDEN = "youden"
_COUNTS = ("tp", "fp", "fn", "tn")

#: A threshold from outcomes and probabilities, each of shape (n_validation,).
Choice = Callable[[NDArray[np.int_], NDArray[np.float64]], float]


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the tables of this analysis."""
    measures, confusion = threshold_tables(results.arms, results.statistics.sensitivity)
    return {"thresholds": measures, "confusion": confusion}


def threshold_tables(
    arms: Sequence[ArmPredictions], sensitivity: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every arm at 0.5, at Youden's threshold and at one for a sensitivity.

    In each split the threshold is chosen on its validation predictions, which come from inside
    its training part, and applied to its test part: no test outcome moves a threshold. A split
    without validation predictions of both outcomes only counts at 0.5.

    Parameters
    ----------
    arms : sequence of ArmPredictions
    sensitivity : float
        What the third threshold is to reach in the validation predictions.

    Returns
    -------
    tuple of (DataFrame, DataFrame)
        Tables ``thresholds`` (mean over the splits, corrected resampled interval) and
        ``confusion`` (sums over the tests of all splits).
    """
    rules: Mapping[str, Choice] = {
        _FIXED: lambda outcome, posterior: FIXED,
        YOUDEN: youden_threshold,
        sensitivity_rule(sensitivity): lambda outcome, posterior: sensitivity_threshold(
            outcome, posterior, sensitivity
        ),
    }
    means, sums = [], []
    for arm in arms:
        outcomes = tested_outcomes([arm])
        counts = (len(outcomes), sum(outcomes.values()))
        for rule, choose in rules.items():
            usable = [s for s in arm.splits if rule == _FIXED or _has_validation(s)]
            if not usable:
                continue
            found = [_measured(split, choose) for split in usable]
            sizes = ([len(s.train_ids) for s in usable], [len(s.test_ids) for s in usable])
            for metric in ("threshold", *_measures()):
                interval = corrected_resampled_interval([f[metric] for f in found], *sizes)
                means.append((arm.arm, rule, metric, *interval, *counts))
            cells = [int(sum(f[name] for f in found)) for name in _COUNTS]
            sums.append((arm.arm, rule, *cells, sum(cells), len(usable)))
    return THRESHOLDS.frame(means), CONFUSION.frame(sums)


def sensitivity_rule(sensitivity: float) -> Sentence:
    """Return the name of the threshold for a sensitivity, as in "sensitivity 0.90"."""
    if float(f"{sensitivity:.2f}") == sensitivity:
        return Sentence("sensitivity {value:.2f}", value=sensitivity)
    return Sentence("sensitivity {value}", value=sensitivity)


def _measures() -> list[str]:
    """Return the measures at a threshold, without the threshold itself."""
    return [metric for metric in THRESHOLD_METRICS if metric != "threshold"]


def _has_validation(split: SplitPrediction) -> bool:
    """Tell whether a threshold can be chosen in a split."""
    return np.unique(split.validation_outcome).size == 2


def _measured(split: SplitPrediction, choose: Choice) -> dict[str, float]:
    """Return a split's threshold and what it gives in its test part."""
    threshold = choose(
        np.asarray(split.validation_outcome, int), np.asarray(split.validation_posterior, float)
    )
    return {**at_threshold(split.outcome, split.posterior, threshold), "threshold": threshold}


def _form(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each arm and measure, one column for each threshold."""
    rules = list(frame["rule"].drop_duplicates())
    cells = {
        (row["arm"], row["metric"], row["rule"]): number_text(row["mean"], say=say)
        if row["metric"] == "threshold" and row["ci_low"] == row["ci_high"]
        else with_interval(row, "mean", say)
        for row in frame.to_dict("records")
    }
    pairs = frame[["arm", "metric"]].drop_duplicates().itertuples(index=False)
    rows = [
        [
            say.arm(arm),
            THRESHOLDS.label("metric", metric, say),
            *(cells.get((arm, metric, rule), "") for rule in rules),
        ]
        for arm, metric in pairs
    ]
    heads = [say("Threshold: {rule}", rule=THRESHOLDS.label("rule", rule, say)) for rule in rules]
    return pd.DataFrame(
        rows, columns=[THRESHOLDS.heading("arm", say), THRESHOLDS.heading("metric", say), *heads]
    )


_RULE = Column(
    *("rule", later("Threshold"), "text"),
    words={YOUDEN: later("Youden index")},
)
THRESHOLDS = Table(
    "thresholds",
    "Thresholds",
    "Performance at thresholds of the probability: mean over the splits (corrected resampled "
    "95% interval)",
    (
        *("arm", _RULE, "metric", "mean", "ci_low", "ci_high"),
        *("n_splits", "n_patients", "n_events"),
    ),
    _form,
    notes=(
        "The threshold is 0.5, or chosen in each split on predictions inside its training "
        "part (largest Youden index; highest threshold that reaches the sensitivity asked "
        "for) and then applied to its test part.",
        OVER_SPLITS,
        LEFT_OUT,
    ),
)
CONFUSION = Table(
    "confusion",
    "Confusion",
    "Confusion matrix at each threshold, added up over the test parts of all splits",
    (
        *("arm", _RULE),
        Column("true_positive", later("True positive"), "integer"),
        Column("false_positive", later("False positive"), "integer"),
        Column("false_negative", later("False negative"), "integer"),
        Column("true_negative", later("True negative"), "integer"),
        *(Column("n_tests", later("Tests"), "integer"), "n_splits"),
    ),
    notes=("A patient counts once for each split that tested the patient.",),
)
TABLES = (THRESHOLDS, CONFUSION)
