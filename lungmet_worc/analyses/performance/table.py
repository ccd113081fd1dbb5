"""The tables of performance, of splits and of patients: what the arms predicted, summed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lungmet_worc.analyses.results import ArmPredictions, check_arms, tested_outcomes
from lungmet_worc.analyses.statistics.metrics import corrected_resampled_interval
from lungmet_worc.basics.natural_order import natural_order
from lungmet_worc.display.measures import METRICS

PERFORMANCE_COLUMNS = (
    "arm",
    "metric",
    "mean",
    "ci_low",
    "ci_high",
    "n_splits",
    "n_patients",
    "n_events",
)
SPLITS_COLUMNS = ("arm", "split", "n_train", "n_test", *METRICS)
PATIENTS_COLUMNS = (
    "arm",
    "patient_id",
    "outcome",
    "n_tested",
    "posterior_mean",
    "posterior_sd",
    "times_correct",
)


def performance_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """Summarise each metric of each arm over the splits.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Rows follow this order, and within an arm that of `METRICS`.

    Returns
    -------
    DataFrame
        Columns `PERFORMANCE_COLUMNS`: the mean over the splits where the metric is defined, its
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
    return pd.DataFrame(rows, columns=list(PERFORMANCE_COLUMNS))


def splits_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """List every metric of every split of every arm.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Rows follow this order, and within an arm the number of the split.

    Returns
    -------
    DataFrame
        Columns `SPLITS_COLUMNS`; nan where a split does not define a metric.
    """
    rows = []
    for arm in arms:
        for split in sorted(arm.splits, key=lambda s: s.split):
            sizes = (len(split.train_ids), len(split.test_ids))
            rows.append((arm.arm, split.split, *sizes, *(split.metrics[m] for m in METRICS)))
    return pd.DataFrame(rows, columns=list(SPLITS_COLUMNS))


def patients_table(arms: Sequence[ArmPredictions]) -> pd.DataFrame:
    """Summarise what each arm predicted for each patient that it tested.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Rows follow this order, and within an arm the patient ids (P2 before P10).

    Returns
    -------
    DataFrame
        Columns `PATIENTS_COLUMNS`: the outcome, the number of splits in which the patient was
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
    return pd.DataFrame(rows, columns=list(PATIENTS_COLUMNS))


def outcome_tables(arms: Sequence[ArmPredictions]) -> Mapping[str, pd.DataFrame]:
    """Return the performance, splits and patients tables by their names.

    Parameters
    ----------
    arms : sequence of ArmPredictions

    Raises
    ------
    ResultsError
        If the predictions do not belong to one study (see `check_arms`).
    """
    check_arms(arms)
    return {
        "performance": performance_table(arms),
        "splits": splits_table(arms),
        "patients": patients_table(arms),
    }
