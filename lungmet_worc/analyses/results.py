"""The results of a study: what its arms predicted, and all else that tables are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lungmet_worc.analyses.statistics.metrics import split_metrics
from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.basics.words import listed, natural_order
from lungmet_worc.study.cohort import NOBODY, Cohort
from lungmet_worc.study.config import StatisticsConfig
from lungmet_worc.study.tested_splits import UntestedSplit

#: Of the frames of `StudyResults`.
WITHOUT_SCORE_COLUMNS = ("arm", "cause", "candidates")
PERMUTED_COLUMNS = ("arm", "permutation", "split", "auc")
ACQUISITION_COLUMNS = ("modality", "property", "value", "n_patients")


#: Tables of a study by their names.
Tables = Mapping[str, pd.DataFrame]


def _no_numbers() -> NDArray[Any]:
    return np.empty(0)


@dataclass(frozen=True)
class SplitPrediction:
    """What one arm predicted for the test part of one split.

    Parameters
    ----------
    split : int
        Number of the split, shared by all arms.
    train_ids, test_ids : tuple of str
        Patients of the training part and of the test part.
    outcome : array of int, shape (n_test,)
        1 where the test patient has the outcome, 0 where not.
    posterior : array of float, shape (n_test,)
        Predicted probability of the outcome.
    predicted : array of int, shape (n_test,)
        Predicted class, as WORC's own ``predict`` gives it.
    validation_outcome : array of int, shape (n_validation,)
        Outcomes of patients of the training part, as often as each was in an inner validation
        part; empty where it is not known.
    validation_posterior : array of float, shape (n_validation,)
        What the same ensemble predicted for them when it had not been trained on them.

    Raises
    ------
    ResultsError
        If the arrays do not fit together, hold impossible values, or a patient is both in the
        training and in the test part.
    """

    split: int
    train_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    outcome: NDArray[np.int_]
    posterior: NDArray[np.float64]
    predicted: NDArray[np.int_]
    validation_outcome: NDArray[np.int_] = field(default_factory=_no_numbers)
    validation_posterior: NDArray[np.float64] = field(default_factory=_no_numbers)

    def __post_init__(self) -> None:
        """Refuse predictions that cannot be right."""
        faults = _prediction_faults(self)
        if faults:
            message = Sentence(
                "The predictions of split {split} cannot be used: {faults}. Run the search of this "
                "split again.",
                split=self.split,
                faults=joined(faults, "; "),
            )
            raise ResultsError(message)

    @cached_property
    def metrics(self) -> Mapping[str, float]:
        """Return every metric of the test part (see `split_metrics`).

        Computed once: tables, comparison and figures all ask for them.
        """
        return split_metrics(self.outcome, self.posterior, self.predicted)


@dataclass(frozen=True)
class ArmPredictions:
    """What one arm predicted, split by split.

    Parameters
    ----------
    arm : str
        Name of the arm in the study file.
    splits : tuple of SplitPrediction
        In the order of the splits.
    """

    arm: str
    splits: tuple[SplitPrediction, ...]


@dataclass(frozen=True)
class SplitExplanation:
    """What won the search of one split, and what its ensemble looks at.

    Parameters
    ----------
    split : int
        Number of the split.
    members : tuple of mapping
        The ensemble's workflows: ``number``, ``classifier``, ``steps`` (list of str) and
        ``chosen`` ("MRI/texture" -> how many features of the group reach the classifier).
    importance : tuple of mapping
        ``modality``, ``group`` ("all": every group of the modality), ``n_features`` and ``drop``:
        the mean fall of the test part's AUC when the features are permuted together among the
        test patients; None where the AUC is not defined.
    candidates : mapping of str to int
        Classifier -> candidates with a score.
    """

    split: int
    members: tuple[Mapping[str, Any], ...]
    importance: tuple[Mapping[str, Any], ...]
    candidates: Mapping[str, int]


@dataclass(frozen=True)
class ArmExplanation:
    """What won the searches of one arm.

    Parameters
    ----------
    arm : str
        Name of the arm in the study file.
    splits : tuple of SplitExplanation
        In the order of the splits.
    """

    arm: str
    splits: tuple[SplitExplanation, ...]


@dataclass(frozen=True)
class StudyResults:
    """Everything that tables and figures are made from.

    Parameters
    ----------
    arms : sequence of ArmPredictions
        In the order of the study file.
    statistics : StatisticsConfig
        What is to be computed.
    seed : int
        Seed of the bootstrap.
    explanations : sequence of ArmExplanation
        Of the same arms; empty for results of an older version.
    without_score : DataFrame
        arm, cause, candidates: how many candidates of its searches have no score.
    permuted : DataFrame
        arm, permutation, split, auc of searches with permuted outcomes, complete ones only.
    matrices : mapping of str to DataFrame
        Arm -> features, shape (n_patients, n_features).
    modalities : tuple of str
        Names of the modalities, by which names of features end.
    acquisition : DataFrame
        modality, property, value, n_patients.
    untested : tuple of UntestedSplit
        Where an arm is not tested, and why; these splits are not among its predictions.
    cohort : Cohort
        Who enters each arm, and why others do not.
    """

    arms: Sequence[ArmPredictions]
    statistics: StatisticsConfig
    seed: int
    explanations: Sequence[ArmExplanation] = ()
    without_score: pd.DataFrame = field(
        default_factory=partial(pd.DataFrame, columns=WITHOUT_SCORE_COLUMNS)
    )
    permuted: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=PERMUTED_COLUMNS))
    matrices: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    modalities: tuple[str, ...] = ()
    acquisition: pd.DataFrame = field(
        default_factory=partial(pd.DataFrame, columns=ACQUISITION_COLUMNS)
    )
    untested: tuple[UntestedSplit, ...] = ()
    cohort: Cohort = NOBODY


def tested_outcomes(arms: Sequence[ArmPredictions]) -> dict[str, int]:
    """Return the outcome of every patient tested at least once in any of the arms.

    Parameters
    ----------
    arms : sequence of ArmPredictions

    Returns
    -------
    dict of str to int

    Raises
    ------
    ResultsError
        If a patient has one outcome in one place and another one elsewhere.
    """
    outcomes: dict[str, int] = {}
    for arm in arms:
        for split in arm.splits:
            for patient, outcome in zip(split.test_ids, split.outcome, strict=True):
                if outcomes.setdefault(patient, int(outcome)) != int(outcome):
                    message = Sentence(
                        'Patient {patient} has two outcomes (arm "{arm}", split {split}): the '
                        "results mix two versions of the manifest. Run the search again in a new "
                        "folder.",
                        patient=patient,
                        arm=arm.arm,
                        split=split.split,
                    )
                    raise ResultsError(message)
    return outcomes


def check_arms(arms: Sequence[ArmPredictions]) -> None:
    """Refuse predictions that do not belong to one study.

    Parameters
    ----------
    arms : sequence of ArmPredictions

    Raises
    ------
    ResultsError
        If there is no arm, two arms have one name, an arm has no split or a split twice, or a
        patient has two outcomes.
    """
    if not arms:
        message = Sentence("There are no results to collect. Run the search first.")
        raise ResultsError(message)
    names = [arm.arm for arm in arms]
    for arm in arms:
        numbers = [split.split for split in arm.splits]
        if names.count(arm.arm) > 1:
            message = Sentence(
                'There are two arms with the name "{arm}". Give each its own name.', arm=arm.arm
            )
            raise ResultsError(message)
        if not numbers:
            message = Sentence('Arm "{arm}" has no results yet. Run its search first.', arm=arm.arm)
            raise ResultsError(message)
        if len(set(numbers)) != len(numbers):
            message = Sentence(
                'Arm "{arm}" has results of one split twice. Collect each split once.',
                arm=arm.arm,
            )
            raise ResultsError(message)
    tested_outcomes(arms)


def _prediction_faults(prediction: SplitPrediction) -> list[Sentence]:
    """Return what is wrong with a split's predictions, in words."""
    n_test = len(prediction.test_ids)
    arrays = (prediction.outcome, prediction.posterior, prediction.predicted)
    if any(np.shape(array) != (n_test,) for array in arrays):
        return [
            Sentence(
                "outcomes and predictions are not one for each of the {n} test patients", n=n_test
            )
        ]
    faults = []
    if len(set(prediction.test_ids)) != n_test:
        faults.append(Sentence("a patient is in the test part twice"))
    both = sorted(set(prediction.train_ids) & set(prediction.test_ids), key=natural_order)
    if both:
        faults.append(
            Sentence(
                "patients are both in the training and in the test part ({names})",
                names=listed(both, 5),
            )
        )
    if not set(np.unique(prediction.outcome)) <= {0, 1}:
        faults.append(Sentence("an outcome is not 0 or 1"))
    if not set(np.unique(prediction.predicted)) <= {0, 1}:
        faults.append(Sentence("a predicted class is not 0 or 1"))
    posterior = np.asarray(prediction.posterior, dtype=float)
    # A mean of probabilities can leave [0, 1] by a rounding error.
    if not np.all((posterior >= -1e-9) & (posterior <= 1 + 1e-9)):
        faults.append(Sentence("a predicted probability is missing or outside 0 to 1"))
    return faults
