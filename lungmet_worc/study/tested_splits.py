"""Which splits an arm is tested in: one decision for check, plan, run and export.

Splits are drawn over the patients of all arms, and an arm of fewer patients takes its part. That
part may have nobody to test, or too few to train on; the split is then not tested for that arm,
and all others are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study import clinical
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Patient
from lungmet_worc.study.splits import Split, restrict

#: Why an arm is not tested in a split; that there is no workflow is known only after the search.
WhyUntested = Literal["nobody", "too few", "alike", "no workflow"]
WHY_UNTESTED: Mapping[str, Sentence] = {
    "nobody": Sentence("none of its patients is in the test part"),
    "too few": Sentence("too few with, or without, the outcome to train on"),
    "alike": Sentence("its training patients hardly differ"),
    "no workflow": Sentence("no candidate workflow could be scored"),
}

#: WORC drops features whose variance is not above this, in every candidate.
VARIANCE = 0.99 * (1 - 0.99)

#: WORC's setting by which every candidate drops them, its default.
_ALWAYS = "1.0"

#: An arm's patients by id, and what is known of each: shape (n_patients, n_columns).
_Values = tuple[Mapping[str, int], np.ndarray]


@dataclass(frozen=True)
class UntestedSplit:
    """A split in which an arm is not tested.

    Parameters
    ----------
    arm : str
        Name of the arm.
    split : int
        Number of the split, from 0.
    n_train, n_test : int
        The arm's patients in the two parts.
    reason : str
        Why, see `WhyUntested`.
    """

    arm: str
    split: int
    n_train: int
    n_test: int
    reason: WhyUntested


@dataclass(frozen=True)
class ArmSplits:
    """The splits of a study as one arm has them.

    Parameters
    ----------
    tested : mapping of int to Split
        Number -> the arm's part of the split, where it is tested.
    untested : tuple of UntestedSplit
        The others.
    """

    tested: Mapping[int, Split]
    untested: tuple[UntestedSplit, ...] = field(default=())


def splits_of_arms(
    study: StudyConfig,
    cohort: Cohort,
    splits: Sequence[Split],
    outcomes: Mapping[str, int],
) -> dict[str, ArmSplits]:
    """Decide in which splits each arm is tested.

    Parameters
    ----------
    study : StudyConfig
        The arms, and how the training parts are divided again.
    cohort : Cohort
        Who enters which arm.
    splits : sequence of Split
        Over the patients of all arms.
    outcomes : mapping of str to int
        Patient -> outcome, 1 or 0.
    """
    inner = inner_test_size(study)
    patients = {patient.patient_id: patient for patient in cohort.patients}
    found = {}
    for arm, members in cohort.arms.items():
        values = _clinical_values(study, arm, [patients[member] for member in members])
        tested: dict[int, Split] = {}
        untested: list[UntestedSplit] = []
        for split in splits:
            part = restrict(split, members)
            reason = why_untested(part, outcomes, inner, values)
            if reason is None:
                tested[split.index] = part
            else:
                sizes = (len(part.train), len(part.test))
                untested.append(UntestedSplit(arm, split.index, *sizes, reason))
        found[arm] = ArmSplits(tested, tuple(untested))
    return found


def inner_test_size(study: StudyConfig) -> float:
    """Return the share of a training part that is in an inner validation part.

    Raises
    ------
    ValueError
        The setting is no share.
    """
    size = float(study.worc_settings()["HyperOptimization"]["test_size"])
    if not 0 < size < 1:
        raise ValueError
    return size


def why_untested(
    part: Split,
    outcomes: Mapping[str, int],
    inner_test_size: float,
    values: _Values | None = None,
) -> WhyUntested | None:
    """Return why an arm cannot be tested in a split, None if it can.

    Parameters
    ----------
    part : Split
        The arm's part of the split.
    outcomes : mapping of str to int
        Patient -> outcome, 1 or 0.
    inner_test_size : float
        Share of the training part in an inner validation part.
    values : tuple of (mapping of str to int, array), optional
        Patient -> row, and everything that the arm knows, shape (n_patients, n_columns); left
        out where it knows images, of which nobody knows anything yet.
    """
    if not part.test:
        return "nobody"
    events = sum(outcomes[patient_id] for patient_id in part.train)
    if not divides(events, len(part.train) - events, inner_test_size):
        return "too few"
    if values is not None:
        rows, known = values
        if nothing_varies(known[[rows[patient_id] for patient_id in part.train]]):
            return "alike"
    return None


def divides(events: int, others: int, test_size: float) -> bool:
    """Return whether both parts of every stratified split get enough patients of each outcome.

    A part that is trained on needs two of each, a part that is tested one: with fewer,
    scikit-learn refuses to divide, or no workflow has a score.

    Parameters
    ----------
    events, others : int
        Patients with and without the outcome.
    test_size : float
        Share of them in the test part.
    """
    if min(events, others) < 2:
        return False
    return all(
        min(train) >= 2 and min(events - train[0], others - train[1]) >= 1
        for train in allocations(events, others, test_size)
    )


def allocations(events: int, others: int, test_size: float) -> list[tuple[int, int]]:
    """Return (events, others) of the training part, as scikit-learn may draw it.

    As ``StratifiedShuffleSplit``: the test part is rounded up; each outcome gets the whole
    number below its share, and the patient left over goes to the larger remainder (at
    random between equal ones, hence up to two answers).
    """
    total = events + others
    # 1 - test_size is never used: scikit-learn takes what the test part leaves.
    n_train = total - math.ceil(test_size * total)
    share = events * n_train / total
    low_events = events * n_train // total
    low_others = others * n_train // total
    if low_events + low_others == n_train:
        return [(low_events, low_others)]
    remainder = share - low_events
    to_events, to_others = (low_events + 1, low_others), (low_events, low_others + 1)
    if math.isclose(remainder, 0.5, abs_tol=1e-9):
        return [to_events, to_others]
    return [to_events] if remainder > 0.5 else [to_others]


def nothing_varies(values: np.ndarray) -> bool:
    """Return whether WORC would drop every feature, however it draws and imputes.

    The variance of numbers within a range is at most a quarter of its square, so that a range
    this small falls below WORC's threshold in every inner part too. What is missing may be
    imputed by 0 and lies in the range otherwise.

    Parameters
    ----------
    values : array of float, shape (n_train, n_columns)
        NaN where the value is not known.
    """
    missing = np.isnan(values)
    # An unknown value as 0 is within the range that imputation may give.
    filled = np.where(missing, 0.0, values)
    return bool(np.all(np.ptp(filled, axis=0) ** 2 / 4 <= VARIANCE))


def _clinical_values(study: StudyConfig, arm: str, members: Sequence[Patient]) -> _Values | None:
    """Return what an arm knows of its patients, None where that is not all known beforehand."""
    config, said = study.arms[arm], study.clinical
    always = study.worc_settings()["Featsel"]["Variance"] == _ALWAYS
    if config.modalities or not members or not always:
        return None
    if any(
        clinical.cell_problems(members, column, said.get(column, clinical.NOTHING_SAID))
        for column in config.clinical
    ):
        return None  # the check says so
    encoded = clinical.encode(members, config.clinical, said)
    rows = {patient.patient_id: row for row, patient in enumerate(members)}
    return rows, encoded.to_numpy(float)
