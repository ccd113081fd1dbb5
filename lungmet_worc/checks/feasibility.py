"""Whether there are enough patients and events for the splits that a study asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lungmet_worc.errors import Problem
from lungmet_worc.splits import Split

#: Below this many of either outcome, an interval of an AUC spans most of what is possible.
FEW_EVENTS = 10

_MOST_TO_ADD = 2000


def feasibility_problems(
    arm: str,
    n_patients: int,
    n_events: int,
    *,
    test_size: float,
    inner_splits: int,
    inner_test_size: float = 0.2,
    outcome: str = "the outcome",
) -> list[Problem]:
    """Say whether an arm has too few patients or events for its splits, and what would do.

    Every outer test part and every inner validation part needs a patient with and one
    without the event, or it has no score; every part that is trained on needs two of each.

    Parameters
    ----------
    arm : str
        Name of the arm.
    n_patients, n_events : int
        Patients of the arm, and those with outcome 1.
    test_size, inner_test_size : float
        Share of the patients in a test part, and of the training part in a validation part.
    inner_splits : int
        Number of inner splits.
    outcome : str
        The name of the outcome, for the message.
    """
    without = n_patients - n_events
    column = f"arms.{arm}"
    have = f"Arm {arm} has {_count(n_patients)}, {n_events} with {outcome} and {without} without"
    if not _enough(n_events, without, test_size, inner_test_size):
        what = (
            f"{have}: too few for test parts of {_percent(test_size)} and {inner_splits} inner "
            f"validation parts of {_percent(inner_test_size)}."
        )
        needed = _would_do(n_events, without, test_size, inner_test_size)
        if needed is None:
            return [Problem(what, "Choose a test_size nearer to 0.2.", column=column)]
        events, others = needed
        remedy = f"{events} with and {others} without would do; or choose another test_size."
        return [Problem(what, remedy, column=column)]
    if min(n_events, without) < FEW_EVENTS:
        what = f"{have}: expect very wide intervals, and no reliable comparison of arms."
        remedy = "Add patients, or take the result as a first look only."
        return [Problem(what, remedy, "warning", column=column)]
    return []


def split_problems(
    arm: str,
    splits: Sequence[Split],
    outcomes: Mapping[str, int],
    *,
    inner_test_size: float = 0.2,
    outcome: str = "the outcome",
) -> list[Problem]:
    """Look at the splits of an arm with fewer patients than were split.

    Splits are drawn over the patients of all arms, so that the part of an arm need not be
    stratified.

    Parameters
    ----------
    arm : str
        Name of the arm.
    splits : sequence of Split
        Already restricted to the arm's patients.
    outcomes : mapping of str to int
        Patient id -> 1 or 0.
    inner_test_size : float
        Share of the training part in a validation part.
    outcome : str
        The name of the outcome, for the message.
    """
    untested, untrained = [], []
    for split in splits:
        events, others = _counts(split.test, outcomes)
        if min(events, others) < 1:
            untested.append(split.index)
        events, others = _counts(split.train, outcomes)
        if not trains(events, others, inner_test_size):
            untrained.append(split.index)
    column = f"arms.{arm}"
    remedy = 'Set patients = "common" in [cohort], or add patients to this arm.'
    problems = []
    if untrained:
        what = f"Arm {arm}: {_of(untrained, splits)} leave too few with {outcome} to train on."
        problems.append(Problem(what, remedy, column=column))
    if untested:
        what = (
            f"Arm {arm}: in {_of(untested, splits)} the test part lacks patients with, or "
            f"without, {outcome}; these give no AUC."
        )
        most = len(untested) > len(splits) / 2
        problems.append(Problem(what, remedy, "error" if most else "warning", column=column))
    return problems


def trains(events: int, others: int, inner_test_size: float) -> bool:
    """Return whether a training part has enough patients of each outcome to search on.

    Parameters
    ----------
    events, others : int
        Patients with and without the outcome.
    inner_test_size : float
        Share of them in an inner validation part.
    """
    return _divides(events, others, inner_test_size)


def _counts(patient_ids: Sequence[str], outcomes: Mapping[str, int]) -> tuple[int, int]:
    events = sum(outcomes[patient_id] for patient_id in patient_ids)
    return events, len(patient_ids) - events


def _of(some: Sequence[int], splits: Sequence[Split]) -> str:
    return f"{len(some)} of {len(splits)} splits"


def _count(n_patients: int) -> str:
    return "1 patient" if n_patients == 1 else f"{n_patients} patients"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _allocations(events: int, others: int, test_size: float) -> list[tuple[int, int]]:
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


def _divides(events: int, others: int, test_size: float) -> bool:
    """Return whether both parts of every split get enough patients of each outcome."""
    if min(events, others) < 2:
        return False
    return all(
        min(train) >= 2 and min(events - train[0], others - train[1]) >= 1
        for train in _allocations(events, others, test_size)
    )


def _enough(events: int, others: int, test_size: float, inner_test_size: float) -> bool:
    return _divides(events, others, test_size) and all(
        _divides(*train, inner_test_size) for train in _allocations(events, others, test_size)
    )


def _would_do(
    events: int, others: int, test_size: float, inner_test_size: float
) -> tuple[int, int] | None:
    """Return the fewest patients that are enough, with no fewer of either than at hand."""
    for added in range(_MOST_TO_ADD):
        few = added <= 60  # every mixture of few; of many only the three plain ways
        ways = range(added + 1) if few else (0, added // 2, added)
        for more_events in ways:
            candidate = (events + more_events, others + added - more_events)
            if _enough(*candidate, test_size, inner_test_size):
                return candidate
    return None
