"""Comparison of arms, paired on the same splits and patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lungmet_worc.analyses.results import ArmPredictions, SplitPrediction, check_arms
from lungmet_worc.analyses.statistics.bootstrap import bootstrap_difference
from lungmet_worc.analyses.statistics.delong import delong_test
from lungmet_worc.analyses.statistics.metrics import (
    Difference,
    corrected_resampled_interval,
    resampled_mean_and_error,
    split_metrics,
)
from lungmet_worc.display.measures import METRICS

COMPARISON_COLUMNS = (
    *("arm_a", "arm_b", "metric", "difference", "ci_low", "ci_high"),
    *("p_value", "p_adjusted", "test", "n_patients"),
)
COMPARED_METRICS = ("auc", "bca", "f1_weighted", "sensitivity", "specificity", "brier")
TEST_NAME = "corrected resampled t-test"
DELONG_NAME = "DeLong test"
BOOTSTRAP_NAME = "bootstrap over patients"
#: Bootstrap samples, unless the study says otherwise.
BOOTSTRAP = 2000


def corrected_resampled_t_test(
    differences: ArrayLike,
    n_train: float | Sequence[int],
    n_test: float | Sequence[int],
) -> Difference:
    """Test whether a mean difference over repeated random splits is zero.

    t = mean / sqrt((1/k + n_test/n_train) * variance) with k - 1 degrees of freedom, two-sided,
    after Nadeau and Bengio 2003 (see
    `lungmet_worc.analyses.statistics.metrics.resampled_mean_and_error`).

    Parameters
    ----------
    differences : array of float, shape (n_splits,)
        Difference in each split; nan where it is not defined. Such splits are left out.
    n_train, n_test : float or sequence of int, shape (n_splits,)
        Patients in the training and in the test part, one number or one for each split.

    Returns
    -------
    Difference
        With a 95% interval, not clipped. Differences that are all zero give p = 1; where all are
        equal but not zero their spread is not known, and interval and p are nan.
    """
    mean, error, count = resampled_mean_and_error(differences, n_train, n_test)
    _, low, high, _ = corrected_resampled_interval(differences, n_train, n_test, bounds=None)
    if np.isnan(error):
        return Difference(mean, low, high, float("nan"))
    if error == 0 and mean != 0:
        # The same difference in every split: too few splits to say how much it varies.
        return Difference(mean, float("nan"), float("nan"), float("nan"))
    if error == 0:
        return Difference(mean, low, high, 1.0)
    return Difference(mean, low, high, 2 * float(stats.t.sf(abs(mean) / error, count - 1)))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values for their number by Holm's step-down method.

    Parameters
    ----------
    p_values : array of float, shape (n,)
        A nan is no test: it stays nan and does not count.

    Returns
    -------
    array of float, shape (n,)
        Adjusted p-values, at most 1, in the order given.

    References
    ----------
    Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 1979;6:65-70.
    """
    values = np.asarray(p_values, dtype=float)
    adjusted = np.full(values.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(values))
    order = defined[np.argsort(values[defined], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return adjusted


def compare_arms(
    arms: Sequence[ArmPredictions],
    metrics: Sequence[str] = COMPARED_METRICS,
    *,
    bootstrap: int = BOOTSTRAP,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare every pair of arms.

    The arms of a pair are compared on the splits that both have, and in each split on the
    patients that both test; training and test sizes are those of the patients that both have.
    The AUC is compared in two more ways, on pooled posteriors: for each of those patients and
    each arm the mean of the posteriors over the splits in which both test the patient. These
    tests take the posteriors as they are; how much the models would change with other training
    patients is in the corrected resampled t-test only. P-values are adjusted (Holm) over all
    pairs within a metric and test.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        Pairs follow this order.
    metrics : sequence of str
        Names from `METRICS`; the first is the one the study is about.
    bootstrap : int
        Number of bootstrap samples.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        Columns `COMPARISON_COLUMNS`. First a row for each metric and pair with the corrected
        resampled t-test (`TEST_NAME`), then, if the AUC is among the metrics, a row for each
        pair with `DELONG_NAME` and one with `BOOTSTRAP_NAME`. A difference is that of arm_a
        minus arm_b; that of pooled posteriors is not the mean of those in the splits.
        n_patients counts the patients tested in both arms in the same split at least once.
        Empty with one arm.

    Raises
    ------
    ResultsError
        If the predictions do not belong to one study.
    ValueError
        If a metric has an unknown name.
    """
    unknown = set(metrics) - set(METRICS)
    if unknown:
        msg = f"Unknown metrics {sorted(unknown)}; known are {', '.join(METRICS)}."
        raise ValueError(msg)
    check_arms(arms)
    pairs = [_pair(a, b) for a, b in combinations(arms, 2)]

    def resampled(metric: str) -> list[Difference]:
        return [_difference(pair.shared, metric) for pair in pairs]

    blocks = [_block(pairs, metric, TEST_NAME, resampled(metric)) for metric in metrics]
    if "auc" in metrics:
        delong = [delong_test(*pair.pooled) for pair in pairs]
        drawn = [bootstrap_difference(*p.pooled, samples=bootstrap, seed=seed) for p in pairs]
        blocks.append(_block(pairs, "auc", DELONG_NAME, delong))
        blocks.append(_block(pairs, "auc", BOOTSTRAP_NAME, drawn))
    return pd.concat(blocks, ignore_index=True)


class _SharedSplit(NamedTuple):
    """The part of a split that two arms share."""

    patients: tuple[str, ...]
    n_train: int
    first: Mapping[str, float]
    second: Mapping[str, float]


class _Pair(NamedTuple):
    """Two arms and what they share."""

    names: tuple[str, str]
    shared: list[_SharedSplit]
    #: Outcome and pooled posterior in both arms of the patients that both test.
    pooled: tuple[NDArray[np.int_], NDArray[np.float64], NDArray[np.float64]]


def _pair(first: ArmPredictions, second: ArmPredictions) -> _Pair:
    """Pair two arms."""
    return _Pair((first.arm, second.arm), _shared_splits(first, second), _pooled(first, second))


def _pooled(
    first: ArmPredictions, second: ArmPredictions
) -> tuple[NDArray[np.int_], NDArray[np.float64], NDArray[np.float64]]:
    """Return outcome and mean posteriors of the patients that both arms test in one split."""
    by_number = {split.split: split for split in second.splits}
    outcomes: dict[str, int] = {}
    posteriors: dict[str, list[tuple[float, float]]] = {}
    for a in first.splits:
        b = by_number.get(a.split)
        others = dict(zip(b.test_ids, b.posterior, strict=True)) if b else {}
        for patient, outcome, posterior in zip(a.test_ids, a.outcome, a.posterior, strict=True):
            if patient in others:
                outcomes[patient] = int(outcome)
                posteriors.setdefault(patient, []).append((posterior, others[patient]))
    # Ordered by name, so that the bootstrap does not depend on the order of the patients.
    patients = sorted(outcomes)
    means = [np.mean(posteriors[patient], axis=0) for patient in patients]
    both = np.asarray(means, dtype=float).reshape(-1, 2)
    return np.asarray([outcomes[p] for p in patients], dtype=int), both[:, 0], both[:, 1]


def _block(
    pairs: Sequence[_Pair], metric: str, test: str, results: Sequence[Difference]
) -> pd.DataFrame:
    """Return the rows of one metric and test, adjusted over the pairs."""
    rows = [
        (*pair.names, metric, *result, np.nan, test, _tested(pair.shared))
        for pair, result in zip(pairs, results, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    frame["p_adjusted"] = holm(frame["p_value"].to_numpy(dtype=float))
    return frame


def _shared_splits(first: ArmPredictions, second: ArmPredictions) -> list[_SharedSplit]:
    """Pair the splits of two arms and measure both on the test patients they share."""
    by_number = {split.split: split for split in second.splits}
    pairs = [(a, by_number[a.split]) for a in first.splits if a.split in by_number]
    shared = []
    for a, b in pairs:
        tested = set(b.test_ids)
        patients = tuple(patient for patient in a.test_ids if patient in tested)
        n_train = len(set(a.train_ids) & set(b.train_ids))
        values = (_metrics_of(a, patients), _metrics_of(b, patients))
        shared.append(_SharedSplit(patients, n_train, *values))
    return shared


def _metrics_of(split: SplitPrediction, patients: tuple[str, ...]) -> Mapping[str, float]:
    """Measure a split on some of its test patients, in the order given."""
    if patients == split.test_ids:
        return split.metrics
    place = {patient: i for i, patient in enumerate(split.test_ids)}
    rows = np.asarray([place[patient] for patient in patients], dtype=int)
    return split_metrics(split.outcome[rows], split.posterior[rows], split.predicted[rows])


def _difference(shared: Sequence[_SharedSplit], metric: str) -> Difference:
    """Test the difference of one metric over the shared splits."""
    return corrected_resampled_t_test(
        [split.first[metric] - split.second[metric] for split in shared],
        [split.n_train for split in shared],
        [len(split.patients) for split in shared],
    )


def _tested(shared: Sequence[_SharedSplit]) -> int:
    """Count the patients that both arms test in the same split at least once."""
    return len({patient for split in shared for patient in split.patients})
