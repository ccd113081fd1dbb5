"""Whether a cohort can be split as a study asks, and in which splits an arm cannot be tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lungmet_worc.basics.errors import CohortError, Problem, Severity
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.centres import centre_problems
from lungmet_worc.checks.feasibility import feasibility_problems, not_tested, without_auc
from lungmet_worc.display.language import later
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.splits import study_splits
from lungmet_worc.study.tested_splits import ArmSplits, WhyUntested, inner_test_size, splits_of_arms
from lungmet_worc.tasks.deadline import FEWEST_SPLITS

_INNER = "worc.HyperOptimization.test_size"

_ADD = Sentence(
    'These are left out of the means of the arm. Set patients = "common" in [cohort], or add '
    "patients to this arm."
)
#: Why an arm is not tested in some splits -> how it is said, and what to do.
_UNTESTED: Mapping[WhyUntested, tuple[str, Sentence]] = {
    "nobody": (
        later(
            "Arm {arm} is not tested in {n} of {total} splits: none of its patients is in the "
            "test part."
        ),
        _ADD,
    ),
    "too few": (
        later(
            "Arm {arm} is not tested in {n} of {total} splits: they leave too few with, or "
            "without, {outcome} to train on."
        ),
        _ADD,
    ),
    "alike": (
        later(
            "Arm {arm} is not tested in {n} of {total} splits: none of its columns differs "
            "among the patients to train on by as much as WORC asks for."
        ),
        Sentence(
            "Give the arm another column, or write the numbers in a smaller unit: WORC drops "
            "every column whose standard deviation is below 0.1."
        ),
    ),
}


def study_feasibility(study: StudyConfig, cohort: Cohort) -> list[Problem]:
    """Say whether a cohort can be split as the study asks, and each arm be tested.

    Parameters
    ----------
    study : StudyConfig
        The study.
    cohort : Cohort
        Who enters which arm.

    Returns
    -------
    list of Problem
        Errors where an arm could not be reported; warnings where some of its splits cannot be
        tested, or give no AUC.
    """
    try:
        inner = inner_test_size(study)
    except ValueError:
        text = study.worc_settings()["HyperOptimization"]["test_size"]
        what = Sentence('"{text}" is no share between 0 and 1.', text=text)
        remedy = Sentence("Write a share, as 0.2.")
        return [Problem(what, remedy, file=study.file_name, column=_INNER)]
    if study.search.split_type == "leave-one-centre-out":
        return centre_problems(study, cohort)
    problems: list[Problem] = []
    sound = []
    for arm, ids in cohort.arms.items():
        found = feasibility_problems(
            arm,
            len(ids),
            sum(cohort.outcomes_of(ids)),
            test_size=study.search.test_size,
            inner_splits=study.search.inner_splits,
            inner_test_size=inner,
            outcome=study.outcome,
        )
        problems += found
        sound += [] if any(problem.severity == "error" for problem in found) else [arm]
    outcomes = dict(zip(cohort.everyone, cohort.outcomes_of(cohort.everyone), strict=True))
    try:
        of_arms = splits_of_arms(study, cohort, study_splits(study, cohort), outcomes)
    except CohortError:  # no arm is sound then
        of_arms = {}
    for arm in (name for name in sound if name in of_arms):
        problems += split_problems(arm, of_arms[arm], outcomes, outcome=study.outcome)
    return [replace(problem, file=study.file_name) for problem in problems]


def split_problems(
    arm: str, splits: ArmSplits, outcomes: Mapping[str, int], *, outcome: str = "the outcome"
) -> list[Problem]:
    """Say in how many splits an arm is not tested, and in how many it has no AUC.

    Splits are drawn over the patients of all arms, so that the part of an arm need not be
    stratified.

    Parameters
    ----------
    arm : str
        Name of the arm.
    splits : ArmSplits
        In which splits it is tested, and why not in the others.
    outcomes : mapping of str to int
        Patient id -> 1 or 0.
    outcome : str
        The name of the outcome, for the message.
    """
    number, total = len(splits.tested), len(splits.tested) + len(splits.untested)
    enough = number >= min(FEWEST_SPLITS, total)
    reasons = [split.reason for split in splits.untested]
    problems = []
    for reason, (text, remedy) in _UNTESTED.items():
        if n := reasons.count(reason):
            what = Sentence(text, arm=arm, n=n, total=total, outcome=outcome)
            problems.append(not_tested(arm, what, remedy, number, enough=enough))
    lacking = len(without_auc(splits.tested.values(), outcomes))
    if lacking:
        what = Sentence(
            "Arm {arm}: in {n} of {total} splits the test part lacks patients with, or without, "
            "{outcome}; these give no AUC.",
            arm=arm,
            n=lacking,
            total=total,
            outcome=outcome,
        )
        remedy = Sentence('Set patients = "common" in [cohort], or add patients to this arm.')
        severity: Severity = "error" if lacking > number / 2 else "warning"
        problems.append(Problem(what, remedy, severity, column=f"arms.{arm}"))
    return problems
