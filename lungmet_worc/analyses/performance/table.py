"""Performance of each arm: over the splits, in each split, for each patient, as in papers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import ArmPredictions, StudyResults, Tables, tested_outcomes
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.analyses.table_notes import LEFT_OUT, OVER_SPLITS
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import natural_order
from lungmet_worc.display.labels import Column
from lungmet_worc.display.language import Language, later
from lungmet_worc.display.measures import METRIC_NAMES, METRICS
from lungmet_worc.display.table import Table
from lungmet_worc.display.wording import (
    UNDEFINED,
    interval_text,
    number_text,
    yes_no,
)

#: Of an arm without a row for a measure, as in a table that somebody changed.
_NOT_THERE = {"mean": np.nan, "ci_low": np.nan, "ci_high": np.nan, "n_splits": 0}


def tables(results: StudyResults, made: Tables) -> Tables:
    """Make the tables of this analysis."""
    performance = performance_table(results.arms)
    return {
        "performance": performance,
        "splits": splits_table(results.arms),
        "patients": patients_table(results.arms),
        "paper": paper_table(performance),
    }


def performance_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """Summarise each metric of each arm over the splits.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Rows follow this order, and within an arm that of `METRICS`.

    Returns
    -------
    DataFrame
        The table ``performance``: the mean over the splits where the metric is defined, its
        corrected resampled interval (Nadeau and Bengio 2003), the number of those splits, and
        the patients and events tested at least once.
    """
    rows = []
    for arm in arms:
        outcomes = tested_outcomes([arm])
        n_train = [len(s.train_ids) for s in arm.splits]
        n_test = [len(s.test_ids) for s in arm.splits]
        for metric in METRICS:
            interval = corrected_resampled_interval(
                [split.metrics[metric] for split in arm.splits], n_train, n_test
            )
            counts = (len(outcomes), sum(outcomes.values()))
            rows.append((arm.arm, metric, *interval, *counts))
    return PERFORMANCE.frame(rows)


def splits_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """List every metric of every split of every arm.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Rows follow this order, and within an arm the number of the split.

    Returns
    -------
    DataFrame
        Columns of the table ``splits``; nan where a split does not define a metric.
    """
    rows = []
    for arm in arms:
        for split in sorted(arm.splits, key=lambda s: s.split):
            sizes = (len(split.train_ids), len(split.test_ids))
            rows.append((arm.arm, split.split, *sizes, *(split.metrics[m] for m in METRICS)))
    return SPLITS.frame(rows)


def patients_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """Summarise what each arm predicted for each patient that it tested.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Rows follow this order, and within an arm the patient ids (P2 before P10).

    Returns
    -------
    DataFrame
        The table ``patients``: the outcome, the number of splits in which the patient was
        tested, mean and standard deviation (n - 1; nan if tested once) of the predicted
        probability, and the number of splits in which the predicted class was right.
    """
    rows = []
    for arm in arms:
        outcomes = tested_outcomes([arm])
        posteriors: dict[str, list[float]] = {patient: [] for patient in outcomes}
        correct = dict.fromkeys(outcomes, 0)
        for split in arm.splits:
            guesses = zip(split.test_ids, split.posterior, split.predicted, strict=True)
            for patient, posterior, predicted in guesses:
                posteriors[patient].append(float(posterior))
                correct[patient] += int(predicted == outcomes[patient])
        for patient in sorted(outcomes, key=natural_order):
            tested = np.asarray(posteriors[patient])
            spread = float(tested.std(ddof=1)) if tested.size > 1 else float("nan")
            summary = (tested.size, float(tested.mean()), spread, correct[patient])
            rows.append((arm.arm, patient, outcomes[patient], *summary))
    return PATIENTS.frame(rows)


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
    # As `number_text` rounds.
    mean, low, high = (round(value, 9) for value in (mean, low, high))
    if pd.isna(low) or pd.isna(high):
        return Sentence("{mean:z.2f}", mean=mean)
    return Sentence("{mean:z.2f} [{low:z.2f}, {high:z.2f}]", mean=mean, low=low, high=high)


def _performance(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """One row for each measure, one column for each arm."""
    present = [metric for metric in METRICS if metric in set(frame["metric"])]
    counts = [PERFORMANCE.heading(column, say) for column in ("n_patients", "n_events", "n_splits")]
    columns = {
        PERFORMANCE.heading("metric", say): counts
        + [say(METRIC_NAMES[metric]) for metric in present]
    }
    for arm, rows in frame.groupby("arm", sort=False):
        by_metric = {str(row["metric"]): row for row in rows.to_dict("records")}
        n_splits = int(rows["n_splits"].max())
        cells = [str(int(rows["n_patients"].iloc[0])), str(int(rows["n_events"].iloc[0]))]
        cells.append(str(n_splits))
        for metric in present:
            row = by_metric.get(metric, _NOT_THERE)
            cell = interval_text(row["mean"], row["ci_low"], row["ci_high"], say=say)
            used = int(row["n_splits"])
            if 0 < used < n_splits:
                cell = say.plural(used, "{cell}, {n} split", "{cell}, {n} splits", cell=cell)
            cells.append(cell)
        columns[say.arm(str(arm))] = cells
    return pd.DataFrame(columns)


def _patients(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Outcome as a word, mean and standard deviation in one cell."""
    spread = [
        number_text(mean, say=say)
        if np.isnan(sd)
        else f"{number_text(mean, say=say)} ({number_text(sd, say=say)})"
        for mean, sd in zip(frame["posterior_mean"], frame["posterior_sd"], strict=True)
    ]
    return pd.DataFrame(
        {
            say("Arm"): [say.arm(arm) for arm in frame["arm"]],
            say("Patient"): frame["patient_id"],
            say("Outcome"): [yes_no(value, say) for value in frame["outcome"]],
            say("Times tested"): frame["n_tested"].map(str),
            say("Mean probability (SD)"): spread,
            say("Times right"): frame["times_correct"].map(str),
        }
    )


def _paper(frame: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Measures in words, arms by their labels."""
    table = frame.copy()
    table["Measure"] = [PAPER.label("Measure", value, say) for value in frame["Measure"]]
    for column in table.columns[1:]:
        table[column] = [say.of(cell) for cell in frame[column]]
    table.columns = pd.Index(
        [PAPER.heading(c, say) if c == "Measure" else say.arm(c) for c in map(str, frame.columns)]
    )
    return table


PERFORMANCE = Table(
    "performance",
    "Performance",
    later("Performance of each arm: mean over the splits (corrected resampled 95% interval)"),
    ("arm", "metric", "mean", "ci_low", "ci_high", "n_splits", "n_patients", "n_events"),
    _performance,
    notes=(OVER_SPLITS, LEFT_OUT),
    required=True,
)
SPLITS = Table(
    "splits",
    "Splits",
    "Performance in each split",
    ("arm", "split", "n_train", "n_test", *METRICS),
    required=True,
)
PATIENTS = Table(
    "patients",
    "Patients",
    "Predictions for each patient: mean probability of the outcome over the splits that "
    "tested the patient",
    (
        *("arm", "patient_id", "outcome", "n_tested", "posterior_mean"),
        *(Column("posterior_sd", later("Standard deviation")), "times_correct"),
    ),
    _patients,
    required=True,
)
PAPER = Table(
    "paper",
    "Paper",
    "Performance of each arm: mean over the splits [corrected resampled 95% interval]",
    (
        Column(
            *("Measure", later("Measure"), "text"),
            words={name: name for name in METRIC_NAMES.values()},
        ),
    ),
    _paper,
    notes=(OVER_SPLITS, LEFT_OUT),
    by_arm=True,
)
TABLES = (PERFORMANCE, SPLITS, PATIENTS, PAPER)
